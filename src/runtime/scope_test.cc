// SPDX-License-Identifier: Apache-2.0
#include "runtime/scope.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "base/time.h"
#include "runtime/sleep.h"
#include "runtime/task.h"
#include "sim/world.h"

namespace causeway::runtime {
namespace {

using std::chrono::seconds;

// Sleeps, then says `name` when it slept to the end and `name` in brackets when it was cut short.
Task<void> sleep_and_say(Duration span, std::string name, std::string& said) {
  const auto slept = co_await sleep_for(span);
  said += slept ? name : "(" + name + ")";
}

Task<Instant> join_three(std::string& said) {
  const auto context = co_await this_task();
  Scope scope(context);
  scope.spawn(sleep_and_say(seconds(3), "c", said));
  scope.spawn(sleep_and_say(seconds(1), "a", said));
  scope.spawn(sleep_and_say(seconds(2), "b", said));
  co_await scope.join();
  said += ".";
  co_return context.loop->now();
}

TEST(Scope, join_waits_for_the_last) {
  sim::World world(1);
  const Instant begin = world.clock().now();
  std::string said;
  EXPECT_EQ(world.run(join_three(said)), begin + seconds(3));
  EXPECT_EQ(said, "abc.");
}

Task<bool> join_nothing() {
  const auto context = co_await this_task();
  Scope scope(context);
  co_await scope.join();
  co_return scope.running() == 0;
}

TEST(Scope, joining_an_empty_scope_does_not_wait) {
  sim::World world(1);
  EXPECT_TRUE(world.run(join_nothing()));
}

TEST(Scope, a_spawned_task_starts_at_the_next_turn_and_not_inside_spawn) {
  sim::World world(1);
  std::string said;
  Scope scope(world.loop());
  scope.spawn(sleep_and_say(Duration::zero(), "a", said));
  EXPECT_EQ(said, "");
  EXPECT_EQ(scope.running(), 1U);
  world.run_until_joined(scope);
  EXPECT_EQ(said, "a");
}

TEST(Scope, cancel_ends_what_waits) {
  sim::World world(1);
  const Instant begin = world.clock().now();
  std::string said;
  Scope scope(world.loop());
  scope.spawn(sleep_and_say(seconds(100), "a", said));
  scope.spawn(sleep_and_say(seconds(200), "b", said));
  world.run_for(seconds(1));
  scope.cancel();
  EXPECT_EQ(said, "");  // never inside cancel()
  world.run_until_joined(scope);
  EXPECT_EQ(said, "(a)(b)");
  EXPECT_EQ(world.clock().now(), begin + seconds(1));
}

TEST(Scope, a_task_cancelled_before_its_start_runs_and_its_first_wait_fails) {
  sim::World world(1);
  std::string said;
  Scope scope(world.loop());
  scope.spawn(sleep_and_say(seconds(1), "a", said));
  scope.cancel();
  scope.spawn(sleep_and_say(seconds(1), "b", said));
  world.run_until_joined(scope);
  EXPECT_EQ(said, "(a)(b)");
}

TEST(Scope, cancelling_twice_is_cancelling_once) {
  sim::World world(1);
  std::string said;
  Scope scope(world.loop());
  scope.spawn(sleep_and_say(seconds(1), "a", said));
  world.run_for(Duration::zero());
  scope.cancel();
  scope.cancel();
  EXPECT_TRUE(scope.is_cancelled());
  world.run_until_joined(scope);
  EXPECT_EQ(said, "(a)");
}

Task<void> spawn_more(Scope& scope, int depth, int& ran) {
  ++ran;
  if (depth == 0) co_return;
  scope.spawn(spawn_more(scope, depth - 1, ran));
  scope.spawn(spawn_more(scope, depth - 1, ran));
}

TEST(Scope, tasks_may_spawn_into_their_own_scope_while_it_is_joined) {
  sim::World world(1);
  int ran = 0;
  Scope scope(world.loop());
  scope.spawn(spawn_more(scope, 9, ran));
  world.run_until_joined(scope);
  EXPECT_EQ(ran, 1023);
}

// A scope of its own around two sleepers; joins them whatever happens to itself.
Task<void> hold_two(std::string& said) {
  const auto context = co_await this_task();
  Scope scope(context);
  scope.spawn(sleep_and_say(seconds(10), "x", said));
  scope.spawn(sleep_and_say(seconds(20), "y", said));
  co_await scope.join();
  said += "|";
}

TEST(Scope, cancel_reaches_the_scopes_below_and_join_still_sees_them_end) {
  sim::World world(1);
  std::string said;
  Scope scope(world.loop());
  scope.spawn(hold_two(said));
  world.run_for(seconds(1));
  scope.cancel();
  world.run_until_joined(scope);
  EXPECT_EQ(said, "(x)(y)|");
}

Task<std::string> cancel_only_below() {
  std::string said;
  const auto context = co_await this_task();
  Scope below(context);
  below.spawn(sleep_and_say(seconds(10), "x", said));
  const auto slept = co_await sleep_for(seconds(1));
  below.cancel();
  co_await below.join();
  said += slept && !context.cancel->is_cancelled() ? "kept" : "lost";
  const auto again = co_await sleep_for(seconds(1));
  said += again ? "kept" : "lost";
  co_return said;
}

TEST(Scope, cancel_does_not_reach_the_scope_above) {
  sim::World world(1);
  EXPECT_EQ(world.run(cancel_only_below()), "(x)keptkept");
}

TEST(Scope, a_scope_made_below_a_cancelled_one_is_cancelled) {
  sim::World world(1);
  Scope above(world.loop());
  above.cancel();
  const Scope below(above.context());
  EXPECT_TRUE(below.is_cancelled());
}

TEST(ScopeDeathTest, a_scope_that_was_not_joined_ends_the_process) {
  EXPECT_DEATH(
      {
        sim::World world(1);
        std::string said;
        Scope scope(world.loop());
        scope.spawn(sleep_and_say(seconds(1), "a", said));
      },
      "running_ == 0");
}

}  // namespace
}  // namespace causeway::runtime
