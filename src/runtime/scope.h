// SPDX-License-Identifier: Apache-2.0
// A Scope owns the tasks that were spawned into it: cancel() ends their pending operations, join()
// waits for the last of them, and the destructor asserts that it was joined. There is no detached
// work. It lives on one loop.
#pragma once

#include <coroutine>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/result.h"
#include "runtime/loop.h"
#include "runtime/task.h"
#include "runtime/waiter.h"

namespace causeway::runtime {

class Scope {
 public:
  // At the root: nothing above cancels it.
  explicit Scope(Loop& loop) noexcept : loop_(loop), node_(loop) {}
  // Below the task whose context this is: cancelled with it.
  explicit Scope(const TaskContext& context) noexcept
      : loop_(*context.loop), node_(*context.loop, *context.cancel) {}
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  ~Scope();

  // Starts `task` at the loop's next turn. The task owns what it uses, or what it uses outlives
  // this scope's join().
  void spawn(Task<void> task);

  void cancel() noexcept { node_.cancel(); }
  [[nodiscard]] bool is_cancelled() const noexcept { return node_.is_cancelled(); }
  [[nodiscard]] std::size_t running() const noexcept { return running_; }
  [[nodiscard]] Loop& loop() noexcept { return loop_; }
  // For operations that should end with the scope but are awaited elsewhere.
  [[nodiscard]] TaskContext context() noexcept { return {.loop = &loop_, .cancel = &node_}; }

  // Waits until nothing runs in the scope any more. Not ended by cancellation: what was started is
  // always seen to its end. One joiner at a time.
  class [[nodiscard]] Joined : private Waiter {
   public:
    explicit Joined(Scope& scope) noexcept : scope_(scope), shield_(scope.loop_) {}
    [[nodiscard]] bool await_ready() const noexcept { return scope_.running_ == 0; }
    bool await_suspend(std::coroutine_handle<> awaiting) noexcept {
      scope_.joiner_ = this;
      return scope_.loop_.begin_wait(*this, awaiting, {.loop = &scope_.loop_, .cancel = &shield_});
    }
    void await_resume() noexcept {
      scope_.joiner_ = nullptr;
      Loop::end_wait(*this);
    }

   private:
    Scope& scope_;
    CancelNode shield_;
  };
  Joined join() noexcept { return Joined(*this); }

 private:
  friend class TaskPromise<void>;
  void on_task_ended() noexcept;

  Loop& loop_;
  CancelNode node_;
  std::size_t running_ = 0;
  Waiter* joiner_ = nullptr;
};

namespace internal {
template <class T>
Task<void> store_answer(Task<T> task, std::optional<T>& answer) {
  T value = co_await std::move(task);
  answer.emplace(std::move(value));
}
}  // namespace internal

// Runs `task` on `loop` until it ends, turning the loop; for main() and for tests.
template <class T>
T run_until_done(Loop& loop, Task<T> task) {
  Scope scope(loop);
  if constexpr (std::is_void_v<T>) {
    scope.spawn(std::move(task));
    while (scope.running() > 0) loop.turn();
  } else {
    std::optional<T> answer;
    scope.spawn(internal::store_answer(std::move(task), answer));
    while (scope.running() > 0) loop.turn();
    return *std::move(answer);
  }
}

}  // namespace causeway::runtime
