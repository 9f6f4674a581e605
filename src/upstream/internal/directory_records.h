// SPDX-License-Identifier: Apache-2.0
// What the directory keeps of each pool, endpoint and name. Owned by it, on the control loop, but
// for PoolShared, which the workers' pools read.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/ids.h"
#include "base/time.h"
#include "model/pool.h"
#include "runtime/timer_wheel.h"
#include "upstream/directory.h"
#include "upstream/ejection.h"
#include "upstream/endpoint.h"
#include "upstream/health_check.h"
#include "upstream/members.h"
#include "upstream/pool.h"
#include "upstream/resolve_schedule.h"

namespace causeway::upstream {

struct Directory::PoolRecord {
  PoolRecord(base::PoolId id, const model::Pool& spec, std::size_t workers, SlotBells& bells,
             FailureSink& failures)
      : shared(id, spec, workers, bells, failures), members(make_members({})) {}

  PoolShared shared;
  MembersPtr members;
  std::vector<NameRecord*> names;  // each once
};

// Ends the ejection of one endpoint.
class Directory::EjectionTimer final : public runtime::Timer {
 public:
  EjectionTimer(Directory& directory, EndpointRecord& endpoint) noexcept
      : directory_(directory), endpoint_(endpoint) {}
  void disarm() noexcept { unlink(); }

 private:
  void on_expired() noexcept override { directory_.on_ejection_over(endpoint_); }
  Directory& directory_;
  EndpointRecord& endpoint_;
};

struct Directory::EndpointRecord {
  EndpointRecord(Directory& directory, EndpointPtr its_endpoint)
      : endpoint(std::move(its_endpoint)), ejection(directory, *this) {}

  // A pool that names it, with the bound that it gives.
  struct Use {
    base::PoolId pool;
    std::uint32_t max_connections = 0;
  };

  EndpointPtr endpoint;
  std::vector<Use> uses;  // each pool once; empty: it lives for its leases
  std::optional<model::Health> health;
  bool is_watched = false;  // its health task runs
  HealthTally tally;
  bool is_failing_checks = false;
  EjectionHistory ejections;
  EjectionTimer ejection;                  // armed: it is ejected
  std::uint32_t passed_while_ejected = 0;  // checks in a row
};

struct Directory::NameRecord {
  std::string host;
  std::vector<base::IpAddress> addresses;  // sorted; the last good answer
  bool is_answered = false;                // well or not
  bool is_away = false;                    // the last answer was a failure
  ResolveSchedule schedule;
  std::vector<PoolRecord*> pools;  // each once
};

// Tries again to hand over what a worker's mailbox had no room for.
class Directory::RetryTimer final : public runtime::Timer {
 public:
  explicit RetryTimer(Directory& directory) noexcept : directory_(directory) {}

 private:
  void on_expired() noexcept override { directory_.deliver_owed(); }
  Directory& directory_;
};

}  // namespace causeway::upstream
