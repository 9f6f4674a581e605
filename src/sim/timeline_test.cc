// SPDX-License-Identifier: Apache-2.0
#include "sim/timeline.h"

#include <gtest/gtest.h>

#include <string>

#include "base/time.h"
#include "sim/fake_clock.h"

namespace causeway::sim {
namespace {

TEST(Timeline, runs_what_is_due_by_time_and_then_as_it_was_planned) {
  Timeline timeline;
  std::string ran;
  const Instant start = FakeClock::kStart;
  timeline.at(start + Duration(2), [&] { ran += 'c'; });
  timeline.at(start + Duration(1), [&] { ran += 'a'; });
  timeline.at(start + Duration(1), [&] { ran += 'b'; });
  timeline.at(start + Duration(3), [&] { ran += 'd'; });
  EXPECT_EQ(timeline.next(), start + Duration(1));
  EXPECT_EQ(timeline.run_due(start), 0U);
  EXPECT_EQ(timeline.run_due(start + Duration(2)), 3U);
  EXPECT_EQ(ran, "abc");
  EXPECT_EQ(timeline.planned(), 1U);
}

TEST(Timeline, what_is_planned_for_now_while_running_runs_too) {
  Timeline timeline;
  int ran = 0;
  timeline.at(FakeClock::kStart, [&] { timeline.at(FakeClock::kStart, [&] { ++ran; }); });
  EXPECT_EQ(timeline.run_due(FakeClock::kStart), 2U);
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(timeline.next(), base::kNever);
}

}  // namespace
}  // namespace causeway::sim
