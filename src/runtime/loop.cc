// SPDX-License-Identifier: Apache-2.0
#include "runtime/loop.h"

#include <algorithm>
#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/assert.h"
#include "base/time.h"
#include "runtime/mailbox.h"
#include "runtime/poller.h"
#include "runtime/waiter.h"

namespace causeway::runtime {

CancelNode::CancelNode(Loop& loop, CancelNode& parent) noexcept
    : loop_(loop), cancelled_(parent.cancelled_) {
  parent.children_.push_back(*this);
}

void CancelNode::cancel() noexcept {
  if (cancelled_) return;
  cancelled_ = true;
  while (!waiters_.empty()) loop_.enqueue_cancelled(*waiters_.pop_front());
  for (CancelNode& child : children_) child.cancel();
}

Loop::Loop(const base::Clock& clock, Poller& poller, std::uint64_t seed)
    : clock_(clock), poller_(poller), now_(clock.now()), random_(seed), wheel_(now_) {}

Loop::~Loop() { CW_ASSERT(ready_first_ == nullptr); }

bool Loop::begin_wait(Waiter& waiter, std::coroutine_handle<> handle,
                      const TaskContext& context) noexcept {
  if (context.cancel->is_cancelled()) {
    waiter.state_ = Waiter::State::cancelled;
    return false;
  }
  waiter.handle_ = handle;
  waiter.state_ = Waiter::State::waiting;
  context.cancel->join(waiter);
  return true;
}

void Loop::enqueue(Waiter& waiter) noexcept {
  waiter.next_ready_ = nullptr;
  if (ready_last_ == nullptr) {
    ready_first_ = &waiter;
  } else {
    ready_last_->next_ready_ = &waiter;
  }
  ready_last_ = &waiter;
}

void Loop::wake(Waiter& waiter) noexcept {
  if (waiter.state_ != Waiter::State::waiting) return;
  waiter.state_ = Waiter::State::woken;
  enqueue(waiter);
}

void Loop::enqueue_cancelled(Waiter& waiter) noexcept {
  if (waiter.state_ != Waiter::State::waiting) return;
  waiter.state_ = Waiter::State::cancelled;
  enqueue(waiter);
}

// Only what was ready when the turn began: a task that yields, or is woken by another task, comes
// in the next turn, after the poller was asked, so that busy tasks cannot keep arrivals waiting.
std::size_t Loop::resume_ready() {
  Waiter* const first = std::exchange(ready_first_, nullptr);
  Waiter* const last = std::exchange(ready_last_, nullptr);
  Waiter* next = first;
  std::size_t resumed = 0;
  while (next != nullptr && resumed < kReadyPerTurn) {
    Waiter& waiter = *next;
    next = waiter.next_ready_;
    ++resumed;
    // The waiter lives in the frame that is resumed here and may be gone when it returns.
    waiter.handle_.resume();
  }
  if (next != nullptr) {
    metrics_.ready_bound_hits.add(1);
    last->next_ready_ = ready_first_;
    ready_first_ = next;
    if (ready_last_ == nullptr) ready_last_ = last;
  }
  return resumed;
}

// Those that were spawned before this turn, or by what was resumed in it, within the same bound.
std::size_t Loop::start_new(std::size_t max) {
  const std::size_t count = std::min(starting_.size(), max);
  for (std::size_t i = 0; i < count; ++i) {
    const std::coroutine_handle<> handle = starting_[i];  // the list may grow and move meanwhile
    handle.resume();
  }
  starting_.erase(starting_.begin(), starting_.begin() + static_cast<std::ptrdiff_t>(count));
  if (!starting_.empty()) metrics_.ready_bound_hits.add(1);
  return count;
}

bool Loop::turn(Instant until) {
  const bool busy = ready_first_ != nullptr || !starting_.empty() || !mailbox_.empty() ||
                    stopping_.load(std::memory_order_relaxed);
  poller_.poll(busy ? Instant::min() : std::min(until, wheel_.next()));
  now_ = clock_.now();
  last_turn_ns_.store(now_.time_since_epoch().count(), std::memory_order_relaxed);

  const std::size_t messages = mailbox_.deliver();
  const std::size_t expired = wheel_.advance(now_);
  std::size_t resumed = resume_ready();
  resumed += start_new(kReadyPerTurn);

  metrics_.loop_turns.add(1);
  metrics_.messages.add(messages);
  metrics_.timers_fired.add(expired);
  metrics_.resumed.add(resumed);
  const Instant end = clock_.now();
  metrics_.loop_lag.record(
      static_cast<std::uint64_t>(std::max<std::int64_t>((end - now_).count(), 0)));
  return messages + expired + resumed > 0;
}

void Loop::run() {
  while (!stopping_.load(std::memory_order_relaxed)) turn();
  stopping_.store(false, std::memory_order_relaxed);
}

bool Loop::post(Message message) {
  const auto posted = mailbox_.post(std::move(message));
  if (posted == Mailbox::Posted::first) poller_.interrupt();
  return posted != Mailbox::Posted::full;
}

void Loop::stop() noexcept {
  stopping_.store(true, std::memory_order_relaxed);
  poller_.interrupt();
}

}  // namespace causeway::runtime
