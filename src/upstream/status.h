// SPDX-License-Identifier: Apache-2.0
// How pools and endpoints are doing, as plain values: for summaries, the dashboard and the API.
// Copies, taken by Directory::status() on the control loop; nothing in them refers to anything.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/time.h"
#include "observe/histogram.h"
#include "upstream/endpoint.h"

namespace causeway::upstream {

// Sums over all workers, since the process began.
struct Totals {
  std::uint64_t connections = 0;
  std::uint64_t connect_failures = 0;
  std::uint64_t sent_bytes = 0;      // to upstream
  std::uint64_t received_bytes = 0;  // from upstream
};

// Counts of an endpoint are those of all pools that name it.
struct EndpointStatus {
  base::Address address;
  std::uint32_t weight = 0;           // in this pool
  std::uint32_t max_connections = 0;  // 0: no bound
  EndpointState state = EndpointState::healthy;
  StateReason reason = StateReason::unproven;
  Instant since;
  std::uint32_t active = 0;
  std::uint64_t times_unhealthy = 0;
  std::uint64_t times_ejected = 0;
  Totals totals;
};

struct PoolStatus {
  std::string name;
  bool is_resolving = false;  // a name of it has not had its first answer
  std::uint32_t active = 0;
  std::uint32_t waiting = 0;
  std::uint64_t refused = 0;
  Totals totals;
  observe::HistogramSnapshot connect_time_ns;
  std::vector<EndpointStatus> endpoints;
};

}  // namespace causeway::upstream
