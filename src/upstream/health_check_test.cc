// SPDX-License-Identifier: Apache-2.0
#include "upstream/health_check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "model/pool.h"
#include "net/dialer.h"
#include "sim/world.h"

namespace causeway::upstream {
namespace {

using namespace std::chrono_literals;

constexpr model::Health kRule{
    .interval = 10s, .unhealthy_threshold = 3, .healthy_threshold = 2, .jitter_percent = 10};

TEST(HealthTally, wants_as_many_failures_in_a_row_as_the_threshold) {
  HealthTally tally;
  EXPECT_EQ(tally.on_check(kRule, false), std::nullopt);
  EXPECT_EQ(tally.on_check(kRule, false), std::nullopt);
  EXPECT_EQ(tally.on_check(kRule, true), std::nullopt);
  EXPECT_EQ(tally.on_check(kRule, false), std::nullopt);
  EXPECT_EQ(tally.on_check(kRule, false), std::nullopt);
  EXPECT_EQ(tally.on_check(kRule, false), Verdict::unhealthy);
  EXPECT_EQ(tally.on_check(kRule, false), std::nullopt);  // said already
}

TEST(HealthTally, wants_as_many_successes_in_a_row_as_the_threshold) {
  HealthTally tally;
  for (int i = 0; i < 3; ++i) static_cast<void>(tally.on_check(kRule, false));
  EXPECT_EQ(tally.on_check(kRule, true), std::nullopt);
  EXPECT_EQ(tally.on_check(kRule, false), std::nullopt);
  EXPECT_EQ(tally.on_check(kRule, true), std::nullopt);
  EXPECT_EQ(tally.on_check(kRule, true), Verdict::healthy);
}

TEST(HealthCheck, the_first_is_soon_and_the_next_within_the_jitter) {
  base::Random random(5);
  Duration shortest = 1h;
  Duration longest{};
  for (int i = 0; i < 1000; ++i) {
    EXPECT_LE(delay_before_first_check(kRule, random), 250ms);
    const Duration next = delay_before_next_check(kRule, random);
    shortest = std::min(shortest, next);
    longest = std::max(longest, next);
  }
  EXPECT_GE(shortest, 9s);
  EXPECT_LT(shortest, 9100ms);
  EXPECT_LE(longest, 11s);
  EXPECT_GT(longest, 10900ms);
}

TEST(HealthCheck, the_first_does_not_wait_longer_than_a_short_interval) {
  base::Random random(5);
  for (int i = 0; i < 100; ++i) EXPECT_LE(delay_before_first_check({.interval = 5ms}, random), 5ms);
}

class CheckConnect : public testing::Test {
 protected:
  Result<void> check(std::string_view address) {
    return world_.run(check_connect(dialer_, *base::Address::parse(address), 5s));
  }
  sim::World world_{1};
  net::DirectDialer dialer_{world_.network("10.0.0.1")};
};

TEST_F(CheckConnect, passes_where_somebody_listens) {
  const auto listener = world_.network("10.0.0.2").listen(*base::Address::parse("10.0.0.2:80"), {});
  ASSERT_TRUE(listener.has_value());
  EXPECT_TRUE(check("10.0.0.2:80").has_value());
}

TEST_F(CheckConnect, fails_where_nobody_listens) {
  static_cast<void>(world_.network("10.0.0.2"));
  const auto passed = check("10.0.0.2:80");
  ASSERT_FALSE(passed.has_value());
  EXPECT_EQ(passed.error().code, Errc::refused);
}

TEST_F(CheckConnect, fails_after_its_time_where_nobody_answers) {
  static_cast<void>(world_.network("10.0.0.2"));
  world_.internet().silence(*base::Address::parse("10.0.0.2:80"));
  const Instant before = world_.clock().now();
  const auto passed = check("10.0.0.2:80");
  ASSERT_FALSE(passed.has_value());
  EXPECT_EQ(passed.error().code, Errc::deadline);
  EXPECT_GE(world_.clock().now() - before, 5s);
}

}  // namespace
}  // namespace causeway::upstream
