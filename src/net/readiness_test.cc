// SPDX-License-Identifier: Apache-2.0
#include "net/readiness.h"

#include <gtest/gtest.h>

#include <string>

#include "base/time.h"
#include "runtime/scope.h"
#include "runtime/task.h"
#include "sim/world.h"

namespace causeway::net {
namespace {

Task<void> wait_and_say(Ready& a, Ready* b, std::string& said) {
  const auto woken = co_await wait_any({&a, b});
  if (!woken) said += "cancelled";
  if (woken && a.is_raised()) said += 'a';
  if (woken && b != nullptr && b->is_raised()) said += 'b';
}

class ReadinessTest : public ::testing::Test {
 protected:
  // Lets everything run that can.
  void turn() { world_.run_for(Duration::zero()); }

  sim::World world_{1};
  Ready a_;
  Ready b_;
  std::string said_;
};

TEST_F(ReadinessTest, a_flag_that_is_raised_already_is_not_waited_for) {
  a_.raise(world_.loop());
  world_.run(wait_and_say(a_, nullptr, said_));
  EXPECT_EQ(said_, "a");
  EXPECT_TRUE(a_.is_raised());  // waiting does not lower it
}

TEST_F(ReadinessTest, raising_wakes_but_not_inline) {
  runtime::Scope scope(world_.loop());
  scope.spawn(wait_and_say(a_, &b_, said_));
  turn();
  b_.raise(world_.loop());
  EXPECT_EQ(said_, "");
  world_.run_until_joined(scope);
  EXPECT_EQ(said_, "b");
}

TEST_F(ReadinessTest, two_raised_in_one_turn_wake_once) {
  runtime::Scope scope(world_.loop());
  scope.spawn(wait_and_say(a_, &b_, said_));
  turn();
  a_.raise(world_.loop());
  b_.raise(world_.loop());
  world_.run_until_joined(scope);
  EXPECT_EQ(said_, "ab");
}

TEST_F(ReadinessTest, a_cancelled_waiter_leaves_both_flags_free_for_another) {
  runtime::Scope scope(world_.loop());
  scope.spawn(wait_and_say(a_, &b_, said_));
  turn();
  scope.cancel();
  world_.run_until_joined(scope);
  EXPECT_EQ(said_, "cancelled");

  runtime::Scope next(world_.loop());
  next.spawn(wait_and_say(b_, &a_, said_));
  turn();
  a_.raise(world_.loop());
  world_.run_until_joined(next);
  EXPECT_EQ(said_, "cancelledb");  // the second of this wait is flag a
}

TEST_F(ReadinessTest, a_task_cancelled_before_it_waits_does_not_wait) {
  runtime::Scope scope(world_.loop());
  scope.cancel();
  scope.spawn(wait_and_say(a_, &b_, said_));
  world_.run_until_joined(scope);
  EXPECT_EQ(said_, "cancelled");
}

TEST_F(ReadinessTest, raised_and_lowered_before_the_waiter_runs_it_wakes_all_the_same) {
  runtime::Scope scope(world_.loop());
  scope.spawn(wait_and_say(a_, nullptr, said_));
  turn();
  a_.raise(world_.loop());
  a_.lower();
  world_.run_until_joined(scope);
  EXPECT_EQ(said_, "");  // it looked, and there was nothing
}

}  // namespace
}  // namespace causeway::net
