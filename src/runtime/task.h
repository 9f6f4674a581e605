// SPDX-License-Identifier: Apache-2.0
// Task<T>: a coroutine that starts when it is awaited, runs on its awaiter's loop and ends before
// its awaiter goes on. It is moved, never copied, and awaited once. It inherits the awaiter's loop
// and cancellation. A Task that is destroyed was never started or has finished; anything else is a
// broken invariant. Parameters by reference are for tasks that the caller awaits itself.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "runtime/frame_pool.h"
#include "runtime/waiter.h"

namespace causeway::runtime {

template <class T>
class Task;

// What every promise carries. Frames come from the thread's FramePool.
class PromiseBase {
 public:
  [[nodiscard]] static void* operator new(std::size_t bytes) { return FramePool::take(bytes); }
  static void operator delete(void* frame, std::size_t bytes) noexcept {
    FramePool::give_back(frame, bytes);
  }

  [[nodiscard]] const TaskContext& context() const noexcept { return context_; }
  void begin(const TaskContext& context, std::coroutine_handle<> continuation) noexcept {
    context_ = context;
    continuation_ = continuation;
  }
  [[nodiscard]] std::coroutine_handle<> continuation() const noexcept { return continuation_; }

  static std::suspend_always initial_suspend() noexcept { return {}; }
  static void unhandled_exception() noexcept { std::terminate(); }

  struct FinalAwaiter {
    static bool await_ready() noexcept { return false; }
    template <class Promise>
    static std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) noexcept {
      return ended.promise().continuation();
    }
    static void await_resume() noexcept {}
  };
  static FinalAwaiter final_suspend() noexcept { return {}; }

 private:
  TaskContext context_;
  std::coroutine_handle<> continuation_;
};

template <class T>
class TaskPromise final : public PromiseBase {
 public:
  Task<T> get_return_object() noexcept;
  void return_value(T value) { value_.emplace(std::move(value)); }
  T take_value() { return *std::move(value_); }

 private:
  std::optional<T> value_;
};

class Scope;

// A task without a value can also be spawned into a scope: then nobody awaits it, and at its end it
// destroys itself and tells the scope.
template <>
class TaskPromise<void> final : public PromiseBase {
 public:
  Task<void> get_return_object() noexcept;
  static void return_void() noexcept {}
  static void take_value() noexcept {}

  void begin_in(Scope& scope) noexcept;
  struct FinalAwaiter {
    static bool await_ready() noexcept { return false; }
    static std::coroutine_handle<> await_suspend(std::coroutine_handle<TaskPromise> ended) noexcept;
    static void await_resume() noexcept {}
  };
  static FinalAwaiter final_suspend() noexcept { return {}; }

 private:
  Scope* scope_ = nullptr;  // of a spawned task
};

template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = TaskPromise<T>;
  using value_type = T;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle handle) noexcept : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&&) = delete;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() {
    if (!handle_) return;
    CW_ASSERT(!handle_.promise().continuation() || handle_.done());
    handle_.destroy();
  }

  class Awaiter {
   public:
    Awaiter(Handle handle, CancelNode* under) noexcept : handle_(handle), under_(under) {}
    static bool await_ready() noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> awaiting) noexcept {
      TaskContext context = awaiting.promise().context();
      if (under_ != nullptr) context.cancel = under_;
      handle_.promise().begin(context, awaiting);
      return handle_;
    }
    [[nodiscard]] T await_resume() { return handle_.promise().take_value(); }

   private:
    Handle handle_;
    CancelNode* under_;
  };

  // For Scope::spawn(): the frame is the caller's from here on.
  [[nodiscard]] Handle release() && noexcept { return std::exchange(handle_, nullptr); }

  Awaiter operator co_await() && noexcept { return Awaiter(handle_, nullptr); }

  // Awaits the task with its operations under `node` instead of the awaiter's own.
  [[nodiscard]] Awaiter under(CancelNode& node) && noexcept { return Awaiter(handle_, &node); }

 private:
  Handle handle_;
};

template <class T>
Task<T> TaskPromise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

inline Task<void> TaskPromise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

// `co_await this_task()` gives the context of the task that asks, without suspending it.
class [[nodiscard]] ThisTask {
 public:
  static bool await_ready() noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> awaiting) noexcept {
    context_ = awaiting.promise().context();
    return false;
  }
  [[nodiscard]] TaskContext await_resume() const noexcept { return context_; }

 private:
  TaskContext context_;
};

[[nodiscard]] inline ThisTask this_task() noexcept { return {}; }

}  // namespace causeway::runtime

namespace causeway {
using runtime::Task;
}
