// SPDX-License-Identifier: Apache-2.0
#include "runtime/sleep.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "base/time.h"
#include "runtime/scope.h"
#include "runtime/task.h"
#include "runtime/timer_wheel.h"
#include "sim/world.h"

namespace causeway::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Task<void> sleep_and_say(Duration span, char name, std::string& said) {
  const auto slept = co_await sleep_for(span);
  if (slept) said += name;
}

Task<void> say_between_yields(char name, int times, std::string& said) {
  for (int i = 0; i < times; ++i) {
    said += name;
    const auto turned = co_await yield();
    if (!turned) {
      said += '!';
      co_return;
    }
  }
}

Task<Duration> measure_sleep(Duration span) {
  const auto context = co_await this_task();
  const Instant begin = context.loop->now();
  const auto slept = co_await sleep_for(span);
  co_return slept ? context.loop->now() - begin : Duration(-1);
}

Task<Duration> measure_sleep_until(Instant at) {
  const auto context = co_await this_task();
  const Instant begin = context.loop->now();
  const auto slept = co_await sleep_until(at);
  co_return slept ? context.loop->now() - begin : Duration(-1);
}

TEST(Sleep, ends_in_order_of_time_and_then_of_falling_asleep) {
  sim::World world(1);
  std::string said;
  Scope scope(world.loop());
  scope.spawn(sleep_and_say(milliseconds(20), 'c', said));
  scope.spawn(sleep_and_say(milliseconds(10), 'a', said));
  scope.spawn(sleep_and_say(milliseconds(10), 'b', said));
  world.run_until_joined(scope);
  EXPECT_EQ(said, "abc");
}

TEST(Sleep, is_never_shorter_than_asked_and_less_than_a_tick_longer) {
  sim::World world(1);
  for (const Duration span :
       {Duration(1), Duration(999'999), Duration(1'000'000), Duration(1'000'001),
        Duration(milliseconds(63)), Duration(seconds(100))}) {
    world.clock().advance(Duration(123'457));  // off the ticks
    const Duration slept = world.run(measure_sleep(span));
    EXPECT_GE(slept, span);
    EXPECT_LT(slept, span + TimerWheel::kTick);
  }
}

TEST(Sleep, of_nothing_or_until_the_past_ends_at_once) {
  sim::World world(1);
  EXPECT_EQ(world.run(measure_sleep(Duration::zero())), Duration::zero());
  EXPECT_EQ(world.run(measure_sleep_until(sim::FakeClock::kStart - seconds(5))), Duration::zero());
}

TEST(Sleep, cancelled_it_leaves_no_timer) {
  sim::World world(1);
  std::string said;
  Scope scope(world.loop());
  scope.spawn(sleep_and_say(seconds(10), 'a', said));
  world.run_for(seconds(1));
  EXPECT_EQ(world.loop().wheel().count_armed(), 1U);
  scope.cancel();
  world.run_until_joined(scope);
  EXPECT_EQ(world.loop().wheel().count_armed(), 0U);
  EXPECT_EQ(said, "");
}

TEST(Yield, lets_the_others_go_first_in_turn) {
  sim::World world(1);
  std::string said;
  Scope scope(world.loop());
  scope.spawn(say_between_yields('a', 3, said));
  scope.spawn(say_between_yields('b', 3, said));
  world.run_until_joined(scope);
  EXPECT_EQ(said, "ababab");
}

TEST(Yield, tells_a_cancelled_task_so) {
  sim::World world(1);
  std::string said;
  Scope scope(world.loop());
  scope.cancel();
  scope.spawn(say_between_yields('a', 3, said));
  world.run_until_joined(scope);
  EXPECT_EQ(said, "a!");
}

}  // namespace
}  // namespace causeway::runtime
