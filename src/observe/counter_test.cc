// SPDX-License-Identifier: Apache-2.0
#include "observe/counter.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <thread>

#include "base/error.h"
#include "observe/reason_counters.h"

namespace causeway::observe {
namespace {

TEST(Counter, adds_what_it_is_told_and_one_otherwise) {
  Counter counter;
  EXPECT_EQ(counter.value(), 0U);
  counter.add();
  counter.add(41);
  EXPECT_EQ(counter.value(), 42U);
}

TEST(Counter, another_thread_reads_while_its_worker_writes_and_never_sees_it_shrink) {
  constexpr std::uint64_t kAdditions = 200'000;
  Counter counter;
  std::jthread worker([&counter] {
    for (std::uint64_t i = 0; i < kAdditions; ++i) counter.add(3);
  });
  std::uint64_t last = 0;
  while (last < kAdditions * 3) {
    const std::uint64_t seen = counter.value();
    ASSERT_GE(seen, last);
    ASSERT_EQ(seen % 3, 0U);
    last = seen;
  }
  EXPECT_EQ(last, kAdditions * 3);
}

TEST(Gauge, goes_up_and_down_and_below_zero) {
  Gauge gauge;
  gauge.add(5);
  gauge.subtract();
  EXPECT_EQ(gauge.value(), 4);
  gauge.subtract(10);
  EXPECT_EQ(gauge.value(), -6);
  gauge.set(7);
  EXPECT_EQ(gauge.value(), 7);
}

TEST(ReasonCounters, count_each_code_apart_up_to_the_last) {
  ReasonCounters reasons;
  reasons.add(Errc::would_block);
  reasons.add(Errc::source_limit, 4);
  reasons.add(Errc::system);
  EXPECT_EQ(reasons.value(Errc::would_block), 1U);
  EXPECT_EQ(reasons.value(Errc::source_limit), 4U);
  EXPECT_EQ(reasons.value(Errc::system), 1U);
  EXPECT_EQ(reasons.value(Errc::total_limit), 0U);
  EXPECT_EQ(reasons.total(), 6U);
}

}  // namespace
}  // namespace causeway::observe
