// SPDX-License-Identifier: Apache-2.0
#include "runtime/limits.h"

#include <gtest/gtest.h>

#include <chrono>
#include <ostream>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/result.h"
#include "base/time.h"
#include "runtime/event.h"
#include "runtime/scope.h"
#include "runtime/sleep.h"
#include "runtime/task.h"
#include "sim/world.h"

namespace causeway::runtime {
namespace {

using std::chrono::seconds;

// What a limited task said and when.
struct Ended {
  std::string text;
  Duration after{};
  friend bool operator==(const Ended&, const Ended&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Ended& ended) {
    return out << ended.text << " after " << ended.after.count() << " ns";
  }
};

Task<Result<std::string>> sleep_then_answer(Duration span) {
  const auto slept = co_await sleep_for(span);
  if (!slept) co_return fail(slept, Side::upstream);
  co_return "done";
}

// Cut short, it still needs some time to say goodbye.
Task<Result<std::string>> sleep_then_say_goodbye(Duration span, Duration goodbye) {
  const auto slept = co_await sleep_for(span);
  auto farewell = shielded(goodbye + seconds(1), sleep_then_answer(goodbye));
  const auto said = co_await std::move(farewell);
  if (!said) co_return fail(said);
  if (!slept) co_return fail(slept);
  co_return "done";
}

std::string text_of(const Result<std::string>& result) {
  return result ? *result : std::string(base::describe(result.error().code).name);
}

Task<void> keep_ended(Task<Result<std::string>> task, Ended& ended) {
  const auto context = co_await this_task();
  const Instant begin = context.loop->now();
  const auto result = co_await std::move(task);
  ended = {.text = text_of(result), .after = context.loop->now() - begin};
}

class LimitsTest : public ::testing::Test {
 protected:
  // Runs `task`; cancels it from above after `cancel_after`.
  Ended run(Task<Result<std::string>> task, Duration cancel_after = std::chrono::hours(1)) {
    Ended ended;
    Scope scope(world_.loop());
    scope.spawn(keep_ended(std::move(task), ended));
    world_.run_for(cancel_after);
    scope.cancel();
    world_.run_until_joined(scope);
    return ended;
  }
  sim::World world_{1};
};

TEST_F(LimitsTest, within_gives_the_answer_that_comes_in_time) {
  EXPECT_EQ(run(within(seconds(5), sleep_then_answer(seconds(3)))), (Ended{"done", seconds(3)}));
}

TEST_F(LimitsTest, within_cuts_short_what_takes_too_long) {
  EXPECT_EQ(run(within(seconds(5), sleep_then_answer(seconds(60)))),
            (Ended{"deadline", seconds(5)}));
}

TEST_F(LimitsTest, within_keeps_the_side_that_was_waited_for) {
  const auto result = world_.run(within(seconds(5), sleep_then_answer(seconds(60))));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().side, Side::upstream);
}

Task<Result<std::string>> wait_for(Event& event) {
  const auto set = co_await event.wait();
  if (!set) co_return fail(set);
  co_return "done";
}

Task<void> set_after(Duration span, Event& event) {
  const auto slept = co_await sleep_for(span);
  if (slept) event.set();
}

TEST_F(LimitsTest, of_a_value_and_a_deadline_at_one_instant_the_first_counts) {
  Event event(world_.loop());
  Ended ended;
  Scope scope(world_.loop());
  // The deadline is armed first, so it fires first; the waiter resumes only after both.
  scope.spawn(keep_ended(within(seconds(5), wait_for(event)), ended));
  scope.spawn(set_after(seconds(5), event));
  world_.run_until_joined(scope);
  // The sleeper wakes in the same turn, but behind the cancelled waiter: too late.
  EXPECT_EQ(ended.text, "deadline");

  event.clear();
  scope.spawn(set_after(seconds(5), event));
  world_.run_for(Duration::zero());
  scope.spawn(keep_ended(within(seconds(5), wait_for(event)), ended));
  world_.run_until_joined(scope);
  // Now it wakes before the waiter does: the value is there when the waiter looks.
  EXPECT_EQ(ended.text, "done");
}

TEST_F(LimitsTest, within_joins_before_it_answers) {
  EXPECT_EQ(run(within(seconds(5), sleep_then_say_goodbye(seconds(60), seconds(7)))),
            (Ended{"deadline", seconds(12)}));
}

TEST_F(LimitsTest, a_cancel_from_above_is_not_a_deadline) {
  EXPECT_EQ(run(within(seconds(5), sleep_then_answer(seconds(60))), seconds(2)),
            (Ended{"cancelled", seconds(2)}));
}

TEST_F(LimitsTest,
       a_cancel_from_above_is_not_a_deadline_although_the_limit_passes_during_the_farewell) {
  EXPECT_EQ(run(within(seconds(5), sleep_then_say_goodbye(seconds(60), seconds(7))), seconds(2)),
            (Ended{"cancelled", seconds(9)}));
}

TEST_F(LimitsTest, an_error_of_the_task_itself_is_passed_on) {
  EXPECT_EQ(run(within(seconds(9), within(seconds(5), sleep_then_answer(seconds(60))))),
            (Ended{"deadline", seconds(5)}));
}

TEST_F(LimitsTest, of_two_limits_the_shorter_one_ends_it) {
  EXPECT_EQ(run(within(seconds(5), within(seconds(9), sleep_then_answer(seconds(60))))),
            (Ended{"deadline", seconds(5)}));
}

TEST_F(LimitsTest, a_limit_of_nothing_ends_at_once) {
  EXPECT_EQ(run(within(Duration::zero(), sleep_then_answer(seconds(60)))).text, "deadline");
}

Task<Result<std::string>> touch_every(Duration pause, int times, IdleTimer& idle) {
  for (int i = 0; i < times; ++i) {
    const auto slept = co_await sleep_for(pause);
    if (!slept) co_return fail(slept);
    idle.touch();
  }
  co_return co_await sleep_then_answer(seconds(600));
}

TEST_F(LimitsTest, silence_ends_a_task_and_every_touch_moves_that_end) {
  IdleTimer idle(world_.loop(), seconds(10));
  EXPECT_EQ(run(until_idle(idle, touch_every(seconds(9), 5, idle))),
            (Ended{"idle_timeout", seconds(55)}));
  EXPECT_TRUE(idle.has_expired());
}

TEST_F(LimitsTest, an_idle_limit_of_zero_never_ends_anything) {
  IdleTimer idle(world_.loop(), Duration::zero());
  EXPECT_EQ(run(until_idle(idle, touch_every(seconds(9), 1, idle))), (Ended{"done", seconds(609)}));
}

TEST_F(LimitsTest, a_cancel_from_above_is_not_silence) {
  IdleTimer idle(world_.loop(), seconds(10));
  EXPECT_EQ(run(until_idle(idle, sleep_then_say_goodbye(seconds(60), seconds(20))), seconds(2)),
            (Ended{"cancelled", seconds(22)}));
}

TEST_F(LimitsTest, an_idle_timer_that_ran_out_can_be_used_again) {
  IdleTimer idle(world_.loop(), seconds(10));
  EXPECT_EQ(run(until_idle(idle, sleep_then_answer(seconds(60)))),
            (Ended{"idle_timeout", seconds(10)}));
  EXPECT_EQ(run(until_idle(idle, sleep_then_answer(seconds(60))), seconds(2)),
            (Ended{"cancelled", seconds(2)}));
}

TEST_F(LimitsTest, what_is_shielded_goes_on_although_the_caller_is_cancelled) {
  EXPECT_EQ(run(shielded(seconds(60), sleep_then_answer(seconds(7))), seconds(2)),
            (Ended{"done", seconds(7)}));
}

TEST_F(LimitsTest, what_is_shielded_ends_at_its_limit) {
  EXPECT_EQ(run(shielded(seconds(5), sleep_then_answer(seconds(7))), seconds(2)),
            (Ended{"deadline", seconds(5)}));
}

}  // namespace
}  // namespace causeway::runtime
