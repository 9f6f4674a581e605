// SPDX-License-Identifier: Apache-2.0
#include "observe/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <thread>
#include <vector>

#include "base/random.h"

namespace causeway::observe {
namespace {

constexpr std::uint64_t kLargest = std::numeric_limits<std::uint64_t>::max();
constexpr double kErrorMax = 0.0625;

static_assert(buckets::index_of(0) == 0);
static_assert(buckets::index_of(7) == 7);
static_assert(buckets::index_of(15) == 15);
static_assert(buckets::index_of(16) == buckets::index_of(17));
static_assert(buckets::index_of(kLargest) == buckets::kCount - 1);
static_assert(sizeof(Histogram) <= 4096);

void expect_near(std::uint64_t got, std::uint64_t exact) {
  const auto want = static_cast<double>(exact);
  EXPECT_LE(std::abs(static_cast<double>(got) - want), want * kErrorMax)
      << "got " << got << " for " << exact;
}

TEST(HistogramBuckets, join_without_gap_or_overlap_over_all_64_bits) {
  for (std::size_t i = 1; i < buckets::kCount; ++i) {
    const std::uint64_t first = buckets::first_of(i);
    ASSERT_EQ(buckets::index_of(first), i);
    ASSERT_EQ(buckets::index_of(first - 1), i - 1);
    ASSERT_EQ(buckets::index_of(buckets::middle_of(i)), i);
  }
  EXPECT_EQ(buckets::first_of(0), 0U);
}

TEST(HistogramBuckets, the_middle_is_within_the_promised_error_of_both_ends) {
  for (std::size_t i = 0; i < buckets::kCount; ++i) {
    const std::uint64_t last = i + 1 < buckets::kCount ? buckets::first_of(i + 1) - 1 : kLargest;
    expect_near(buckets::middle_of(i), buckets::first_of(i));
    expect_near(buckets::middle_of(i), last);
  }
}

TEST(Histogram, is_empty_at_first) {
  const Histogram histogram;
  const auto taken = histogram.snapshot();
  EXPECT_EQ(taken.count(), 0U);
  EXPECT_EQ(taken.sum(), 0U);
  EXPECT_EQ(taken.max(), 0U);
  EXPECT_EQ(taken.percentile(0.5), 0U);
  EXPECT_EQ(taken.count_up_to(kLargest), 0U);
}

TEST(Histogram, keeps_the_extremes_of_the_range) {
  Histogram histogram;
  histogram.record(0);
  histogram.record(kLargest);
  const auto taken = histogram.snapshot();
  EXPECT_EQ(taken.count(), 2U);
  EXPECT_EQ(taken.percentile(0), 0U);
  EXPECT_EQ(taken.percentile(0.5), 0U);
  EXPECT_EQ(taken.percentile(1), kLargest);
  EXPECT_EQ(taken.max(), kLargest);
}

TEST(Histogram, a_single_value_is_every_percentile) {
  Histogram histogram;
  histogram.record(std::chrono::milliseconds(250));
  const auto taken = histogram.snapshot();
  EXPECT_EQ(taken.percentile(0), 250'000'000U);
  EXPECT_EQ(taken.percentile(0.99), 250'000'000U);
  EXPECT_EQ(taken.sum(), 250'000'000U);
}

TEST(Histogram, a_negative_time_counts_as_none) {
  Histogram histogram;
  histogram.record(std::chrono::nanoseconds(-5));
  EXPECT_EQ(histogram.snapshot().count(), 1U);
  EXPECT_EQ(histogram.snapshot().max(), 0U);
}

// The model: every value, sorted.
std::uint64_t exact_percentile(const std::vector<std::uint64_t>& sorted, double fraction) {
  const auto rank = std::ceil(fraction * static_cast<double>(sorted.size()));
  return sorted[std::max<std::size_t>(1, static_cast<std::size_t>(rank)) - 1];
}

// Spread over all magnitudes: a random number of random bits.
std::uint64_t any_value(base::Random& random) { return random.next() >> random.below(64); }

class HistogramModel : public testing::TestWithParam<std::uint64_t> {};

TEST_P(HistogramModel, agrees_with_the_sorted_values_within_the_promised_error) {
  base::Random random(GetParam());
  Histogram histogram;
  std::vector<std::uint64_t> values(1 + random.below(5000));
  std::uint64_t sum = 0;
  for (auto& value : values) {
    value = any_value(random);
    sum += value;
    histogram.record(value);
  }
  std::ranges::sort(values);
  const auto taken = histogram.snapshot();
  EXPECT_EQ(taken.count(), values.size());
  EXPECT_EQ(taken.sum(), sum);
  EXPECT_EQ(taken.max(), values.back());
  for (const double fraction : {0.0, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    expect_near(taken.percentile(fraction), exact_percentile(values, fraction));
  }
}

TEST_P(HistogramModel, counts_up_to_a_bound_all_that_is_clearly_below_and_nothing_clearly_above) {
  base::Random random(GetParam());
  Histogram histogram;
  std::vector<std::uint64_t> values(2000);
  for (auto& value : values) {
    value = any_value(random) >> 20U;  // around the times below
    histogram.record(value);
  }
  const auto taken = histogram.snapshot();
  std::uint64_t before = 0;
  // 100 us to 60 s, in nanoseconds.
  constexpr std::array<std::uint64_t, 8> kBounds{100'000,       1'000'000,     10'000'000,
                                                 100'000'000,   500'000'000,   1'000'000'000,
                                                 5'000'000'000, 60'000'000'000};
  for (const std::uint64_t bound : kBounds) {
    const auto counted = taken.count_up_to(bound);
    const auto limit = static_cast<double>(bound);
    const auto below = std::ranges::count_if(
        values, [limit](auto value) { return static_cast<double>(value) * 1.0625 <= limit; });
    const auto above = std::ranges::count_if(
        values, [limit](auto value) { return static_cast<double>(value) * 0.9375 > limit; });
    EXPECT_GE(counted, static_cast<std::uint64_t>(below));
    EXPECT_LE(counted, values.size() - static_cast<std::uint64_t>(above));
    EXPECT_GE(counted, before);
    before = counted;
  }
  EXPECT_EQ(taken.count_up_to(kLargest), taken.count());
}

TEST_P(HistogramModel, merged_parts_equal_the_whole) {
  base::Random random(GetParam());
  Histogram whole;
  std::array<Histogram, 3> parts;
  for (int i = 0; i < 3000; ++i) {
    const std::uint64_t value = any_value(random);
    whole.record(value);
    parts[random.below(parts.size())].record(value);
  }
  HistogramSnapshot merged = parts[0].snapshot();
  merged.merge(parts[1].snapshot());
  parts[2].add_to(merged);
  const auto expected = whole.snapshot();
  EXPECT_EQ(merged.count(), expected.count());
  EXPECT_EQ(merged.sum(), expected.sum());
  EXPECT_EQ(merged.max(), expected.max());
  for (std::size_t i = 0; i < buckets::kCount; ++i) {
    ASSERT_EQ(merged.count_up_to(buckets::middle_of(i)),
              expected.count_up_to(buckets::middle_of(i)));
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, HistogramModel, testing::Range<std::uint64_t>(1, 21));

TEST(Histogram, another_thread_takes_snapshots_while_its_worker_records) {
  constexpr std::uint64_t kRecords = 100'000;
  Histogram histogram;
  std::jthread worker([&histogram] {
    for (std::uint64_t i = 0; i < kRecords; ++i) histogram.record(i % 1000);
  });
  std::uint64_t last = 0;
  while (last < kRecords) {
    const auto taken = histogram.snapshot();
    ASSERT_GE(taken.count(), last);
    ASSERT_LE(taken.percentile(0.99), 999U);
    last = taken.count();
  }
  EXPECT_EQ(last, kRecords);
}

}  // namespace
}  // namespace causeway::observe
