// SPDX-License-Identifier: Apache-2.0
// A pool: a named set of endpoints, how one of them is chosen and how it is known to be alive.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/time.h"

namespace causeway::model {

using namespace std::chrono_literals;

enum class Balance : std::uint8_t {
  round_robin,
  weighted_round_robin,
  least_connections,
  power_of_two,
  ip_hash,
};

enum class HealthType : std::uint8_t { tcp };  // tcp: a connection can be made

enum class SendProxy : std::uint8_t { off, v1, v2 };

// One endpoint as configured. A NamedAddress stands for every address that the name resolves to;
// each of them is an endpoint of its own at run time.
struct Endpoint {
  base::Address address;
  std::uint32_t weight = 100;         // 1 to 65535; its share where the balance looks at weights
  std::uint32_t max_connections = 0;  // open connections of all workers; 0: no bound
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

// Active checks. An endpoint named by several pools is probed once.
struct Health {
  HealthType type = HealthType::tcp;
  Duration interval = 10s;
  Duration timeout = 5s;
  std::uint32_t unhealthy_threshold = 3;  // failures in a row
  std::uint32_t healthy_threshold = 2;    // successes in a row
  std::uint32_t jitter_percent =
      10;  // of the interval, either way, so that probes do not march in step
  friend bool operator==(const Health&, const Health&) = default;
};

// Passive ejection: connections that could not be made speak for themselves.
struct Ejection {
  bool enabled = true;
  std::uint32_t consecutive_failures = 3;  // of connecting, counted over all workers
  Duration base_time = 10s;                // the first ejection; doubles each time in a row
  Duration max_time = 5min;
  std::uint32_t max_ejected_percent =
      50;  // of a pool's endpoints; at least one may always be ejected if another remains
  friend bool operator==(const Ejection&, const Ejection&) = default;
};

struct Pool {
  std::string name;
  Balance balance = Balance::power_of_two;
  std::vector<Endpoint> endpoints;
  std::optional<Health> health;  // TCP connect; absent: passive ejection only
  Ejection ejection;
  std::uint32_t connect_attempts =
      3;  // different endpoints tried for one connection, the first included
  std::uint32_t queue_size = 1024;  // connections that may wait for a slot; 0: refuse at once
  std::optional<Duration> connect_timeout;
  std::optional<Duration> queue_timeout;
  SendProxy send_proxy = SendProxy::off;
  friend bool operator==(const Pool&, const Pool&) = default;
};

}  // namespace causeway::model
