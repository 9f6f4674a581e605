// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>

namespace causeway::base {
namespace {

TEST(Random, the_same_seed_gives_the_same_numbers) {
  Random a(42);
  Random b(42);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(a.next(), b.next());
}

TEST(Random, other_seeds_give_other_numbers) {
  std::set<std::uint64_t> first;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) first.insert(Random(seed).next());
  EXPECT_EQ(first.size(), 1000U);
}

TEST(Random, below_stays_below_and_is_about_uniform) {
  Random random(1);
  std::array<int, 7> counts{};
  constexpr int kDraws = 70000;
  for (int i = 0; i < kDraws; ++i) {
    const auto drawn = random.below(counts.size());
    ASSERT_LT(drawn, counts.size());
    ++counts[drawn];
  }
  for (const int count : counts) {  // 10000 expected, standard deviation 93
    EXPECT_GT(count, 9500);
    EXPECT_LT(count, 10500);
  }
}

TEST(Random, below_one_is_zero) {
  Random random(3);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(random.below(1), 0U);
}

TEST(Random, below_reaches_the_whole_width) {
  Random random(3);
  std::uint32_t highest = 0;
  for (int i = 0; i < 1000; ++i) highest = std::max(highest, random.below(0xffffffffU));
  EXPECT_GT(highest, 0xf0000000U);
}

TEST(Random, unit_lies_in_zero_to_one_with_the_middle_in_the_middle) {
  Random random(2);
  double sum = 0;
  constexpr int kDraws = 10000;
  for (int i = 0; i < kDraws; ++i) {
    const double drawn = random.unit();
    ASSERT_GE(drawn, 0.0);
    ASSERT_LT(drawn, 1.0);
    sum += drawn;
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 0.02);
}

TEST(Random, every_bit_is_set_about_half_the_time) {
  Random random(9);
  std::array<int, 64> ones{};
  constexpr int kDraws = 4096;
  for (int i = 0; i < kDraws; ++i) {
    const std::uint64_t drawn = random.next();
    for (unsigned bit = 0; bit < 64; ++bit) ones[bit] += static_cast<int>((drawn >> bit) & 1U);
  }
  for (const int count : ones) EXPECT_NEAR(count, kDraws / 2.0, 200);  // six standard deviations
}

}  // namespace
}  // namespace causeway::base
