// SPDX-License-Identifier: Apache-2.0
// Two tasks side by side on one loop. When one fails the other is cancelled, and both are joined
// before the answer is given: the pair of values, or the error of the one that failed first.
#pragma once

#include <optional>
#include <utility>

#include "base/result.h"
#include "runtime/scope.h"
#include "runtime/task.h"

namespace causeway::runtime {

namespace internal {
template <class T>
Task<void> run_side(Task<Result<T>> task, std::optional<Result<T>>& answer,
                    std::optional<Error>& first_error, Scope& scope) {
  Result<T> result = co_await std::move(task);
  answer.emplace(std::move(result));
  if (!*answer && !first_error) {
    first_error = answer->error();
    scope.cancel();
  }
}
}  // namespace internal

template <class A, class B>
Task<Result<std::pair<A, B>>> both(Task<Result<A>> a, Task<Result<B>> b) {
  const TaskContext context = co_await this_task();
  std::optional<Result<A>> answer_a;
  std::optional<Result<B>> answer_b;
  std::optional<Error> first_error;
  Scope scope(context);
  scope.spawn(internal::run_side(std::move(a), answer_a, first_error, scope));
  scope.spawn(internal::run_side(std::move(b), answer_b, first_error, scope));
  co_await scope.join();
  if (first_error) co_return fail(*first_error);
  co_return std::pair<A, B>(*std::move(*answer_a), *std::move(*answer_b));
}

}  // namespace causeway::runtime
