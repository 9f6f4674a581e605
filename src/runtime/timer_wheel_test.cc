// SPDX-License-Identifier: Apache-2.0
#include "runtime/timer_wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "sim/seeds.h"

namespace causeway::runtime {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant kOrigin{std::chrono::hours(1)};

// Writes down that it expired, and may arm itself again.
class NotingTimer final : public Timer {
 public:
  NotingTimer(std::uint32_t id, std::vector<std::uint32_t>& expired)
      : id_(id), expired_(&expired) {}
  void arm_again_on(TimerWheel& wheel, Instant at, int times) {
    wheel_ = &wheel;
    again_at_ = at;
    times_ = times;
  }

 private:
  void on_expired() noexcept override {
    expired_->push_back(id_);
    if (times_ > 0) {
      --times_;
      wheel_->arm(*this, again_at_);
    }
  }
  std::uint32_t id_;
  std::vector<std::uint32_t>* expired_;
  TimerWheel* wheel_ = nullptr;
  Instant again_at_{};
  int times_ = 0;
};

class TimerWheelTest : public ::testing::Test {
 protected:
  NotingTimer timer(std::uint32_t id) { return {id, expired_}; }
  std::vector<std::uint32_t> expired_;
  TimerWheel wheel_{kOrigin};
};

TEST_F(TimerWheelTest, empty_it_has_no_next) {
  EXPECT_EQ(wheel_.next(), base::kNever);
  EXPECT_EQ(wheel_.advance(kOrigin + hours(1)), 0U);
  EXPECT_EQ(wheel_.count_armed(), 0U);
}

TEST_F(TimerWheelTest, expires_at_the_first_tick_not_before_the_time) {
  NotingTimer a = timer(1);
  wheel_.arm(a, kOrigin + milliseconds(5) + Duration(1));
  EXPECT_TRUE(a.is_armed());
  EXPECT_EQ(wheel_.next(), kOrigin + milliseconds(6));
  EXPECT_EQ(wheel_.advance(kOrigin + milliseconds(5) + Duration(999'999)), 0U);
  EXPECT_EQ(wheel_.advance(kOrigin + milliseconds(6)), 1U);
  EXPECT_FALSE(a.is_armed());
}

TEST_F(TimerWheelTest, a_time_that_has_passed_expires_with_the_next_advance) {
  wheel_.advance(kOrigin + seconds(10));
  NotingTimer a = timer(1);
  wheel_.arm(a, kOrigin + seconds(3));
  EXPECT_EQ(wheel_.advance(kOrigin + seconds(10)), 1U);
}

TEST_F(TimerWheelTest, time_before_its_origin_or_standing_still_changes_nothing) {
  NotingTimer a = timer(1);
  wheel_.arm(a, kOrigin + milliseconds(1));
  EXPECT_EQ(wheel_.advance(kOrigin - seconds(1)), 0U);
  EXPECT_EQ(wheel_.advance(kOrigin), 0U);
  EXPECT_EQ(wheel_.advance(kOrigin + milliseconds(1)), 1U);
  EXPECT_EQ(wheel_.advance(kOrigin), 0U);
}

TEST_F(TimerWheelTest, disarmed_or_destroyed_it_does_not_expire) {
  NotingTimer a = timer(1);
  wheel_.arm(a, kOrigin + milliseconds(5));
  TimerWheel::disarm(a);
  {
    NotingTimer b = timer(2);
    wheel_.arm(b, kOrigin + milliseconds(5));
  }
  EXPECT_EQ(wheel_.count_armed(), 0U);
  EXPECT_EQ(wheel_.advance(kOrigin + seconds(1)), 0U);
}

TEST_F(TimerWheelTest, armed_again_it_moves) {
  NotingTimer a = timer(1);
  wheel_.arm(a, kOrigin + milliseconds(5));
  wheel_.arm(a, kOrigin + seconds(5));
  EXPECT_EQ(wheel_.count_armed(), 1U);
  EXPECT_EQ(wheel_.advance(kOrigin + seconds(4)), 0U);
  EXPECT_EQ(wheel_.advance(kOrigin + seconds(5)), 1U);
}

TEST_F(TimerWheelTest, one_that_arms_itself_for_now_runs_once_a_tick) {
  NotingTimer a = timer(1);
  a.arm_again_on(wheel_, kOrigin, 1000);
  wheel_.arm(a, kOrigin);
  EXPECT_EQ(wheel_.advance(kOrigin), 1U);
  EXPECT_EQ(wheel_.advance(kOrigin), 0U);
  EXPECT_EQ(wheel_.advance(kOrigin + milliseconds(1)), 1U);
  TimerWheel::disarm(a);
}

TEST_F(TimerWheelTest, a_timer_may_disarm_another_that_is_due_at_the_same_tick) {
  class Disarming final : public Timer {
   public:
    explicit Disarming(Timer& other) : other_(other) {}

   private:
    void on_expired() noexcept override { TimerWheel::disarm(other_); }
    Timer& other_;
  };
  NotingTimer b = timer(2);
  Disarming a(b);
  wheel_.arm(a, kOrigin + milliseconds(1));
  wheel_.arm(b, kOrigin + milliseconds(1));
  EXPECT_EQ(wheel_.advance(kOrigin + milliseconds(1)), 1U);
  EXPECT_TRUE(expired_.empty());
}

TEST_F(TimerWheelTest, expires_in_order_of_time_across_all_levels) {
  std::vector<std::unique_ptr<NotingTimer>> timers;
  for (std::uint32_t level = 0; level < 6; ++level) {
    const auto id = 5 - level;  // the farthest is armed first
    timers.push_back(std::make_unique<NotingTimer>(id, expired_));
    wheel_.arm(*timers.back(), kOrigin + milliseconds((std::int64_t{1} << (6 * id)) + 3));
  }
  EXPECT_EQ(wheel_.advance(kOrigin + hours(24 * 365 * 2)), 6U);
  EXPECT_EQ(expired_, (std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5}));
}

TEST_F(TimerWheelTest, beyond_its_range_a_timer_expires_at_the_end_of_the_range) {
  NotingTimer a = timer(1);
  NotingTimer b = timer(2);
  wheel_.arm(a, base::kNever);
  wheel_.arm(b, Instant(Duration(std::numeric_limits<std::int64_t>::max() - 1)));
  const Instant end = kOrigin + milliseconds(TimerWheel::kTicksMax);
  EXPECT_EQ(wheel_.advance(end - milliseconds(1)), 0U);
  EXPECT_EQ(wheel_.advance(end), 2U);
}

// Every 2^36 ms the top level begins a new round.
TEST_F(TimerWheelTest, times_on_both_sides_of_a_full_round_keep_their_order) {
  const Instant round = kOrigin + milliseconds(TimerWheel::kTicksMax + 1);
  wheel_.advance(round - seconds(5));
  NotingTimer after = timer(2);
  NotingTimer before = timer(1);
  wheel_.arm(after, round + seconds(10));
  wheel_.arm(before, round - seconds(1));
  EXPECT_EQ(wheel_.advance(round), 1U);
  EXPECT_EQ(wheel_.advance(round + seconds(9)), 0U);
  EXPECT_EQ(wheel_.advance(round + seconds(10)), 1U);
  EXPECT_EQ(expired_, (std::vector<std::uint32_t>{1, 2}));
}

TEST_F(TimerWheelTest, a_timer_armed_in_the_last_tick_of_a_round_waits_its_time) {
  const Instant last = kOrigin + milliseconds(TimerWheel::kTicksMax);
  wheel_.advance(last - milliseconds(1));
  NotingTimer a = timer(1);
  a.arm_again_on(wheel_, last + seconds(10), 1);
  wheel_.arm(a, last);
  EXPECT_EQ(wheel_.advance(last), 1U);
  EXPECT_EQ(wheel_.advance(last + seconds(9)), 0U);
  EXPECT_EQ(wheel_.advance(last + seconds(10)), 1U);
}

// The same by a sorted map: slow and plain.
class Model {
 public:
  void arm(std::uint32_t id, std::uint64_t tick) {
    disarm(id);
    by_tick_.emplace(tick, id);
    tick_of_[id] = tick;
  }
  void disarm(std::uint32_t id) {
    const auto found = tick_of_.find(id);
    if (found == tick_of_.end()) return;
    const auto [first, last] = by_tick_.equal_range(found->second);
    by_tick_.erase(
        std::find_if(first, last, [id](const auto& entry) { return entry.second == id; }));
    tick_of_.erase(found);
  }
  // Ids and ticks of what is due, by tick.
  std::vector<std::pair<std::uint64_t, std::uint32_t>> advance(std::uint64_t tick) {
    std::vector<std::pair<std::uint64_t, std::uint32_t>> due;
    while (!by_tick_.empty() && by_tick_.begin()->first <= tick) {
      due.emplace_back(*by_tick_.begin());
      tick_of_.erase(by_tick_.begin()->second);
      by_tick_.erase(by_tick_.begin());
    }
    return due;
  }
  [[nodiscard]] std::size_t size() const { return by_tick_.size(); }
  [[nodiscard]] std::uint64_t next() const { return by_tick_.begin()->first; }

 private:
  std::multimap<std::uint64_t, std::uint32_t> by_tick_;
  std::map<std::uint32_t, std::uint64_t> tick_of_;
};

// A span of chance whose order of magnitude is a matter of chance too: up to about 140 years.
Duration some_span(base::Random& random) {
  const auto magnitude = random.below(62);
  return Duration(static_cast<std::int64_t>(random.next() >> (63 - magnitude)));
}

class AgainstModel {
 public:
  explicit AgainstModel(std::uint64_t seed) : random_(seed) {
    for (std::uint32_t id = 0; id < kTimers; ++id)
      timers_.push_back(std::make_unique<NotingTimer>(id, expired_));
  }
  ~AgainstModel() { timers_.clear(); }
  AgainstModel(const AgainstModel&) = delete;
  AgainstModel& operator=(const AgainstModel&) = delete;

  void run(int steps) {
    for (int step = 0; step < steps && !::testing::Test::HasFailure(); ++step) {
      switch (random_.below(8)) {
        case 0:
          disarm_some();
          break;
        case 1:
        case 2:
          advance_to(now_ + std::min(some_span(random_), Duration(hours(24 * 365))));
          break;
        case 3:
          if (model_.size() > 0) advance_to(std::max(now_, wheel_.next()));
          break;
        default:
          arm_some();
      }
      EXPECT_EQ(wheel_.count_armed(), model_.size());
      if (model_.size() > 0) {
        EXPECT_LE(wheel_.next(), kOrigin + milliseconds(model_.next()));
      }
    }
  }

 private:
  static constexpr std::uint32_t kTimers = 200;

  void arm_some() {
    const std::uint32_t id = random_.below(kTimers);
    const bool in_the_past = random_.below(10) == 0;
    const Instant at = in_the_past ? now_ - std::min(some_span(random_), now_ - kOrigin)
                                   : now_ + some_span(random_);
    const auto rounded_up = static_cast<std::uint64_t>(
        std::max<std::int64_t>(std::chrono::ceil<milliseconds>(at - kOrigin).count(), 0));
    wheel_.arm(*timers_[id], at);
    model_.arm(id, std::clamp(rounded_up, current_, current_ + TimerWheel::kTicksMax));
  }

  void disarm_some() {
    const std::uint32_t id = random_.below(kTimers);
    TimerWheel::disarm(*timers_[id]);
    model_.disarm(id);
  }

  void advance_to(Instant at) {
    now_ = at;
    current_ = static_cast<std::uint64_t>((now_ - kOrigin) / TimerWheel::kTick);
    expired_.clear();
    EXPECT_EQ(wheel_.advance(now_), expired_.size());
    const auto due = model_.advance(current_);
    ASSERT_EQ(expired_.size(), due.size());
    // Those of one tick may come in any order.
    std::map<std::uint32_t, std::uint64_t> tick_of;
    for (const auto& [tick, id] : due) tick_of[id] = tick;
    std::uint64_t before = 0;
    for (const std::uint32_t id : expired_) {
      ASSERT_TRUE(tick_of.contains(id));
      EXPECT_GE(tick_of[id], before);
      before = tick_of[id];
    }
  }

  base::Random random_;
  Instant now_ = kOrigin;
  std::uint64_t current_ = 0;
  std::vector<std::uint32_t> expired_;
  TimerWheel wheel_{kOrigin};
  std::vector<std::unique_ptr<NotingTimer>> timers_;
  Model model_;
};

TEST(TimerWheelModel, arms_disarms_and_expires_as_a_sorted_map_does) {
  for (const std::uint64_t seed : sim::seeds(60)) {
    SCOPED_TRACE(seed);
    AgainstModel(seed).run(1000);
  }
}

TEST(TimerWheelModel, a_million_timers_expire_each_once_and_none_early) {
  class Checking final : public Timer {
   public:
    Instant due{};
    const Instant* now = nullptr;
    std::size_t* early = nullptr;
    std::size_t* count = nullptr;

   private:
    void on_expired() noexcept override {
      ++*count;
      if (*now < due) ++*early;
    }
  };
  constexpr std::size_t kTimers = 1'000'000;
  TimerWheel wheel(kOrigin);
  base::Random random(1);
  Instant now = kOrigin;
  std::size_t early = 0;
  std::size_t count = 0;
  std::vector<Checking> timers(kTimers);
  for (Checking& timer : timers) {
    timer.due = kOrigin + milliseconds(random.below(600'000));
    timer.now = &now;
    timer.early = &early;
    timer.count = &count;
    wheel.arm(timer, timer.due);
  }
  EXPECT_EQ(wheel.count_armed(), kTimers);
  std::size_t wakes = 0;
  while (wheel.next() != base::kNever) {
    now = wheel.next();
    wheel.advance(now);
    ++wakes;
  }
  EXPECT_EQ(count, kTimers);
  EXPECT_EQ(early, 0U);
  // At most one wake for a tick, and one for each slot of the levels above.
  EXPECT_LE(wakes, 600'000U + (600'000U / 64) + (600'000U / 4096) + 10);
}

}  // namespace
}  // namespace causeway::runtime
