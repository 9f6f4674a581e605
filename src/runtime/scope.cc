// SPDX-License-Identifier: Apache-2.0
#include "runtime/scope.h"

#include <coroutine>
#include <exception>
#include <utility>

#include "base/assert.h"

namespace causeway::runtime {

// The root of a spawned task: starts through the ready queue and destroys itself at its end.
class Spawned {
 public:
  class promise_type : public PromiseBase {
   public:
    Spawned get_return_object() noexcept {
      return Spawned(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    static void return_void() noexcept {}

    struct Ended {
      static bool await_ready() noexcept { return false; }
      static void await_suspend(std::coroutine_handle<promise_type> ended) noexcept {
        Scope& scope = *ended.promise().scope_;
        ended.destroy();
        scope.on_task_ended();
      }
      static void await_resume() noexcept {}
    };
    static Ended final_suspend() noexcept { return {}; }

   private:
    friend class Spawned;
    Scope* scope_ = nullptr;
    Waiter start_;
  };

  static Spawned run(Task<void> task) { co_await std::move(task); }

  void start(Scope& scope) {
    promise_type& promise = handle_.promise();
    promise.scope_ = &scope;
    promise.begin(scope.context(), nullptr);
    // A task spawned into a cancelled scope still runs: it owns things and ends by its own errors.
    scope.loop_.start(promise.start_, handle_);
  }

 private:
  explicit Spawned(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

Scope::~Scope() { CW_ASSERT(running_ == 0); }

void Scope::spawn(Task<void> task) {
  ++running_;
  Spawned::run(std::move(task)).start(*this);
}

void Scope::on_task_ended() noexcept {
  --running_;
  if (running_ == 0 && joiner_ != nullptr) loop_.wake(*joiner_);
}

}  // namespace causeway::runtime
