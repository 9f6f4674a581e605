// SPDX-License-Identifier: Apache-2.0
#include "os/process.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/time.h"
#include "os/cpu.h"
#include "os/entropy.h"
#include "os/stream_socket.h"
#include "os/system_clock.h"

namespace causeway::os {
namespace {

TEST(Process, raises_the_soft_limit_of_descriptors_to_the_hard_one) {
  rlimit saved{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &saved), 0);
  rlimit low = saved;
  low.rlim_cur = std::min<rlim_t>(saved.rlim_max, 64);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(raise_descriptor_limit(), saved.rlim_max);
  rlimit now{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &now), 0);
  EXPECT_EQ(now.rlim_cur, saved.rlim_max);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &saved), 0);
}

TEST(Process, resident_memory_grows_with_what_is_touched) {
  const std::uint64_t before = resident_bytes();
  ASSERT_GT(before, 0U);
  constexpr std::size_t kBlockBytes = 64UL * 1024 * 1024;
  const std::vector<char> block(kBlockBytes, 'x');
  EXPECT_GT(resident_bytes(), before + (kBlockBytes / 2));
  EXPECT_EQ(block.back(), 'x');
}

TEST(Process, a_write_to_a_broken_connection_is_an_error_and_not_the_end) {
  ignore_broken_pipes();
  StreamPair pair = stream_pair().value();
  pair.b.close();
  EXPECT_EQ(write_some(pair.a, base::as_bytes("x")).error().code, Errc::closed);
}

TEST(Cpu, usable_cores_are_ascending_and_a_thread_can_be_pinned_to_each) {
  const auto cores = usable_cores();
  ASSERT_FALSE(cores.empty());
  EXPECT_TRUE(std::ranges::is_sorted(cores));
  std::jthread([&] {
    name_this_thread("a name that is longer than fifteen");
    for (const std::uint32_t core : cores) {
      EXPECT_TRUE(pin_this_thread(core).has_value());
      EXPECT_EQ(usable_cores(), std::vector<std::uint32_t>{core});
    }
  }).join();
  EXPECT_EQ(usable_cores(), cores);
}

TEST(Cpu, a_core_that_does_not_exist_is_an_error) {
  const auto pinned = pin_this_thread(1'000'000);
  ASSERT_FALSE(pinned.has_value());
  EXPECT_EQ(pinned.error().code, Errc::out_of_range);
  std::jthread([] { EXPECT_FALSE(pin_this_thread(1023).has_value()); }).join();
}

TEST(Entropy, seeds_differ) {
  std::set<std::uint64_t> seeds;
  for (int i = 0; i < 100; ++i) seeds.insert(random_seed().value());
  EXPECT_EQ(seeds.size(), 100U);
}

TEST(SystemClock, never_goes_back) {
  const SystemClock clock;
  Instant last = clock.now();
  for (int i = 0; i < 1000; ++i) {
    const Instant now = clock.now();
    EXPECT_GE(now, last);
    last = now;
  }
  EXPECT_GT(clock.wall_now(), WallTime(std::chrono::sys_days(std::chrono::year{2024} / 1 / 1)));
}

}  // namespace
}  // namespace causeway::os
