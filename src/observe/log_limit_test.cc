// SPDX-License-Identifier: Apache-2.0
#include "observe/log_limit.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>

namespace causeway::observe {
namespace {

using namespace std::chrono_literals;

TEST(LogLimit, the_first_time_speaks_even_at_the_beginning_of_time) {
  LogLimit limit(10s);
  EXPECT_EQ(limit.admit(Instant{}), std::optional<std::uint64_t>(0));
}

TEST(LogLimit, is_quiet_until_the_interval_is_over_and_then_says_how_often) {
  LogLimit limit(10s);
  const Instant start{1h};
  ASSERT_TRUE(limit.admit(start));
  EXPECT_FALSE(limit.admit(start));
  EXPECT_FALSE(limit.admit(start + 5s));
  EXPECT_FALSE(limit.admit(start + 10s - 1ns));
  EXPECT_EQ(limit.admit(start + 10s), std::optional<std::uint64_t>(3));
  EXPECT_FALSE(limit.admit(start + 19s));
  EXPECT_EQ(limit.admit(start + 1h), std::optional<std::uint64_t>(1));
}

TEST(LogLimit, sites_do_not_silence_each_other) {
  LogLimit one(10s);
  LogLimit other(10s);
  ASSERT_TRUE(one.admit(Instant{}));
  EXPECT_TRUE(other.admit(Instant{}));
}

}  // namespace
}  // namespace causeway::observe
