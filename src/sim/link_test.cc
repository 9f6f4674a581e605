// SPDX-License-Identifier: Apache-2.0
#include "sim/link.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "base/random.h"
#include "base/time.h"
#include "sim/fake_clock.h"
#include "sim/timeline.h"

namespace causeway::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant kNow = FakeClock::kStart;

class LinkTest : public ::testing::Test {
 protected:
  Timeline timeline_;
  base::Random random_{1};
  std::string arrived_;
};

TEST_F(LinkTest, delays_everything_alike) {
  Link link(timeline_, {.delay = milliseconds(7)});
  EXPECT_EQ(link.arrival(kNow, 1, random_), kNow + milliseconds(7));
  EXPECT_EQ(link.arrival(kNow, 1'000'000, random_), kNow + milliseconds(7));
  EXPECT_EQ(link.queued_bytes(kNow), 0U);
}

TEST_F(LinkTest, with_a_rate_bytes_wait_for_those_before_them) {
  Link link(timeline_, {.delay = milliseconds(7), .bytes_per_second = 1000});
  EXPECT_EQ(link.arrival(kNow, 500, random_), kNow + milliseconds(507));
  EXPECT_EQ(link.arrival(kNow, 500, random_), kNow + milliseconds(1007));
  EXPECT_EQ(link.queued_bytes(kNow), 1000U);
  EXPECT_EQ(link.queued_bytes(kNow + milliseconds(250)), 750U);
  EXPECT_EQ(link.arrival(kNow + seconds(5), 100, random_), kNow + milliseconds(5107));
}

TEST_F(LinkTest, jitter_adds_up_to_its_size) {
  Link link(timeline_, {.delay = milliseconds(7), .jitter = milliseconds(10)});
  Instant first = base::kNever;
  Instant last = Instant::min();
  for (int i = 0; i < 1000; ++i) {
    const Instant arrives = link.arrival(kNow, 1, random_);
    first = std::min(first, arrives);
    last = std::max(last, arrives);
  }
  EXPECT_GE(first, kNow + milliseconds(7));
  EXPECT_LT(first, kNow + milliseconds(8));
  EXPECT_LE(last, kNow + milliseconds(17));
  EXPECT_GT(last, kNow + milliseconds(16));
}

TEST_F(LinkTest, cut_it_holds_what_arrives_and_healed_gives_it_in_order) {
  Link link(timeline_, {.delay = milliseconds(7)});
  link.carry(kNow + milliseconds(1), [this] { arrived_ += 'a'; });
  link.carry(kNow + milliseconds(2), [this] { arrived_ += 'b'; });
  link.cut();
  timeline_.run_due(kNow + seconds(1));
  EXPECT_EQ(arrived_, "");
  link.heal(kNow + seconds(1));
  timeline_.run_due(kNow + seconds(1));
  EXPECT_EQ(arrived_, "");
  timeline_.run_due(kNow + seconds(1) + milliseconds(7));
  EXPECT_EQ(arrived_, "ab");
}

TEST_F(LinkTest, cut_again_before_it_delivered_it_holds_on) {
  Link link(timeline_, {.delay = milliseconds(7)});
  link.carry(kNow, [this] { arrived_ += 'a'; });
  link.cut();
  timeline_.run_due(kNow);
  link.heal(kNow);
  link.cut();
  timeline_.run_due(kNow + seconds(1));
  EXPECT_EQ(arrived_, "");
  link.heal(kNow + seconds(1));
  timeline_.run_due(kNow + seconds(2));
  EXPECT_EQ(arrived_, "a");
}

}  // namespace
}  // namespace causeway::sim
