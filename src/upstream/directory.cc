// SPDX-License-Identifier: Apache-2.0
#include "upstream/directory.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/assert.h"
#include "base/ids.h"
#include "base/time.h"
#include "model/pool.h"
#include "observe/pool_metrics.h"
#include "runtime/scope.h"
#include "upstream/endpoint.h"
#include "upstream/internal/directory_records.h"
#include "upstream/members.h"
#include "upstream/pool.h"
#include "upstream/status.h"

namespace causeway::upstream {
namespace {

constexpr Duration kDeliverRetryAfter = std::chrono::milliseconds(10);

// What a pool's configuration says of one address, with repetitions joined.
struct Wanted {
  base::Address address;
  std::uint32_t weight = 0;
  std::uint32_t max_connections = 0;
};

// The stricter of two bounds, of which 0 is none.
std::uint32_t stricter(std::uint32_t a, std::uint32_t b) noexcept {
  if (a == 0 || b == 0) return std::max(a, b);
  return std::min(a, b);
}

// In the order of the configuration. Two names may stand for one address: it is then one endpoint
// with the weight of both.
class WantedList {
 public:
  void add(const base::Address& address, const model::Endpoint& configured) {
    const auto [at, is_new] = places_.try_emplace(address, list_.size());
    if (is_new) {
      list_.push_back({.address = address,
                       .weight = configured.weight,
                       .max_connections = configured.max_connections});
      return;
    }
    Wanted& wanted = list_[at->second];
    wanted.weight = std::min(wanted.weight + configured.weight, kWeightMax);
    wanted.max_connections = stricter(wanted.max_connections, configured.max_connections);
  }
  [[nodiscard]] const std::vector<Wanted>& list() const noexcept { return list_; }

 private:
  static constexpr std::uint32_t kWeightMax = 65535;
  std::vector<Wanted> list_;
  std::map<base::Address, std::size_t> places_;
};

Totals totals_of(const observe::EndpointMetrics& cell) {
  return {.connections = cell.connections.value(),
          .connect_failures = cell.connect_failures.total(),
          .sent_bytes = cell.sent_bytes.value(),
          .received_bytes = cell.received_bytes.value()};
}

Totals totals_of(const observe::PoolMetrics& cell) {
  return {.connections = cell.connections.value(),
          .connect_failures = cell.connect_failures.total(),
          .sent_bytes = cell.sent_bytes.value(),
          .received_bytes = cell.received_bytes.value()};
}

void add(Totals& sum, const Totals& part) {
  sum.connections += part.connections;
  sum.connect_failures += part.connect_failures;
  sum.sent_bytes += part.sent_bytes;
  sum.received_bytes += part.received_bytes;
}

EndpointStatus status_of(const Members::Entry& member) {
  const Endpoint& endpoint = *member.endpoint;
  EndpointStatus status{.address = endpoint.address(),
                        .weight = member.weight,
                        .max_connections = endpoint.max_connections(),
                        .state = endpoint.state(),
                        .reason = endpoint.reason(),
                        .since = endpoint.since(),
                        .active = endpoint.active(),
                        .times_unhealthy = endpoint.changes(StateReason::check_failed),
                        .times_ejected = endpoint.changes(StateReason::connect_failures),
                        .totals = {}};
  for (std::uint32_t i = 0; i < endpoint.workers(); ++i)
    add(status.totals, totals_of(endpoint.cell(base::WorkerId(i))));
  return status;
}

std::uint32_t not_negative(std::int64_t sum) {
  return static_cast<std::uint32_t>(std::max<std::int64_t>(sum, 0));
}

}  // namespace

Directory::Directory(Parts parts)
    : parts_(std::move(parts)),
      bells_(parts_.workers),
      retry_(std::make_unique<RetryTimer>(*this)) {
  const auto& pools = parts_.snapshot->pools;
  for (std::uint32_t i = 0; i < pools.size(); ++i) {
    auto& pool = *pools_.emplace_back(
        std::make_unique<PoolRecord>(base::PoolId(i), pools[i], parts_.workers.size(), bells_,
                                     static_cast<FailureSink&>(*this)));
    for (const model::Endpoint& endpoint : pools[i].endpoints) {
      const base::NamedAddress* named = endpoint.address.named();
      if (named == nullptr) continue;
      auto& name = names_[named->host];
      if (!name) name = std::make_unique<NameRecord>(NameRecord{.host = named->host});
      if (std::ranges::find(pool.names, name.get()) != pool.names.end()) continue;
      pool.names.push_back(name.get());
      name->pools.push_back(&pool);
    }
    rebuild(pool);
  }
}

Directory::~Directory() {
  for (const auto& pool : pools_) {
    for (const Pool* made : pool->shared.pools) CW_ASSERT(made == nullptr);
  }
  for (const auto& [address, endpoint] : endpoints_) CW_ASSERT(!endpoint->is_watched);
}

void Directory::start(runtime::Scope& scope) {
  CW_ASSERT(scope_ == nullptr && &scope.loop() == &parts_.control);
  scope_ = &scope;
  for (const auto& [host, name] : names_) scope.spawn(watch_name(*name));
  for (const auto& [address, endpoint] : endpoints_) check_if_wanted(*endpoint);
}

std::unique_ptr<Pool> Directory::make_pool(base::PoolId pool, base::WorkerId worker) {
  PoolRecord& record = *pools_.at(pool.index());
  return std::make_unique<Pool>(record.shared, worker, *parts_.workers.at(worker.index()),
                                record.members);
}

// Makes the membership of `pool` what its configuration and the answers for its names say.
void Directory::rebuild(PoolRecord& pool) {
  WantedList wanted;
  for (const model::Endpoint& configured : pool.shared.spec.endpoints) {
    const base::NamedAddress* named = configured.address.named();
    if (named == nullptr) {
      wanted.add(configured.address, configured);
      continue;
    }
    for (const base::IpAddress& ip : names_.find(named->host)->second->addresses) {
      wanted.add(base::SocketAddress{.ip = ip, .port = named->port}, configured);
    }
  }

  const base::PoolId id = pool.shared.id;
  std::vector<EndpointRecord*> touched;
  for (const Members::Entry& old : pool.members->entries) {
    EndpointRecord& endpoint = record_of(old.endpoint->address());
    std::erase_if(endpoint.uses, [&](const EndpointRecord::Use& use) { return use.pool == id; });
    touched.push_back(&endpoint);
  }
  Members members;
  for (const Wanted& one : wanted.list()) {
    EndpointRecord& endpoint = record_of(one.address);
    endpoint.uses.push_back({.pool = id, .max_connections = one.max_connections});
    members.entries.push_back({.endpoint = endpoint.endpoint, .weight = one.weight});
    touched.push_back(&endpoint);
  }
  members.is_resolving =
      std::ranges::any_of(pool.names, [](const NameRecord* name) { return !name->is_answered; });
  for (EndpointRecord* endpoint : touched) adopt_settings(*endpoint);
  if (members == *pool.members) return;

  pool.members = make_members(std::move(members));
  publish(pool);
  sweep_unused();
}

Directory::EndpointRecord& Directory::record_of(const base::Address& address) {
  auto& record = endpoints_[address];
  if (record) return *record;
  const base::EndpointId id(next_endpoint_++);
  record = std::make_unique<EndpointRecord>(
      *this, make_endpoint(id, address, parts_.workers.size(), parts_.control.now()));
  endpoints_by_id_.emplace(id, record.get());
  return *record;
}

// Joins what the pools that name an endpoint ask of it: the strictest bound, and the checks of the
// first of them that has any, in the order of the snapshot.
void Directory::adopt_settings(EndpointRecord& endpoint) {
  std::uint32_t max_connections = 0;
  std::optional<base::PoolId> checked_by;
  for (const EndpointRecord::Use& use : endpoint.uses) {
    max_connections = stricter(max_connections, use.max_connections);
    const bool has_health = pools_[use.pool.index()]->shared.spec.health.has_value();
    if (has_health && (!checked_by || use.pool < *checked_by)) checked_by = use.pool;
  }
  endpoint.endpoint->set_max_connections(max_connections);
  endpoint.health.reset();
  if (checked_by) endpoint.health = pools_[checked_by->index()]->shared.spec.health;
  check_if_wanted(endpoint);
}

// Forgets endpoints that no pool names any more, once nobody uses them. Until then they keep their
// place, so that an address that comes back finds its own connections and bound.
void Directory::sweep_unused() {
  for (auto at = endpoints_.begin(); at != endpoints_.end();) {
    const EndpointRecord& record = *at->second;
    if (!record.uses.empty() || record.is_watched || !is_last(record.endpoint)) {
      ++at;
      continue;
    }
    endpoints_by_id_.erase(record.endpoint->id());
    at = endpoints_.erase(at);
  }
}

void Directory::publish(PoolRecord& pool) {
  pool.shared.version.fetch_add(1, std::memory_order_release);
  for (std::uint32_t i = 0; i < parts_.workers.size(); ++i) deliver(pool, base::WorkerId(i));
}

void Directory::deliver(PoolRecord& pool, base::WorkerId worker) {
  runtime::Loop& loop = *parts_.workers[worker.index()];
  const bool is_posted = loop.post([&shared = pool.shared, worker, members = pool.members] {
    if (Pool* const made = shared.pools[worker.index()]; made != nullptr) made->on_changed(members);
  });
  if (is_posted) return;
  const std::pair owed(&pool, worker);
  if (std::ranges::find(owed_, owed) == owed_.end()) owed_.push_back(owed);
  if (!retry_->is_armed()) parts_.control.arm(*retry_, parts_.control.now() + kDeliverRetryAfter);
}

void Directory::deliver_owed() {
  const auto owed = std::exchange(owed_, {});
  for (const auto& [pool, worker] : owed) deliver(*pool, worker);
}

std::vector<PoolStatus> Directory::status() const {
  std::vector<PoolStatus> all;
  all.reserve(pools_.size());
  for (const auto& pool : pools_) {
    PoolStatus& status = all.emplace_back();
    status.name = pool->shared.spec.name;
    status.is_resolving = pool->members->is_resolving;
    std::int64_t active = 0;
    std::int64_t waiting = 0;
    for (std::size_t i = 0; i < parts_.workers.size(); ++i) {
      const observe::PoolMetrics& cell = pool->shared.metrics[i];
      active += cell.active.value();
      waiting += cell.waiting.value();
      status.refused += cell.refused.total();
      add(status.totals, totals_of(cell));
      cell.connect_time.add_to(status.connect_time_ns);
    }
    status.active = not_negative(active);
    status.waiting = not_negative(waiting);
    for (const Members::Entry& member : pool->members->entries)
      status.endpoints.push_back(status_of(member));
  }
  return all;
}

}  // namespace causeway::upstream
