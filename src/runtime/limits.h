// SPDX-License-Identifier: Apache-2.0
// Tasks with a limit. Each of these cancels *and joins* the task it was given before it answers, so
// nothing goes on behind the caller's back.
#pragma once

#include <utility>

#include "base/result.h"
#include "base/time.h"
#include "runtime/loop.h"
#include "runtime/task.h"
#include "runtime/waiter.h"

namespace causeway::runtime {

// Cancels a node when its time has come.
class DeadlineTimer final : public Timer {
 public:
  DeadlineTimer(Loop& loop, CancelNode& node) noexcept : loop_(loop), node_(node) {}
  void arm(Instant at) noexcept { loop_.arm(*this, at); }
  [[nodiscard]] bool has_expired() const noexcept { return expired_; }

 private:
  void on_expired() noexcept override {
    // Cancelled from above already, the task is only saying goodbye: not the deadline ended it.
    if (node_.is_cancelled()) return;
    expired_ = true;
    node_.cancel();
  }
  Loop& loop_;
  CancelNode& node_;
  bool expired_ = false;
};

// Counts silence: touch() says that something happened. One may serve several ways of the same
// connection, since a long upload alone does not make a connection idle.
class IdleTimer final : public Timer {
 public:
  // A limit of zero never expires.
  IdleTimer(Loop& loop, Duration limit) noexcept : loop_(loop), limit_(limit), last_(loop.now()) {}

  // Costs one store: the timer itself is moved only when it fires.
  void touch() noexcept { last_ = loop_.now(); }
  [[nodiscard]] bool has_expired() const noexcept { return expired_; }

  // Cancels `node` once `limit` has passed without a touch().
  void watch(CancelNode& node) noexcept {
    node_ = &node;
    expired_ = false;
    touch();
    if (limit_ > Duration::zero()) loop_.arm(*this, last_ + limit_);
  }
  void stop() noexcept { unlink(); }

 private:
  void on_expired() noexcept override {
    if (node_->is_cancelled()) return;  // from above: not silence ended it
    if (loop_.now() - last_ < limit_) {
      loop_.arm(*this, last_ + limit_);
      return;
    }
    expired_ = true;
    node_->cancel();
  }
  Loop& loop_;
  CancelNode* node_ = nullptr;
  Duration limit_;
  Instant last_;
  bool expired_ = false;
};

// The task's answer, or Errc::deadline when it was cut short after `limit`. An answer that the task
// still gave while it was being cancelled counts.
template <class T>
Task<Result<T>> within(Duration limit, Task<Result<T>> task) {
  const TaskContext context = co_await this_task();
  CancelNode node(*context.loop, *context.cancel);
  DeadlineTimer timer(*context.loop, node);
  timer.arm(context.loop->now() + limit);
  Result<T> answer = co_await std::move(task).under(node);
  if (!answer && answer.error().code == Errc::cancelled && timer.has_expired()) {
    co_return fail(Errc::deadline, answer.error().side);
  }
  co_return answer;
}

// The task's answer, or Errc::idle_timeout when `idle` ran out.
template <class T>
Task<Result<T>> until_idle(IdleTimer& idle, Task<Result<T>> task) {
  const TaskContext context = co_await this_task();
  CancelNode node(*context.loop, *context.cancel);
  idle.watch(node);
  Result<T> answer = co_await std::move(task).under(node);
  idle.stop();
  if (!answer && answer.error().code == Errc::cancelled && idle.has_expired()) {
    co_return fail(Errc::idle_timeout, answer.error().side);
  }
  co_return answer;
}

// For farewells: runs to its end, or to `limit`, even though the caller is being cancelled.
template <class T>
Task<Result<T>> shielded(Duration limit, Task<Result<T>> task) {
  const TaskContext context = co_await this_task();
  CancelNode node(*context.loop);
  DeadlineTimer timer(*context.loop, node);
  timer.arm(context.loop->now() + limit);
  Result<T> answer = co_await std::move(task).under(node);
  if (!answer && answer.error().code == Errc::cancelled && timer.has_expired()) {
    co_return fail(Errc::deadline, answer.error().side);
  }
  co_return answer;
}

}  // namespace causeway::runtime
