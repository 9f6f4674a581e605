// SPDX-License-Identifier: Apache-2.0
#include "runtime/both.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/result.h"
#include "base/time.h"
#include "runtime/limits.h"
#include "runtime/sleep.h"
#include "runtime/task.h"
#include "sim/world.h"

namespace causeway::runtime {
namespace {

using std::chrono::seconds;

Task<Result<int>> answer_after(Duration span, int value) {
  const auto slept = co_await sleep_for(span);
  if (!slept) co_return fail(slept);
  co_return value;
}

Task<Result<std::string>> fail_after(Duration span, Errc code) {
  const auto slept = co_await sleep_for(span);
  if (!slept) co_return fail(slept);
  co_return fail(code);
}

// When cancelled it takes its time, and then fails in a way of its own.
Task<Result<std::string>> end_slowly(Duration goodbye, bool& ended) {
  const auto slept = co_await sleep_for(seconds(100));
  auto farewell = shielded(goodbye + seconds(1), answer_after(goodbye, 0));
  const auto said = co_await std::move(farewell);
  ended = true;
  if (!said) co_return fail(said);
  if (!slept) co_return fail(Errc::closed);
  co_return "";
}

TEST(Both, gives_both_answers_when_the_slower_is_done) {
  sim::World world(1);
  const Instant begin = world.clock().now();
  const auto answers = world.run(both(answer_after(seconds(1), 1), answer_after(seconds(2), 2)));
  EXPECT_EQ(answers, (std::pair{1, 2}));
  EXPECT_EQ(world.clock().now(), begin + seconds(2));
}

TEST(Both, the_first_error_cancels_the_other_at_once) {
  sim::World world(1);
  const Instant begin = world.clock().now();
  const auto answers =
      world.run(both(answer_after(seconds(100), 1), fail_after(seconds(1), Errc::reset)));
  ASSERT_FALSE(answers.has_value());
  EXPECT_EQ(answers.error().code, Errc::reset);
  EXPECT_EQ(world.clock().now(), begin + seconds(1));
}

TEST(Both, joins_the_other_and_tells_the_first_error_only) {
  sim::World world(1);
  const Instant begin = world.clock().now();
  bool ended = false;
  const auto answers =
      world.run(both(end_slowly(seconds(5), ended), fail_after(seconds(1), Errc::reset)));
  ASSERT_FALSE(answers.has_value());
  EXPECT_EQ(answers.error().code, Errc::reset);
  EXPECT_TRUE(ended);
  EXPECT_EQ(world.clock().now(), begin + seconds(6));
}

TEST(Both, an_error_of_either_side_counts) {
  sim::World world(1);
  const auto answers =
      world.run(both(fail_after(seconds(1), Errc::closed), answer_after(seconds(100), 1)));
  ASSERT_FALSE(answers.has_value());
  EXPECT_EQ(answers.error().code, Errc::closed);
}

TEST(Both, a_limit_around_it_ends_both) {
  sim::World world(1);
  auto ways = both(answer_after(seconds(100), 1), answer_after(seconds(200), 2));
  const auto answers = world.run(within(seconds(3), std::move(ways)));
  ASSERT_FALSE(answers.has_value());
  EXPECT_EQ(answers.error().code, Errc::deadline);
}

}  // namespace
}  // namespace causeway::runtime
