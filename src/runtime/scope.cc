// SPDX-License-Identifier: Apache-2.0
#include "runtime/scope.h"

#include <coroutine>
#include <utility>

#include "base/assert.h"
#include "runtime/task.h"
#include "runtime/waiter.h"

namespace causeway::runtime {

void TaskPromise<void>::begin_in(Scope& scope) noexcept {
  scope_ = &scope;
  begin(scope.context(), nullptr);
}

std::coroutine_handle<> TaskPromise<void>::FinalAwaiter::await_suspend(
    std::coroutine_handle<TaskPromise> ended) noexcept {
  Scope* const scope = ended.promise().scope_;
  if (scope == nullptr) return ended.promise().continuation();
  ended.destroy();
  scope->on_task_ended();
  return std::noop_coroutine();
}

Scope::~Scope() { CW_ASSERT(running_ == 0); }

void Scope::spawn(Task<void> task) {
  ++running_;
  // A task spawned into a cancelled scope still runs: it owns things and ends by its own errors.
  const auto handle = std::move(task).release();
  handle.promise().begin_in(*this);
  loop_.start(handle);
}

void Scope::on_task_ended() noexcept {
  --running_;
  if (running_ == 0 && joiner_ != nullptr) loop_.wake(*joiner_);
}

}  // namespace causeway::runtime
