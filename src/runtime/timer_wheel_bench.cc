// SPDX-License-Identifier: Apache-2.0
// What a timer costs while very many others are armed: as an idle timer, armed and disarmed without
// ever expiring, and when all of them expire.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "runtime/timer_wheel.h"

namespace causeway::runtime {
namespace {

using std::chrono::milliseconds;

constexpr Instant kOrigin{std::chrono::hours(1)};
constexpr std::uint32_t kSpreadMs = 600'000;

class CountingTimer final : public Timer {
 public:
  explicit CountingTimer(std::size_t& count) : count_(&count) {}
  CountingTimer(CountingTimer&& other) noexcept : count_(other.count_) {}

 private:
  void on_expired() noexcept override { ++*count_; }
  std::size_t* count_;
};

std::vector<CountingTimer> arm_many(TimerWheel& wheel, std::size_t amount, std::size_t& count) {
  base::Random random(1);
  std::vector<CountingTimer> timers;
  timers.reserve(amount);
  for (std::size_t i = 0; i < amount; ++i) {
    timers.emplace_back(count);
    wheel.arm(timers.back(), kOrigin + milliseconds(random.below(kSpreadMs)));
  }
  return timers;
}

void arm_and_disarm(benchmark::State& state) {
  TimerWheel wheel(kOrigin);
  std::size_t count = 0;
  const auto others = arm_many(wheel, static_cast<std::size_t>(state.range(0)), count);
  base::Random random(2);
  CountingTimer timer(count);
  for (auto _ : state) {
    wheel.arm(timer, kOrigin + milliseconds(random.below(kSpreadMs)));
    TimerWheel::disarm(timer);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(arm_and_disarm)->Arg(0)->Arg(1'000'000);

void expire(benchmark::State& state) {
  const auto amount = static_cast<std::size_t>(state.range(0));
  std::size_t count = 0;
  for (auto _ : state) {
    state.PauseTiming();
    TimerWheel wheel(kOrigin);
    const auto timers = arm_many(wheel, amount, count);
    state.ResumeTiming();
    for (Instant now = kOrigin; now <= kOrigin + milliseconds(kSpreadMs); now += milliseconds(1))
      wheel.advance(now);
  }
  benchmark::DoNotOptimize(count);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(expire)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace causeway::runtime
