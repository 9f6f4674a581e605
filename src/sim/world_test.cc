// SPDX-License-Identifier: Apache-2.0
#include "sim/world.h"

#include <gtest/gtest.h>

#include <chrono>
#include <tuple>

#include "base/result.h"
#include "base/time.h"
#include "net/listener.h"
#include "runtime/event.h"
#include "runtime/scope.h"
#include "runtime/sleep.h"
#include "runtime/task.h"

namespace causeway::sim {
namespace {

Task<Result<Instant>> sleep_once(Duration span) {
  const auto slept = co_await runtime::sleep_for(span);
  if (!slept) co_return fail(slept);
  const auto context = co_await runtime::this_task();
  co_return context.loop->now();
}

Task<void> tick(int times, int& count) {
  for (int i = 0; i < times; ++i) {
    const auto slept = co_await runtime::sleep_for(std::chrono::seconds(1));
    if (!slept) co_return;
    ++count;
  }
}

Task<Result<void>> wait_for_nothing(runtime::Event& event) { co_return co_await event.wait(); }

TEST(World, an_hour_passes_in_no_time) {
  World world(1);
  const Instant begin = world.clock().now();
  const WallTime begin_wall = world.clock().wall_now();
  EXPECT_EQ(world.run(sleep_once(std::chrono::hours(1))), begin + std::chrono::hours(1));
  EXPECT_EQ(world.clock().wall_now() - begin_wall, std::chrono::hours(1));
}

TEST(World, run_for_ends_when_the_time_is_over) {
  World world(1);
  int count = 0;
  runtime::Scope scope(world.loop());
  scope.spawn(tick(10, count));
  const Instant begin = world.clock().now();
  world.run_for(std::chrono::milliseconds(3500));
  EXPECT_EQ(count, 3);
  EXPECT_EQ(world.clock().now(), begin + std::chrono::milliseconds(3500));
  world.run_until_quiet();
  EXPECT_EQ(count, 10);
  EXPECT_EQ(scope.running(), 0U);
}

TEST(World, several_loops_share_the_clock_and_talk_by_messages) {
  World world(1);
  runtime::Loop& other = world.add_loop();
  int count = 0;
  runtime::Scope scope(other);
  scope.spawn(tick(2, count));
  EXPECT_TRUE(world.run(sleep_once(std::chrono::seconds(5))).has_value());
  EXPECT_EQ(count, 2);

  int delivered = 0;
  EXPECT_TRUE(other.post([&] { ++delivered; }));
  world.run_until_quiet();
  EXPECT_EQ(delivered, 1);
}

TEST(World, a_loop_can_turn_itself_through_time) {
  World world(1);
  const Instant begin = world.clock().now();
  const auto woke = runtime::run_until_done(world.loop(), sleep_once(std::chrono::minutes(1)));
  EXPECT_EQ(woke, begin + std::chrono::minutes(1));
}

TEST(WorldDeathTest, a_task_that_can_never_end_is_told_with_the_seed) {
  EXPECT_DEATH(
      {
        World world(42);
        runtime::Event event(world.loop());
        std::ignore = world.run(wait_for_nothing(event));
      },
      "seed 42: a task waits for what can never happen");
}

TEST(WorldDeathTest, a_listener_left_open_is_told_with_the_seed) {
  EXPECT_DEATH(
      {
        net::ListenerPtr listener;
        World world(43);
        listener = world.network("10.0.0.1")
                       .listen(base::SocketAddress::parse("10.0.0.1:80").value(), {})
                       .value();
      },
      "seed 43: 1 streams, listeners or datagram sockets are open");
}

}  // namespace
}  // namespace causeway::sim
