// SPDX-License-Identifier: Apache-2.0
// Waiting for time to pass, and letting others go first.
#pragma once

#include <coroutine>

#include "base/result.h"
#include "base/time.h"
#include "runtime/loop.h"
#include "runtime/task.h"

namespace causeway::runtime {

// `co_await sleep_until(at)`: an error (cancelled) when the task was cancelled meanwhile.
class [[nodiscard]] Sleep final : private Timer, private Waiter {
 public:
  explicit Sleep(Instant at) noexcept : at_(at) {}
  explicit Sleep(Duration span) noexcept : span_(span) {}

  static bool await_ready() noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> awaiting) noexcept {
    const TaskContext& context = awaiting.promise().context();
    loop_ = context.loop;
    if (!loop_->begin_wait(*this, awaiting, context)) return false;
    loop_->arm(*this, at_ == base::kNever ? loop_->now() + span_ : at_);
    return true;
  }
  Result<void> await_resume() noexcept {
    Timer::unlink();
    Loop::end_wait(*this);
    if (was_cancelled()) return fail(Errc::cancelled);
    return {};
  }

 private:
  void on_expired() noexcept override { loop_->wake(*this); }

  Instant at_ = base::kNever;  // kNever: span_ from when it begins
  Duration span_{};
  Loop* loop_ = nullptr;
};

inline Sleep sleep_until(Instant at) noexcept { return Sleep(at); }

// At least `span`, to the next millisecond.
inline Sleep sleep_for(Duration span) noexcept { return Sleep(span); }

// Goes to the end of the ready queue, so that a busy task does not starve the others.
class [[nodiscard]] Yield final : private Waiter {
 public:
  static bool await_ready() noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> awaiting) noexcept {
    const TaskContext& context = awaiting.promise().context();
    if (!context.loop->begin_wait(*this, awaiting, context)) return false;
    context.loop->wake(*this);
    return true;
  }
  Result<void> await_resume() noexcept {
    Loop::end_wait(*this);
    if (was_cancelled()) return fail(Errc::cancelled);
    return {};
  }
};

inline Yield yield() noexcept { return {}; }

}  // namespace causeway::runtime
