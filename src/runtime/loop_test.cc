// SPDX-License-Identifier: Apache-2.0
#include "runtime/loop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>
#include <thread>

#include "base/result.h"
#include "base/time.h"
#include "runtime/mailbox.h"
#include "runtime/scope.h"
#include "runtime/sleep.h"
#include "runtime/task.h"
#include "sim/fake_clock.h"
#include "sim/real_world.h"
#include "sim/world.h"

namespace causeway::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Task<void> yield_until(const bool& done, std::size_t& turns) {
  while (!done) {
    const auto turned = co_await yield();
    if (!turned) co_return;
    ++turns;
  }
}

Task<void> set_after(Duration span, bool& done) {
  const auto slept = co_await sleep_for(span);
  done = slept.has_value();
}

Task<void> count_one(std::size_t& count) {
  ++count;
  co_return;
}

Task<void> take_time(sim::FakeClock& clock, Duration span) {
  clock.advance(span);
  co_return;
}

Task<Result<std::size_t>> yield_and_count(std::size_t times) {
  for (std::size_t i = 0; i < times; ++i) {
    const auto turned = co_await yield();
    if (!turned) co_return fail(turned);
  }
  co_return times;
}

TEST(Loop, resumes_a_bounded_number_of_tasks_in_a_turn) {
  sim::World world(1);
  std::size_t count = 0;
  Scope scope(world.loop());
  const std::size_t tasks = (2 * Loop::kReadyPerTurn) + 10;
  for (std::size_t i = 0; i < tasks; ++i) scope.spawn(count_one(count));
  EXPECT_TRUE(world.loop().turn(Instant::min()));
  EXPECT_EQ(count, Loop::kReadyPerTurn);
  EXPECT_TRUE(world.loop().turn(Instant::min()));
  EXPECT_TRUE(world.loop().turn(Instant::min()));
  EXPECT_EQ(count, tasks);
  EXPECT_FALSE(world.loop().turn(Instant::min()));
  EXPECT_EQ(world.loop().metrics().ready_bound_hits.value(), 2U);
  EXPECT_EQ(world.loop().metrics().resumed.value(), tasks);
}

TEST(Loop, tasks_that_are_always_ready_do_not_keep_the_timers_from_running) {
  sim::RealWorld world;
  bool done = false;
  std::size_t turns = 0;
  Scope scope(world.loop());
  scope.spawn(yield_until(done, turns));
  scope.spawn(set_after(milliseconds(5), done));
  while (scope.running() > 0) world.loop().turn();
  EXPECT_TRUE(done);
  EXPECT_GT(turns, 0U);
}

TEST(Loop, the_time_stands_still_within_a_turn) {
  sim::World world(1);
  const Instant before = world.loop().now();
  world.clock().advance(seconds(1));
  EXPECT_EQ(world.loop().now(), before);
  world.loop().turn(Instant::min());
  EXPECT_EQ(world.loop().now(), before + seconds(1));
  EXPECT_EQ(world.loop().last_turn_ns(), (before + seconds(1)).time_since_epoch().count());
}

TEST(Loop, records_how_long_a_turn_kept_the_others_waiting) {
  sim::World world(1);
  Scope scope(world.loop());
  scope.spawn(take_time(world.clock(), milliseconds(250)));
  world.run_until_joined(scope);
  const auto lag = world.loop().metrics().loop_lag.snapshot();
  EXPECT_EQ(lag.max(), 250'000'000U);
  EXPECT_EQ(lag.count(), world.loop().metrics().loop_turns.value());
}

TEST(Loop, messages_run_at_the_next_turn_in_their_order) {
  sim::World world(1);
  std::string ran;
  EXPECT_TRUE(world.loop().post([&] { ran += 'a'; }));
  EXPECT_TRUE(world.loop().post([&] {
    ran += 'b';
    EXPECT_TRUE(world.loop().post([&] { ran += 'd'; }));
  }));
  EXPECT_TRUE(world.loop().post([&] { ran += 'c'; }));
  EXPECT_EQ(ran, "");
  EXPECT_TRUE(world.loop().turn(Instant::min()));
  EXPECT_EQ(ran, "abc");
  EXPECT_TRUE(world.loop().turn(base::kNever));  // does not sleep over the one that is waiting
  EXPECT_EQ(ran, "abcd");
  EXPECT_EQ(world.loop().metrics().messages.value(), 4U);
}

TEST(Loop, a_full_mailbox_is_told_and_works_again_when_it_is_read) {
  sim::World world(1);
  std::size_t ran = 0;
  for (std::size_t i = 0; i < Mailbox::kMessagesMax; ++i)
    ASSERT_TRUE(world.loop().post([&] { ++ran; }));
  EXPECT_FALSE(world.loop().post([&] { ++ran; }));
  world.loop().turn(Instant::min());
  EXPECT_EQ(ran, Mailbox::kMessagesMax);
  EXPECT_TRUE(world.loop().post([&] { ++ran; }));
  world.loop().turn(Instant::min());
  EXPECT_EQ(ran, Mailbox::kMessagesMax + 1);
}

TEST(Loop, post_from_another_thread_ends_the_sleep) {
  sim::RealWorld world;
  std::atomic<int> ran = 0;
  for (int round = 0; round < 100; ++round) {
    std::jthread sender([&] { EXPECT_TRUE(world.loop().post([&] { ++ran; })); });
    // Without the wake-up this sleeps for ever: nothing else is due.
    while (ran.load() == round) world.loop().turn();
  }
  EXPECT_EQ(ran.load(), 100);
}

TEST(Loop, stop_from_another_thread_ends_run) {
  sim::RealWorld world;
  for (int round = 0; round < 20; ++round) {
    std::jthread stopper([&] { world.loop().stop(); });
    world.loop().run();
  }
}

TEST(Loop, two_loops_of_two_threads_talk_by_messages) {
  constexpr int kRounds = 2000;
  sim::RealWorld here;
  sim::RealWorld there;
  int seen_there = 0;
  int seen_here = 0;
  std::jthread other([&] { there.loop().run(); });
  for (int i = 0; i < kRounds; ++i) {
    ASSERT_TRUE(there.loop().post([&] {
      ++seen_there;
      EXPECT_TRUE(here.loop().post([&] { ++seen_here; }));
    }));
    while (seen_here == i) here.loop().turn();
  }
  there.loop().stop();
  other.join();
  EXPECT_EQ(seen_there, kRounds);
}

TEST(Loop, the_same_seed_gives_the_same_random_numbers) {
  sim::World first(5);
  sim::World second(5);
  EXPECT_EQ(first.loop().random().next(), second.loop().random().next());
}

TEST(Loop, runs_a_task_to_its_end_on_a_machine) {
  sim::RealWorld world;
  EXPECT_EQ(world.run(yield_and_count(5000)), 5000U);
}

TEST(Loop, a_sleep_on_a_machine_takes_its_time) {
  sim::RealWorld world;
  bool done = false;
  const Instant begin = world.clock().now();
  Scope scope(world.loop());
  scope.spawn(set_after(milliseconds(20), done));
  while (scope.running() > 0) world.loop().turn();
  EXPECT_TRUE(done);
  EXPECT_GE(world.clock().now() - begin, milliseconds(19));
}

}  // namespace
}  // namespace causeway::runtime
