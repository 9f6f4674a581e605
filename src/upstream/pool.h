// SPDX-License-Identifier: Apache-2.0
// A pool on one worker: hands out leases of its endpoints, and lets connections wait when all of
// them are at their bound. Made by Directory::make_pool(), owned by the worker, used on its loop
// alone. It opens no connection and knows no protocol:
//
//     upstream::Attempts attempts(pool.spec(), source);
//     auto lease = co_await pool.acquire(attempts);      // waits only if it must
//     if (!lease) co_return fail(lease);
//     ... dial lease->endpoint().address() ...
//     lease->on_connected(took);   or   lease->on_connect_failed(error), then again if
//                                       attempts.may_try_again()
#pragma once

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/intrusive_list.h"
#include "base/result.h"
#include "base/time.h"
#include "model/pool.h"
#include "observe/pool_metrics.h"
#include "runtime/loop.h"
#include "runtime/task.h"
#include "runtime/waiter.h"
#include "upstream/attempts.h"
#include "upstream/balancer.h"
#include "upstream/members.h"
#include "upstream/slot_bells.h"

namespace causeway::upstream {

class Pool;  // NOLINT(cppcoreguidelines-virtual-class-destructor): final
struct AcquireTag {};

// Hears of endpoints that cannot be connected to. Called on a worker's loop, must not wait.
class FailureSink {
 public:
  // `endpoint` failed another `consecutive_failures` times in a row.
  virtual void on_failing(base::PoolId pool, base::EndpointId endpoint) = 0;

 protected:
  ~FailureSink() = default;
};

// What the Pools of one pool on all workers have in common. Owned by whoever makes them, outlives
// them.
struct PoolShared {
  PoolShared(base::PoolId pool_id, const model::Pool& pool_spec, std::size_t workers,
             SlotBells& slot_bells, FailureSink& failure_sink)
      : id(pool_id),
        spec(pool_spec),
        metrics(std::make_unique<observe::PoolMetrics[]>(workers)),
        pools(workers),
        bells(slot_bells),
        failures(failure_sink) {}

  const base::PoolId id;
  const model::Pool& spec;
  // One for each worker, written on its loop only.
  const std::unique_ptr<observe::PoolMetrics[]> metrics;
  // By worker, nullptr where there is none. Each is read and written on that worker's loop only, or
  // while that loop does not run.
  std::vector<Pool*> pools;
  SlotBells& bells;
  FailureSink& failures;
  // Grows with each change of a member's state, on the control loop, after the change.
  std::atomic<std::uint64_t> version{1};
  // Connections that wait, on all workers. Touched only by those.
  std::atomic<std::uint32_t> waiting{0};
};

// The right to one connection to an endpoint, which counts as open until the lease is destroyed. On
// the worker's loop; the pool outlives it.
class Lease {
 public:
  Lease(Lease&& other) noexcept
      : pool_(std::exchange(other.pool_, nullptr)), member_(other.member_), slot_(other.slot_) {}
  Lease& operator=(Lease&& other) noexcept;
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease() {
    if (pool_ != nullptr) give_back();
  }

  // Valid as long as the lease.
  [[nodiscard]] const Endpoint& endpoint() const noexcept { return *member_->endpoint; }

  // It accepted, `connect_time` after it was asked.
  void on_connected(Duration connect_time) noexcept;
  // The same where there was nothing to wait for.
  void on_connected() noexcept;
  // Reaching it failed. Errors of our own side (Side::local, cancelled) are counted, but not held
  // against the endpoint.
  void on_connect_failed(const Error& error);
  // Bytes that went to the endpoint and came from it.
  void add_bytes(std::uint64_t sent, std::uint64_t received) noexcept;

 private:
  friend class Pool;
  Lease(Pool& pool, Member& member, Endpoint::Slot slot) noexcept
      : pool_(&pool), member_(&member), slot_(slot) {}
  void give_back() noexcept;

  Pool* pool_;
  Member* member_;
  Endpoint::Slot slot_;
};

// Answer of Pool::acquire(): `co_await` gives a Result<Lease>. Without a frame of its own, and
// without suspending when a slot is free. Errors: no_endpoint (none is usable, or each was tried),
// queue_full, queue_timeout, cancelled.
class [[nodiscard]] Acquire final : private runtime::Waiter,
                                    private runtime::Timer,
                                    private base::ListHook<AcquireTag> {
 public:
  Acquire(Pool& pool, Attempts& attempts) noexcept : pool_(pool), attempts_(attempts) {}
  Acquire(const Acquire&) = delete;
  Acquire& operator=(const Acquire&) = delete;
  ~Acquire() = default;

  [[nodiscard]] bool await_ready();
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> awaiting) {
    const runtime::TaskContext& context = awaiting.promise().context();
    if (!context.loop->begin_wait(*this, awaiting, context)) return false;
    return enqueue();
  }
  [[nodiscard]] Result<Lease> await_resume();

 private:
  friend class Pool;
  template <class T, class Tag>
  friend class base::IntrusiveList;

  [[nodiscard]] bool enqueue();  // false: there is an answer already
  void on_expired() noexcept override;

  Pool& pool_;
  Attempts& attempts_;
  std::optional<Result<Lease>> answer_;
};

class Pool final : private SlotWaiter {
 public:
  // `shared` and `loop` outlive it. Takes its place in shared.pools.
  Pool(PoolShared& shared, base::WorkerId worker, runtime::Loop& loop, const MembersPtr& members);
  ~Pool();

  [[nodiscard]] const model::Pool& spec() const noexcept { return shared_.spec; }
  [[nodiscard]] base::PoolId id() const noexcept { return shared_.id; }

  // A lease of an endpoint that `attempts` has not tried; it then has. Waits, in order of arrival,
  // while every usable one is at its bound, or while the pool's names have not had their first
  // answer; at most for the queue timeout. `attempts` outlives the wait. Only while
  // attempts.may_try_again().
  Acquire acquire(Attempts& attempts) noexcept { return {*this, attempts}; }

  // The same without waiting. Errors: no_endpoint, queue_full when every usable one is at its
  // bound.
  [[nodiscard]] Result<Lease> try_acquire(Attempts& attempts);

  // The directory's word: a new membership, or endpoints changed their state. Those that wait are
  // looked at again.
  void on_changed(const MembersPtr& members);

  [[nodiscard]] const observe::PoolMetrics& metrics() const noexcept { return metrics_; }

 private:
  friend class Lease;
  friend class Acquire;
  enum class Refusal : std::uint8_t { none_usable, all_full, unresolved };

  [[nodiscard]] std::expected<Lease, Refusal> take(Attempts& attempts);
  [[nodiscard]] Refusal why_refused(const Attempts& attempts) const noexcept;
  [[nodiscard]] std::unexpected<Error> refuse(Errc code) noexcept;  // counts it
  void release(Member& member, Endpoint::Slot slot) noexcept;

  void set_members(const MembersPtr& members);
  void refresh();
  void list_usable();

  [[nodiscard]] bool join_queue(Acquire& waiter);
  void leave_queue(Acquire& waiter) noexcept;
  void answer(Acquire& waiter, Result<Lease> answer) noexcept;
  void serve_queue();
  void on_slot_freed() override { serve_queue(); }

  PoolShared& shared_;
  const base::WorkerId worker_;
  runtime::Loop& loop_;
  observe::PoolMetrics& metrics_;
  std::unique_ptr<Balancer> balancer_;
  std::unordered_map<base::EndpointId, std::unique_ptr<Member>>
      members_;                   // and those with leases left
  std::vector<Member*> current_;  // in the order of the directory's list
  std::vector<Member*> usable_;   // of these, as of seen_version_
  MembersPtr list_;
  std::uint64_t seen_version_ = 0;
  base::IntrusiveList<Acquire, AcquireTag> queue_;
};

}  // namespace causeway::upstream
