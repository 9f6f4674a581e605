// SPDX-License-Identifier: Apache-2.0
#include "upstream/ejection.h"

#include <gtest/gtest.h>

#include <chrono>

#include "base/time.h"
#include "model/pool.h"

namespace causeway::upstream {
namespace {

using namespace std::chrono_literals;

TEST(Ejection, never_takes_the_last_that_is_healthy) {
  const model::Ejection rule{.max_ejected_percent = 100};
  EXPECT_FALSE(may_eject(rule, {.members = 1, .healthy = 1, .ejected = 0}));
  EXPECT_FALSE(may_eject(rule, {.members = 5, .healthy = 1, .ejected = 4}));
  EXPECT_TRUE(may_eject(rule, {.members = 5, .healthy = 2, .ejected = 3}));
}

TEST(Ejection, takes_no_more_than_its_share) {
  const model::Ejection rule{.max_ejected_percent = 50};
  EXPECT_TRUE(may_eject(rule, {.members = 4, .healthy = 3, .ejected = 1}));
  EXPECT_FALSE(may_eject(rule, {.members = 4, .healthy = 2, .ejected = 2}));
  EXPECT_FALSE(may_eject(rule, {.members = 5, .healthy = 3, .ejected = 2}));
}

TEST(Ejection, may_take_one_whatever_its_share) {
  const model::Ejection rule{.max_ejected_percent = 10};
  EXPECT_TRUE(may_eject(rule, {.members = 2, .healthy = 2, .ejected = 0}));
  EXPECT_FALSE(may_eject(rule, {.members = 3, .healthy = 2, .ejected = 1}));
}

TEST(Ejection, takes_none_when_it_is_off) {
  EXPECT_FALSE(may_eject({.enabled = false}, {.members = 4, .healthy = 4, .ejected = 0}));
}

TEST(EjectionHistory, doubles_in_a_row_up_to_the_bound) {
  const model::Ejection rule{.base_time = 10s, .max_time = 60s};
  EjectionHistory history;
  Instant now(100s);
  for (const Duration expected : {10s, 20s, 40s, 60s, 60s}) {
    EXPECT_EQ(history.begin(rule, now), expected);
    now += expected + 1s;  // fails again soon after it is back
  }
}

TEST(EjectionHistory, begins_anew_for_an_endpoint_that_held_out) {
  const model::Ejection rule{.base_time = 10s, .max_time = 60s};
  EjectionHistory history;
  EXPECT_EQ(history.begin(rule, Instant(0s)), 10s);   // until 10 s
  EXPECT_EQ(history.begin(rule, Instant(20s)), 20s);  // 10 s after it: in a row; until 40 s
  EXPECT_EQ(history.begin(rule, Instant(61s)), 10s);  // 21 s after it
}

TEST(EjectionHistory, survives_times_that_cannot_be_doubled) {
  const model::Ejection rule{.base_time = Duration::max() - 1s, .max_time = Duration::max() / 2};
  EjectionHistory history;
  EXPECT_EQ(history.begin(rule, Instant(0s)), Duration::max() / 2);
  EXPECT_EQ(history.begin(rule, Instant(1s)), Duration::max() / 2);
}

}  // namespace
}  // namespace causeway::upstream
