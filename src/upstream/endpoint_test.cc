// SPDX-License-Identifier: Apache-2.0
#include "upstream/endpoint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <thread>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "upstream/internal/test_pool.h"

namespace causeway::upstream {
namespace {

using std::chrono_literals::operator""s;

EndpointPtr make_one(std::size_t workers = 1) {
  return make_endpoint(base::EndpointId(4), numbered_address(1), workers, Instant(3s));
}

TEST(Endpoint, begins_healthy_and_unproven) {
  const auto endpoint = make_one();
  EXPECT_EQ(endpoint->state(), EndpointState::healthy);
  EXPECT_EQ(endpoint->reason(), StateReason::unproven);
  EXPECT_EQ(endpoint->since(), Instant(3s));
  EXPECT_EQ(endpoint->name(), "10.0.0.1:80");
  EXPECT_EQ(endpoint->id(), base::EndpointId(4));
}

TEST(Endpoint, a_change_of_state_keeps_reason_time_and_count) {
  const auto endpoint = make_one();
  endpoint->change_state(EndpointState::unhealthy, StateReason::check_failed, Instant(9s));
  EXPECT_EQ(endpoint->state(), EndpointState::unhealthy);
  EXPECT_EQ(endpoint->reason(), StateReason::check_failed);
  EXPECT_EQ(endpoint->since(), Instant(9s));
  EXPECT_EQ(endpoint->changes(StateReason::check_failed), 1U);
  EXPECT_EQ(endpoint->changes(StateReason::check_passed), 0U);
}

TEST(Endpoint, every_state_and_reason_has_a_name_of_its_own) {
  EXPECT_EQ(name_of(EndpointState::healthy), "healthy");
  EXPECT_EQ(name_of(EndpointState::unhealthy), "unhealthy");
  EXPECT_EQ(name_of(EndpointState::ejected), "ejected");
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < kStateReasonCount; ++i)
    names.push_back(name_of(static_cast<StateReason>(i)));
  std::ranges::sort(names);
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
}

TEST(Endpoint, without_a_bound_slots_are_not_counted) {
  const auto endpoint = make_one();
  EXPECT_EQ(endpoint->take_slot(), Endpoint::Slot::uncounted);
  EXPECT_TRUE(endpoint->has_free_slot());
}

TEST(Endpoint, lets_exactly_its_bound_in) {
  const auto endpoint = make_one();
  endpoint->set_max_connections(2);
  EXPECT_EQ(endpoint->take_slot(), Endpoint::Slot::counted);
  EXPECT_TRUE(endpoint->has_free_slot());
  EXPECT_EQ(endpoint->take_slot(), Endpoint::Slot::counted);
  EXPECT_FALSE(endpoint->has_free_slot());
  EXPECT_EQ(endpoint->take_slot(), Endpoint::Slot::none);
  endpoint->give_back_slot();
  EXPECT_EQ(endpoint->take_slot(), Endpoint::Slot::counted);
}

TEST(Endpoint, active_is_the_sum_over_workers_and_never_negative) {
  const auto endpoint = make_one(3);
  endpoint->cell(base::WorkerId(0)).active.set(2);
  endpoint->cell(base::WorkerId(2)).active.set(5);
  EXPECT_EQ(endpoint->active(), 7U);
  endpoint->cell(base::WorkerId(1)).active.set(-9);  // as seen between two cells' reads
  EXPECT_EQ(endpoint->active(), 0U);
}

TEST(Endpoint, counts_failures_in_a_row) {
  const auto endpoint = make_one();
  EXPECT_EQ(endpoint->add_failure(), 1U);
  EXPECT_EQ(endpoint->add_failure(), 2U);
  endpoint->forget_failures();
  EXPECT_EQ(endpoint->failures(), 0U);
  EXPECT_EQ(endpoint->add_failure(), 1U);
}

TEST(Endpoint, marks_of_waiting_workers_are_taken_once) {
  const auto endpoint = make_one();
  endpoint->mark_waiting(base::WorkerId(1));
  endpoint->mark_waiting(base::WorkerId(1));
  endpoint->mark_waiting(base::WorkerId(3));
  EXPECT_EQ(endpoint->waiting(), 0b1010U);
  EXPECT_EQ(endpoint->take_waiting(0b0010), 0b0010U);
  EXPECT_EQ(endpoint->take_waiting(~std::uint64_t{0}), 0b1000U);
  EXPECT_EQ(endpoint->waiting(), 0U);
  EXPECT_EQ(Endpoint::waiting_bit(base::WorkerId(65)), Endpoint::waiting_bit(base::WorkerId(1)));
}

// Enters and leaves many times; `most` becomes the largest number that was inside at once.
void come_and_go(Endpoint& endpoint, std::atomic<std::uint32_t>& inside,
                 std::atomic<std::uint32_t>& most) {
  for (int round = 0; round < 20000; ++round) {
    if (endpoint.take_slot() == Endpoint::Slot::none) continue;
    const std::uint32_t now = inside.fetch_add(1) + 1;
    std::uint32_t seen = most.load();
    while (now > seen && !most.compare_exchange_weak(seen, now)) {
    }
    inside.fetch_sub(1);
    endpoint.give_back_slot();
  }
}

TEST(Endpoint, holds_its_bound_against_threads) {
  const auto endpoint = make_one();
  constexpr std::uint32_t kMax = 3;
  endpoint->set_max_connections(kMax);
  std::atomic<std::uint32_t> inside = 0;
  std::atomic<std::uint32_t> most = 0;
  {
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { come_and_go(*endpoint, inside, most); });
  }
  EXPECT_LE(most.load(), kMax);
  EXPECT_GE(most.load(), 1U);
  EXPECT_EQ(endpoint->take_slot(), Endpoint::Slot::counted);
}

}  // namespace
}  // namespace causeway::upstream
