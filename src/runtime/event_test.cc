// SPDX-License-Identifier: Apache-2.0
#include "runtime/event.h"

#include <gtest/gtest.h>

#include <string>

#include "base/time.h"
#include "runtime/scope.h"
#include "runtime/task.h"
#include "sim/world.h"

namespace causeway::runtime {
namespace {

Task<void> wait_and_say(Event& event, std::string& said) {
  const auto set = co_await event.wait();
  said += set ? "set" : "cancelled";
}

class EventTest : public ::testing::Test {
 protected:
  sim::World world_{1};
  Event event_{world_.loop()};
  std::string said_;
};

TEST_F(EventTest, set_wakes_who_waits_but_not_inline) {
  Scope scope(world_.loop());
  scope.spawn(wait_and_say(event_, said_));
  world_.run_for(Duration::zero());
  event_.set();
  EXPECT_EQ(said_, "");
  world_.run_until_joined(scope);
  EXPECT_EQ(said_, "set");
}

TEST_F(EventTest, set_before_the_wait_is_not_lost_and_stays) {
  event_.set();
  world_.run(wait_and_say(event_, said_));
  world_.run(wait_and_say(event_, said_));
  EXPECT_EQ(said_, "setset");
  EXPECT_TRUE(event_.is_set());
}

TEST_F(EventTest, cleared_it_makes_the_next_wait) {
  event_.set();
  event_.clear();
  Scope scope(world_.loop());
  scope.spawn(wait_and_say(event_, said_));
  world_.run_until_quiet();
  EXPECT_EQ(said_, "");
  event_.set();
  world_.run_until_joined(scope);
  EXPECT_EQ(said_, "set");
}

TEST_F(EventTest, a_wake_counts_although_the_event_is_cleared_before_the_waiter_runs) {
  Scope scope(world_.loop());
  scope.spawn(wait_and_say(event_, said_));
  world_.run_for(Duration::zero());
  event_.set();
  event_.clear();
  world_.run_until_joined(scope);
  EXPECT_EQ(said_, "set");
}

TEST_F(EventTest, a_cancelled_waiter_leaves_and_another_may_wait) {
  Scope scope(world_.loop());
  scope.spawn(wait_and_say(event_, said_));
  world_.run_for(Duration::zero());
  scope.cancel();
  world_.run_until_joined(scope);
  EXPECT_EQ(said_, "cancelled");

  Scope next(world_.loop());
  next.spawn(wait_and_say(event_, said_));
  world_.run_for(Duration::zero());
  event_.set();
  world_.run_until_joined(next);
  EXPECT_EQ(said_, "cancelledset");
}

TEST_F(EventTest, set_wins_when_it_comes_together_with_a_cancel) {
  Scope scope(world_.loop());
  scope.spawn(wait_and_say(event_, said_));
  world_.run_for(Duration::zero());
  scope.cancel();
  event_.set();
  world_.run_until_joined(scope);
  EXPECT_EQ(said_, "set");
}

TEST_F(EventTest, setting_it_twice_wakes_once) {
  Scope scope(world_.loop());
  scope.spawn(wait_and_say(event_, said_));
  world_.run_for(Duration::zero());
  event_.set();
  event_.set();
  world_.run_until_joined(scope);
  EXPECT_EQ(said_, "set");
}

}  // namespace
}  // namespace causeway::runtime
