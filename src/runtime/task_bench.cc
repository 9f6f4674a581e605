// SPDX-License-Identifier: Apache-2.0
// What awaiting costs: of a task that is ready, through nested tasks, and with a trip through the
// ready queue.
#include <benchmark/benchmark.h>

#include <cstdint>

#include "runtime/scope.h"
#include "runtime/sleep.h"
#include "runtime/task.h"
#include "sim/real_world.h"

namespace causeway::runtime {
namespace {

constexpr int kAwaits = 10'000;

Task<int> answer(int value) { co_return value; }

Task<int> answer_below(int value) { co_return co_await answer(value); }

Task<std::int64_t> await_ready_tasks() {
  std::int64_t sum = 0;
  for (int i = 0; i < kAwaits; ++i) {
    const int value = co_await answer(i);
    sum += value;
  }
  co_return sum;
}

Task<std::int64_t> await_nested_tasks() {
  std::int64_t sum = 0;
  for (int i = 0; i < kAwaits; ++i) {
    const int value = co_await answer_below(i);
    sum += value;
  }
  co_return sum;
}

Task<std::int64_t> yield_often() {
  std::int64_t sum = 0;
  for (int i = 0; i < kAwaits; ++i) {
    const auto turned = co_await yield();
    sum += turned ? 1 : 0;
  }
  co_return sum;
}

template <Task<std::int64_t> (*kTask)()>
void run_awaits(benchmark::State& state) {
  sim::RealWorld world;
  for (auto _ : state) benchmark::DoNotOptimize(run_until_done(world.loop(), kTask()));
  state.SetItemsProcessed(state.iterations() * kAwaits);
}

BENCHMARK(run_awaits<await_ready_tasks>)->Name("await_a_ready_task");
BENCHMARK(run_awaits<await_nested_tasks>)->Name("await_through_two_tasks");
// A task that yields alone has a turn of the loop, with its system call, every time.
BENCHMARK(run_awaits<yield_often>)->Name("yield");

}  // namespace
}  // namespace causeway::runtime
