// SPDX-License-Identifier: Apache-2.0
// Something that one task waits for and others on the same loop bring about. Setting an event that
// is set changes nothing. At most one task waits at a time.
#pragma once

#include <coroutine>

#include "base/assert.h"
#include "base/result.h"
#include "runtime/loop.h"
#include "runtime/task.h"

namespace causeway::runtime {

class Event {
 public:
  explicit Event(Loop& loop) noexcept : loop_(loop) {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { CW_ASSERT(waiter_ == nullptr); }

  void set() noexcept {
    is_set_ = true;
    if (waiter_ != nullptr) loop_.wake(*waiter_);
  }
  void clear() noexcept { is_set_ = false; }
  [[nodiscard]] bool is_set() const noexcept { return is_set_; }

  class [[nodiscard]] Wait : private Waiter {
   public:
    explicit Wait(Event& event) noexcept : event_(event) {}
    [[nodiscard]] bool await_ready() const noexcept { return event_.is_set_; }
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> awaiting) noexcept {
      if (!event_.loop_.begin_wait(*this, awaiting, awaiting.promise().context())) return false;
      CW_ASSERT(event_.waiter_ == nullptr);
      event_.waiter_ = this;
      return true;
    }
    Result<void> await_resume() noexcept {
      if (event_.waiter_ == this) event_.waiter_ = nullptr;
      Loop::end_wait(*this);
      if (!event_.is_set_ && was_cancelled()) return fail(Errc::cancelled);
      return {};
    }

   private:
    Event& event_;
  };
  // The event stays set; whoever wants the next one clears it.
  Wait wait() noexcept { return Wait(*this); }

 private:
  Loop& loop_;
  Waiter* waiter_ = nullptr;
  bool is_set_ = false;
};

}  // namespace causeway::runtime
