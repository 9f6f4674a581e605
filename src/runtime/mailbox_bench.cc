// SPDX-License-Identifier: Apache-2.0
// What a message to a loop costs: posted and delivered on one thread, and to a loop of another
// thread and back, with the wake-up of both.
#include <benchmark/benchmark.h>

#include <thread>

#include "runtime/loop.h"
#include "runtime/mailbox.h"
#include "sim/real_world.h"

namespace causeway::runtime {
namespace {

void post_and_deliver(benchmark::State& state) {
  constexpr int kBatch = 64;
  Mailbox box;
  int ran = 0;
  for (auto _ : state) {
    for (int i = 0; i < kBatch; ++i) benchmark::DoNotOptimize(box.post([&ran] { ++ran; }));
    benchmark::DoNotOptimize(box.deliver());
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK(post_and_deliver);

void message_to_a_sleeping_loop_and_back(benchmark::State& state) {
  sim::RealWorld here;
  sim::RealWorld there;
  std::jthread other([&there] { there.loop().run(); });
  bool answered = false;
  for (auto _ : state) {
    answered = false;
    benchmark::DoNotOptimize(there.loop().post(
        [&] { benchmark::DoNotOptimize(here.loop().post([&] { answered = true; })); }));
    while (!answered) here.loop().turn();
  }
  there.loop().stop();
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(message_to_a_sleeping_loop_and_back)->UseRealTime();

}  // namespace
}  // namespace causeway::runtime
