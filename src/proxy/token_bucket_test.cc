// SPDX-License-Identifier: Apache-2.0
#include "proxy/token_bucket.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>

#include "base/time.h"

namespace causeway::proxy {
namespace {

using namespace std::chrono_literals;

Instant at(Duration since_start) { return Instant(1h) + since_start; }

int take_all(TokenBucket& bucket, Instant now) {
  int taken = 0;
  while (taken < 1'000'000 && bucket.try_take(now)) ++taken;
  return taken;
}

TEST(TokenBucket, a_rate_of_zero_grants_everything) {
  TokenBucket bucket(0);
  EXPECT_TRUE(bucket.is_unlimited());
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(bucket.try_take(at(0s)));
}

TEST(TokenBucket, the_burst_is_one_second_s_worth) {
  TokenBucket bucket(7);
  EXPECT_EQ(take_all(bucket, at(0s)), 7);
  EXPECT_EQ(take_all(bucket, at(1h)), 7);
}

TEST(TokenBucket, a_token_comes_at_its_nanosecond_and_not_before) {
  TokenBucket bucket(3);  // one every 333333333.33 ns
  EXPECT_EQ(take_all(bucket, at(0s)), 3);
  EXPECT_FALSE(bucket.try_take(at(333'333'333ns)));
  EXPECT_TRUE(bucket.try_take(at(333'333'334ns)));
  EXPECT_FALSE(bucket.try_take(at(666'666'666ns)));
  EXPECT_TRUE(bucket.try_take(at(666'666'667ns)));
  EXPECT_FALSE(bucket.try_take(at(999'999'999ns)));
  EXPECT_TRUE(bucket.try_take(at(1s)));  // nothing was lost to rounding
}

TEST(TokenBucket, many_small_steps_grant_as_much_as_one_large_one) {
  TokenBucket bucket(1000);
  EXPECT_EQ(take_all(bucket, at(0s)), 1000);
  int taken = 0;
  for (int step = 1; step <= 100'000; ++step) taken += take_all(bucket, at(step * 1us));
  EXPECT_EQ(taken, 100);
}

TEST(TokenBucket, a_clock_that_lies_behind_refills_nothing) {
  TokenBucket bucket(2);
  EXPECT_EQ(take_all(bucket, at(10s)), 2);
  EXPECT_EQ(take_all(bucket, at(9s)), 0);
  EXPECT_EQ(take_all(bucket, at(10s + 500ms)), 1);
}

TEST(TokenBucket, what_is_given_back_can_be_taken_again_but_not_beyond_the_burst) {
  TokenBucket bucket(2);
  EXPECT_TRUE(bucket.try_take(at(0s)));
  bucket.give_back();
  bucket.give_back();
  EXPECT_EQ(take_all(bucket, at(0s)), 2);
}

TEST(TokenBucket, the_largest_rate_does_not_overflow) {
  TokenBucket bucket(std::numeric_limits<std::uint32_t>::max());
  EXPECT_EQ(take_all(bucket, at(0s)), 1'000'000);
  EXPECT_EQ(take_all(bucket, at(10h)), 1'000'000);
}

}  // namespace
}  // namespace causeway::proxy
