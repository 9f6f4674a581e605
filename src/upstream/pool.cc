// SPDX-License-Identifier: Apache-2.0
#include "upstream/pool.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <expected>
#include <memory>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/error.h"
#include "base/intrusive_list.h"
#include "base/result.h"
#include "base/time.h"
#include "model/pool.h"
#include "runtime/timer_wheel.h"
#include "upstream/balancer.h"
#include "upstream/endpoint.h"
#include "upstream/members.h"
#include "upstream/slot_bells.h"

namespace causeway::upstream {

// --- Lease
// ----------------------------------------------------------------------------------------

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  if (pool_ != nullptr) give_back();
  pool_ = std::exchange(other.pool_, nullptr);
  member_ = other.member_;
  slot_ = other.slot_;
  return *this;
}

void Lease::give_back() noexcept { pool_->release(*member_, slot_); }

void Lease::on_connected() noexcept {
  member_->endpoint->forget_failures();
  member_->endpoint->cell(pool_->worker_).connections.add();
  pool_->metrics_.connections.add();
}

void Lease::on_connected(Duration connect_time) noexcept {
  on_connected();
  pool_->metrics_.connect_time.record(connect_time);
}

void Lease::on_connect_failed(const Error& error) {
  Endpoint& endpoint = *member_->endpoint;
  endpoint.cell(pool_->worker_).connect_failures.add(error.code);
  pool_->metrics_.connect_failures.add(error.code);

  const bool is_ours =
      error.code == Errc::cancelled || error.side == Side::local || error.side == Side::downstream;
  const model::Ejection& rule = pool_->spec().ejection;
  if (is_ours || !rule.enabled) return;
  const std::uint32_t failures = endpoint.add_failure();
  // Once for each multiple: the directory may have had a reason to keep it the last time.
  if (failures % std::max(rule.consecutive_failures, std::uint32_t{1}) != 0) return;
  pool_->shared_.failures.on_failing(pool_->id(), endpoint.id());
}

void Lease::add_bytes(std::uint64_t sent, std::uint64_t received) noexcept {
  observe::EndpointMetrics& cell = member_->endpoint->cell(pool_->worker_);
  cell.sent_bytes.add(sent);
  cell.received_bytes.add(received);
  pool_->metrics_.sent_bytes.add(sent);
  pool_->metrics_.received_bytes.add(received);
}

// --- Acquire
// --------------------------------------------------------------------------------------

bool Acquire::await_ready() {
  if (!pool_.queue_.empty()) return false;  // who came first is served first
  auto lease = pool_.take(attempts_);
  if (lease) {
    answer_.emplace(*std::move(lease));
  } else if (lease.error() == Pool::Refusal::none_usable) {
    answer_.emplace(pool_.refuse(Errc::no_endpoint));
  }
  return answer_.has_value();
}

bool Acquire::enqueue() {
  if (!pool_.join_queue(*this)) {
    answer_.emplace(pool_.refuse(Errc::queue_full));
    return false;
  }
  pool_.loop_.arm(*this, pool_.loop_.now() + attempts_.queue_timeout());
  // Tries again, now that this worker is known to wait (slot_bells.h, W1 and W2). An answer that is
  // found here comes by way of the ready queue, as any other.
  pool_.serve_queue();
  return true;
}

void Acquire::on_expired() noexcept { pool_.answer(*this, pool_.refuse(Errc::queue_timeout)); }

Result<Lease> Acquire::await_resume() {
  Timer::unlink();
  if (base::ListHook<AcquireTag>::is_linked()) pool_.leave_queue(*this);  // cancelled
  runtime::Loop::end_wait(*this);
  if (!answer_) return fail(Errc::cancelled);
  return *std::move(answer_);
}

// --- Pool
// -----------------------------------------------------------------------------------------

Pool::Pool(PoolShared& shared, base::WorkerId worker, runtime::Loop& loop,
           const MembersPtr& members)
    : shared_(shared),
      worker_(worker),
      loop_(loop),
      metrics_(shared.metrics[worker.index()]),
      balancer_(make_balancer(shared.spec.balance, shared.spec.name, loop.random())) {
  CW_ASSERT(shared_.pools[worker_.index()] == nullptr);
  shared_.pools[worker_.index()] = this;
  set_members(members);
}

Pool::~Pool() {
  for (const auto& [id, member] : members_) CW_ASSERT(member->leases == 0);
  shared_.pools[worker_.index()] = nullptr;
}

Result<Lease> Pool::try_acquire(Attempts& attempts) {
  auto lease = take(attempts);
  if (lease) return *std::move(lease);
  return refuse(lease.error() == Refusal::all_full ? Errc::queue_full : Errc::no_endpoint);
}

void Pool::on_changed(const MembersPtr& members) {
  if (members != list_) set_members(members);
  serve_queue();
}

std::expected<Lease, Pool::Refusal> Pool::take(Attempts& attempts) {
  CW_ASSERT(attempts.may_try_again());
  refresh();
  const PickInput input{.attempts = attempts, .random = loop_.random()};
  while (Member* member = balancer_->pick(input)) {
    const Endpoint::Slot slot = member->endpoint->take_slot();
    // Another worker was faster, which is progress of theirs: the next pick sees this endpoint
    // full.
    if (slot == Endpoint::Slot::none) continue;
    attempts.add(member->endpoint->id());
    ++member->leases;
    member->endpoint->cell(worker_).active.add();
    metrics_.active.add();
    return Lease(*this, *member, slot);
  }
  return std::unexpected(why_refused(attempts));
}

Pool::Refusal Pool::why_refused(const Attempts& attempts) const noexcept {
  const bool is_any_left = std::ranges::any_of(
      usable_, [&](const Member* member) { return !attempts.has_tried(member->endpoint->id()); });
  if (is_any_left) return Refusal::all_full;
  return list_->is_resolving && usable_.empty() ? Refusal::unresolved : Refusal::none_usable;
}

std::unexpected<Error> Pool::refuse(Errc code) noexcept {
  metrics_.refused.add(code);
  return fail(code, Side::upstream);
}

void Pool::release(Member& member, Endpoint::Slot slot) noexcept {
  Endpoint& endpoint = *member.endpoint;
  endpoint.cell(worker_).active.subtract();
  metrics_.active.subtract();
  if (slot == Endpoint::Slot::counted) {
    endpoint.give_back_slot();
    shared_.bells.on_slot_freed(endpoint, worker_);
  }
  // Last, since the endpoint may go with it.
  CW_ASSERT(member.leases > 0);
  if (--member.leases == 0 && !member.is_current) members_.erase(endpoint.id());
}

// --- members
// --------------------------------------------------------------------------------------

void Pool::set_members(const MembersPtr& members) {
  for (Member* member : current_) member->is_current = false;
  current_.clear();
  for (const Members::Entry& entry : members->entries) {
    auto& member = members_[entry.endpoint->id()];
    if (!member) member = std::make_unique<Member>();
    member->endpoint = entry.endpoint;
    member->weight = entry.weight;
    member->is_current = true;
    current_.push_back(member.get());
  }
  list_ = members;
  // The list first, so that the balancer lets go of those that are about to be freed.
  seen_version_ = shared_.version.load(std::memory_order_acquire);
  list_usable();
  std::erase_if(members_, [](const auto& item) {
    return !item.second->is_current && item.second->leases == 0;
  });
}

void Pool::refresh() {
  const std::uint64_t version = shared_.version.load(std::memory_order_acquire);
  if (version == seen_version_) [[likely]] {
    return;
  }
  seen_version_ = version;
  list_usable();
}

void Pool::list_usable() {
  const bool heeds_ejection = shared_.spec.ejection.enabled;
  const auto list_those = [this](bool with_ejected) {
    usable_.clear();
    for (Member* member : current_) {
      const EndpointState state = member->endpoint->state();
      const bool is_usable =
          state == EndpointState::healthy || (with_ejected && state == EndpointState::ejected);
      if (is_usable) usable_.push_back(member);
    }
  };
  list_those(!heeds_ejection);
  // An endpoint that is ejected is better than none: the ejection was a guess, and may have been
  // made for another pool. One that fails its checks is not.
  if (usable_.empty()) list_those(true);
  balancer_->set_members(usable_);
}

// --- the queue
// ------------------------------------------------------------------------------------

bool Pool::join_queue(Acquire& waiter) {
  if (shared_.waiting.fetch_add(1, std::memory_order_relaxed) >= spec().queue_size) {
    shared_.waiting.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  metrics_.waiting.add();
  queue_.push_back(waiter);
  shared_.bells.listen(worker_, *this);
  return true;
}

void Pool::leave_queue(Acquire& waiter) noexcept {
  queue_.remove(waiter);
  metrics_.waiting.subtract();
  shared_.waiting.fetch_sub(1, std::memory_order_relaxed);
  if (queue_.empty()) SlotWaiter::unlink();
}

void Pool::answer(Acquire& waiter, Result<Lease> answer) noexcept {
  leave_queue(waiter);
  waiter.answer_.emplace(std::move(answer));
  static_cast<runtime::Timer&>(waiter).unlink();
  loop_.wake(waiter);
}

// Gives those that wait, in order, what there is. One that has tried some endpoints already may
// have to be passed over for one behind it; when there is nothing for one that has tried none,
// there is nothing for anybody.
void Pool::serve_queue() {
  if (queue_.empty()) return;
  for (Member* member : current_) member->endpoint->mark_waiting(worker_);  // W1 of slot_bells.h
  for (auto it = queue_.begin(); it != queue_.end();) {
    Acquire& waiter = *it++;
    if (waiter.was_cancelled()) continue;  // on its way out
    auto lease = take(waiter.attempts_);   // W2
    if (lease) {
      answer(waiter, *std::move(lease));
    } else if (lease.error() == Refusal::none_usable) {
      answer(waiter, refuse(Errc::no_endpoint));
    } else if (waiter.attempts_.count() == 0) {
      break;
    }
  }
}

}  // namespace causeway::upstream
