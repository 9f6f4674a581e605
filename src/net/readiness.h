// SPDX-License-Identifier: Apache-2.0
// Whether a stream, a listener or a datagram socket can go on, and who waits for that.
// Edge-triggered: the driver below (epoll, TLS, the simulated network) raises a flag when something
// became possible; the owner lowers it when an attempt showed that it no longer is. At most one
// task waits for each direction.
#pragma once

#include <array>
#include <coroutine>
#include <cstddef>
#include <initializer_list>

#include "base/assert.h"
#include "base/result.h"
#include "runtime/loop.h"
#include "runtime/task.h"

namespace causeway::net {

// One direction: a flag and the waiter to wake when it is raised.
class Ready {
 public:
  Ready() = default;
  Ready(const Ready&) = delete;
  Ready& operator=(const Ready&) = delete;
  ~Ready() { CW_ASSERT(waiter_ == nullptr); }

  [[nodiscard]] bool is_raised() const noexcept { return raised_; }
  void raise(runtime::Loop& loop) noexcept {
    raised_ = true;
    if (waiter_ != nullptr) loop.wake(*waiter_);
  }
  void lower() noexcept { raised_ = false; }

 private:
  friend class WaitAny;
  runtime::Waiter* waiter_ = nullptr;
  bool raised_ = false;
};

// Waits until any of up to four directions is raised, or the task is cancelled:
//     const auto woken = co_await net::wait_any({&a.readable_state(), &b.writable_state()});
// Null entries are passed over. Ends at once when one is raised already.
class [[nodiscard]] WaitAny : private runtime::Waiter {
 public:
  static constexpr std::size_t kMax = 4;

  WaitAny(std::initializer_list<Ready*> any) noexcept {
    CW_ASSERT(any.size() <= kMax);
    std::size_t count = 0;
    for (Ready* ready : any) any_[count++] = ready;
  }

  [[nodiscard]] bool await_ready() const noexcept {
    for (const Ready* ready : any_) {
      if (ready != nullptr && ready->is_raised()) return true;
    }
    return false;
  }

  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> awaiting) noexcept {
    const runtime::TaskContext& context = awaiting.promise().context();
    if (!context.loop->begin_wait(*this, awaiting, context)) return false;
    for (Ready* ready : any_) {
      if (ready == nullptr) continue;
      CW_ASSERT(ready->waiter_ == nullptr);
      ready->waiter_ = this;
    }
    return true;
  }

  Result<void> await_resume() noexcept {
    for (Ready* ready : any_) {
      if (ready != nullptr && ready->waiter_ == this) ready->waiter_ = nullptr;
    }
    runtime::Loop::end_wait(*this);
    if (was_cancelled()) return fail(Errc::cancelled);
    return {};
  }

 private:
  std::array<Ready*, kMax> any_{};
};

[[nodiscard]] inline WaitAny wait_any(std::initializer_list<Ready*> any) noexcept {
  return WaitAny(any);
}

}  // namespace causeway::net
