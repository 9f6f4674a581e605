// SPDX-License-Identifier: Apache-2.0
#include "base/memory_budget.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <limits>
#include <thread>
#include <vector>

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

TEST(MemoryBudget, threads_together_never_get_more_than_there_is) {
  constexpr std::uint64_t kMax = 1000;
  MemoryBudget budget(kMax);
  std::vector<std::uint64_t> granted(4);
  std::vector<std::thread> threads;
  for (auto& mine : granted) {
    threads.emplace_back([&budget, &mine] {
      for (int i = 0; i < 10000; ++i) {
        if (budget.try_take(7)) mine += 7;
        if (mine >= 70) {
          budget.give_back(mine);
          mine = 0;
        }
        if (budget.used_bytes() > kMax) std::abort();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  std::uint64_t total = 0;
  for (const auto mine : granted) total += mine;
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
