// SPDX-License-Identifier: Apache-2.0
#include "upstream/resolve_schedule.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "model/snapshot.h"

namespace causeway::upstream {
namespace {

using namespace std::chrono_literals;

constexpr model::Dns kRule{.ttl_min = 5s, .ttl_max = 60s};

TEST(ResolveSchedule, keeps_an_answer_for_its_ttl_within_bounds) {
  ResolveSchedule schedule;
  EXPECT_EQ(schedule.after_answer(kRule, 30s), 30s);
  EXPECT_EQ(schedule.after_answer(kRule, 0s), 5s);
  EXPECT_EQ(schedule.after_answer(kRule, 24h), 60s);
}

TEST(ResolveSchedule, asks_ever_more_rarely_while_nobody_answers) {
  ResolveSchedule schedule;
  base::Random random(1);
  for (const Duration expected : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
    const Duration wait = schedule.after_failure(kRule, random);
    EXPECT_GE(wait, expected * 9 / 10);
    EXPECT_LE(wait, expected * 11 / 10);
  }
}

TEST(ResolveSchedule, an_answer_ends_the_backing_off) {
  ResolveSchedule schedule;
  base::Random random(1);
  for (int i = 0; i < 5; ++i) static_cast<void>(schedule.after_failure(kRule, random));
  static_cast<void>(schedule.after_answer(kRule, 10s));
  EXPECT_LE(schedule.after_failure(kRule, random), 1100ms);
}

}  // namespace
}  // namespace causeway::upstream
