// SPDX-License-Identifier: Apache-2.0
#include "base/memory_budget.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <thread>
#include <utility>

#include "base/assert.h"

namespace causeway::base {
namespace {

TEST(MemoryBudget, grants_up_to_its_bound_and_counts_refusals) {
  MemoryBudget budget(100);
  EXPECT_TRUE(budget.try_take(60));
  EXPECT_TRUE(budget.try_take(40));
  EXPECT_FALSE(budget.try_take(1));
  EXPECT_EQ(budget.used_bytes(), 100U);
  EXPECT_EQ(budget.refusals(), 1U);
  budget.give_back(40);
  EXPECT_FALSE(budget.try_take(41));
  EXPECT_TRUE(budget.try_take(40));
  EXPECT_EQ(budget.refusals(), 2U);
  budget.give_back(100);
  EXPECT_EQ(budget.used_bytes(), 0U);
}

TEST(MemoryBudget, a_huge_request_does_not_wrap) {
  MemoryBudget budget(100);
  ASSERT_TRUE(budget.try_take(50));
  EXPECT_FALSE(budget.try_take(std::numeric_limits<std::uint64_t>::max()));
  EXPECT_FALSE(budget.try_take(std::numeric_limits<std::uint64_t>::max() - 49));
  EXPECT_EQ(budget.used_bytes(), 50U);
  budget.give_back(50);
}

// Takes and gives back many times; returns what it holds at the end.
std::uint64_t play_with(MemoryBudget& budget) {
  std::uint64_t held = 0;
  for (int i = 0; i < 10000; ++i) {
    if (budget.try_take(7)) held += 7;
    if (held >= 70) budget.give_back(std::exchange(held, 0));
    CW_ASSERT(budget.used_bytes() <= budget.bytes_max());
  }
  return held;
}

TEST(MemoryBudget, threads_together_never_get_more_than_there_is) {
  MemoryBudget budget(100);
  std::array<std::uint64_t, 4> held{};
  {
    std::array<std::jthread, 4> threads;
    for (std::size_t i = 0; i < threads.size(); ++i) {
      threads[i] = std::jthread([&budget, &mine = held[i]] { mine = play_with(budget); });
    }
  }
  const auto total = std::accumulate(held.begin(), held.end(), std::uint64_t{0});
  EXPECT_EQ(budget.used_bytes(), total);
  budget.give_back(total);
}

TEST(MemoryBudgetDeathTest, giving_back_more_than_was_taken_is_a_bug) {
  EXPECT_DEATH(
      {
        MemoryBudget budget(10);
        budget.give_back(1);
      },
      "before >= bytes");
}

}  // namespace
}  // namespace causeway::base
