// SPDX-License-Identifier: Apache-2.0
// Knows every endpoint of the process: one for each address, made from the snapshot and from what
// names resolve to. It lives on the control loop, alone writes the state of endpoints (active
// checks, passive ejection), and tells the workers' pools. It carries no traffic and touches no
// worker's data.
//
// Order of life: the loops first, then the directory, then its pools; ended the other way round,
// the scope of start() joined before the directory goes, and no loop turning while it does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/ids.h"
#include "base/time.h"
#include "model/snapshot.h"
#include "net/dialer.h"
#include "net/resolver.h"
#include "observe/log.h"
#include "runtime/loop.h"
#include "runtime/scope.h"
#include "runtime/task.h"
#include "runtime/timer_wheel.h"
#include "upstream/endpoint.h"
#include "upstream/members.h"
#include "upstream/pool.h"
#include "upstream/slot_bells.h"
#include "upstream/status.h"

namespace causeway::upstream {

class Directory final : private FailureSink {
 public:
  // What it is built from; all of it outlives the directory.
  struct Parts {
    model::SnapshotPtr snapshot;
    runtime::Loop& control;
    std::vector<runtime::Loop*> workers;  // by WorkerId
    net::Dialer& dialer;                  // on the control loop; for checks
    net::Resolver& resolver;              // on the control loop
    observe::Log& log;
  };

  // Endpoints with an address of their own are there and usable at once.
  explicit Directory(Parts parts);
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory();

  // Begins to resolve names and to check endpoints, in a scope on the control loop. Once. Until a
  // name has its first answer, good or bad, connections to a pool that has nothing else wait for it
  // as they would for a free slot.
  void start(runtime::Scope& scope);

  // One for each pool and worker. On the control loop's thread, while the worker's loop does not
  // turn.
  [[nodiscard]] std::unique_ptr<Pool> make_pool(base::PoolId pool, base::WorkerId worker);

  // On the control loop. In the order of the snapshot's pools.
  [[nodiscard]] std::vector<PoolStatus> status() const;

 private:
  struct PoolRecord;
  struct EndpointRecord;
  struct NameRecord;
  class EjectionTimer;  // NOLINT(cppcoreguidelines-virtual-class-destructor): final
  class RetryTimer;     // NOLINT(cppcoreguidelines-virtual-class-destructor): final

  // Memberships (directory.cc).
  void rebuild(PoolRecord& pool);
  [[nodiscard]] EndpointRecord& record_of(const base::Address& address);
  void adopt_settings(EndpointRecord& endpoint);
  void sweep_unused();
  void publish(PoolRecord& pool);
  void deliver(PoolRecord& pool, base::WorkerId worker);
  void deliver_owed();

  // Names (directory_names.cc).
  runtime::Task<void> watch_name(NameRecord& name);
  void on_resolved(NameRecord& name, net::Resolved answer);
  void on_unresolved(NameRecord& name, const Error& error);
  void rebuild_pools_of(NameRecord& name);

  // States (directory_states.cc).
  void on_failing(base::PoolId pool, base::EndpointId endpoint) override;
  void consider_ejection(base::PoolId pool, base::EndpointId endpoint);
  void on_ejection_over(EndpointRecord& endpoint);
  runtime::Task<void> watch_health(EndpointRecord& endpoint);
  void check_if_wanted(EndpointRecord& endpoint);
  void end_ejection_if_proven(EndpointRecord& endpoint, bool passed);
  void on_checked(EndpointRecord& endpoint, const Result<void>& passed);
  void settle_state(EndpointRecord& endpoint, StateReason reason);
  [[nodiscard]] std::string pool_names_of(const EndpointRecord& endpoint) const;

  Parts parts_;
  SlotBells bells_;
  runtime::Scope* scope_ = nullptr;                 // once started
  std::vector<std::unique_ptr<PoolRecord>> pools_;  // by PoolId
  std::map<base::Address, std::unique_ptr<EndpointRecord>> endpoints_;
  std::unordered_map<base::EndpointId, EndpointRecord*> endpoints_by_id_;
  std::map<std::string, std::unique_ptr<NameRecord>, std::less<>> names_;  // by host
  std::uint32_t next_endpoint_ = 0;  // ids are never used again
  std::vector<std::pair<PoolRecord*, base::WorkerId>>
      owed_;  // messages that a full mailbox refused
  std::unique_ptr<RetryTimer> retry_;
};

}  // namespace causeway::upstream
