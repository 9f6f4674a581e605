// SPDX-License-Identifier: Apache-2.0
#include "proxy/admission.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "model/listener.h"
#include "model/snapshot.h"

namespace causeway::proxy {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kKey = 42;
constexpr Instant kNow = Instant(1h);
constexpr std::uint64_t kManyDescriptors = 1'000'000;

const base::ListenerId kFirst(0);
const base::ListenerId kSecond(1);

base::IpAddress ip(std::uint8_t last) { return base::IpAddress::from_v4({192, 0, 2, last}); }

model::Snapshot two_listeners() {
  model::Snapshot snapshot;
  snapshot.listeners.resize(2);
  return snapshot;
}

Errc refusal(Admission& admission, base::ListenerId listener, const base::IpAddress& source,
             Instant now = kNow) {
  const auto ticket = admission.enter(listener, source, now);
  EXPECT_FALSE(ticket.has_value());
  return ticket ? Errc::system : ticket.error().code;
}

TEST(Admission, descriptors_bound_connections_when_the_configuration_does_not) {
  model::Snapshot snapshot = two_listeners();
  snapshot.limits.descriptor_reserve = 64;
  EXPECT_EQ(Admission(snapshot, 1064, kKey).connections_max(), 500U);
  EXPECT_EQ(Admission(snapshot, 1065, kKey).connections_max(), 500U);
  EXPECT_EQ(Admission(snapshot, 64, kKey).connections_max(), 1U);
  EXPECT_EQ(Admission(snapshot, 0, kKey).connections_max(), 1U);
}

TEST(Admission, the_configured_bound_holds_unless_the_descriptors_do_not_reach) {
  model::Snapshot snapshot = two_listeners();
  snapshot.limits.max_connections = 100;
  EXPECT_EQ(Admission(snapshot, 20'000, kKey).connections_max(), 100U);
  EXPECT_EQ(Admission(snapshot, 164, kKey).connections_max(), 50U);
}

TEST(Admission, the_total_is_exact_and_a_ticket_gives_its_place_back) {
  model::Snapshot snapshot = two_listeners();
  snapshot.limits.max_connections = 2;
  Admission admission(snapshot, kManyDescriptors, kKey);
  auto one = admission.enter(kFirst, ip(1), kNow);
  ASSERT_TRUE(one);
  {
    const auto two = admission.enter(kSecond, ip(2), kNow);
    ASSERT_TRUE(two);
    EXPECT_EQ(admission.connections(), 2U);
    EXPECT_EQ(refusal(admission, kFirst, ip(3)), Errc::total_limit);
    EXPECT_EQ(admission.connections(), 2U);
  }
  EXPECT_EQ(admission.connections(), 1U);
  EXPECT_TRUE(admission.enter(kFirst, ip(3), kNow));
}

TEST(Admission, a_moved_ticket_is_given_back_once) {
  model::Snapshot snapshot = two_listeners();
  Admission admission(snapshot, kManyDescriptors, kKey);
  {
    auto ticket = admission.enter(kFirst, ip(1), kNow);
    ASSERT_TRUE(ticket);
    const Ticket moved = *std::move(ticket);
    EXPECT_EQ(admission.connections(), 1U);
  }
  EXPECT_EQ(admission.connections(), 0U);
}

TEST(Admission, a_listener_s_bound_is_its_own) {
  model::Snapshot snapshot = two_listeners();
  snapshot.listeners[0].max_connections = 1;
  Admission admission(snapshot, kManyDescriptors, kKey);
  const auto ticket = admission.enter(kFirst, ip(1), kNow);
  ASSERT_TRUE(ticket);
  EXPECT_EQ(refusal(admission, kFirst, ip(2)), Errc::listener_limit);
  EXPECT_TRUE(admission.enter(kSecond, ip(2), kNow));
  EXPECT_EQ(admission.connections(), 1U);
}

TEST(Admission, a_datagram_listener_without_a_bound_has_one) {
  model::Snapshot snapshot = two_listeners();
  snapshot.listeners[0].protocol = model::Protocol::udp;
  Admission admission(snapshot, kManyDescriptors, kKey);
  std::vector<Ticket> tickets;
  for (int i = 0; i < 65536; ++i) {
    auto ticket = admission.enter(kFirst, ip(1), kNow);
    ASSERT_TRUE(ticket);
    tickets.push_back(*std::move(ticket));
  }
  EXPECT_EQ(refusal(admission, kFirst, ip(1)), Errc::listener_limit);
  EXPECT_TRUE(admission.enter(kSecond, ip(1), kNow));
}

TEST(Admission, a_source_is_bounded_over_all_listeners) {
  model::Snapshot snapshot = two_listeners();
  snapshot.limits.max_connections_per_source = 2;
  Admission admission(snapshot, kManyDescriptors, kKey);
  std::optional<Result<Ticket>> one(admission.enter(kFirst, ip(1), kNow));
  const auto two = admission.enter(kSecond, ip(1), kNow);
  ASSERT_TRUE(one->has_value());
  ASSERT_TRUE(two);
  EXPECT_EQ(refusal(admission, kFirst, ip(1)), Errc::source_limit);
  EXPECT_EQ(admission.connections(), 2U);
  EXPECT_TRUE(admission.enter(kFirst, ip(2), kNow));
  one.reset();
  EXPECT_TRUE(admission.enter(kSecond, ip(1), kNow));
}

TEST(Admission, a_listener_may_bound_its_sources_more_narrowly) {
  model::Snapshot snapshot = two_listeners();
  snapshot.limits.max_connections_per_source = 2;
  snapshot.listeners[0].max_connections_per_source = 1;
  Admission admission(snapshot, kManyDescriptors, kKey);
  const auto one = admission.enter(kFirst, ip(1), kNow);
  ASSERT_TRUE(one);
  EXPECT_EQ(refusal(admission, kFirst, ip(1)), Errc::source_limit);
  // The refusal counted nowhere: one more place is free elsewhere, and no more than one.
  const auto two = admission.enter(kSecond, ip(1), kNow);
  ASSERT_TRUE(two);
  EXPECT_EQ(refusal(admission, kSecond, ip(1)), Errc::source_limit);
}

TEST(Admission, a_unix_socket_has_no_source_to_bound) {
  model::Snapshot snapshot = two_listeners();
  snapshot.limits.max_connections_per_source = 1;
  Admission admission(snapshot, kManyDescriptors, kKey);
  const auto one = admission.enter(kFirst, base::IpAddress(), kNow);
  const auto two = admission.enter(kFirst, base::IpAddress(), kNow);
  EXPECT_TRUE(one);
  EXPECT_TRUE(two);
}

TEST(Admission, the_accept_rate_is_shared_by_all_listeners) {
  model::Snapshot snapshot = two_listeners();
  snapshot.limits.accept_rate = 2;
  Admission admission(snapshot, kManyDescriptors, kKey);
  EXPECT_TRUE(admission.enter(kFirst, ip(1), kNow));
  EXPECT_TRUE(admission.enter(kSecond, ip(1), kNow));
  EXPECT_EQ(refusal(admission, kFirst, ip(1)), Errc::accept_rate);
  EXPECT_EQ(refusal(admission, kSecond, ip(1), kNow + 499ms), Errc::accept_rate);
  EXPECT_TRUE(admission.enter(kSecond, ip(1), kNow + 500ms));
  EXPECT_EQ(admission.connections(), 0U);
}

TEST(Admission, a_listener_s_refusal_uses_up_nothing_of_the_common_rate) {
  model::Snapshot snapshot = two_listeners();
  snapshot.limits.accept_rate = 2;
  snapshot.listeners[0].accept_rate = 1;
  Admission admission(snapshot, kManyDescriptors, kKey);
  EXPECT_TRUE(admission.enter(kFirst, ip(1), kNow));
  EXPECT_EQ(refusal(admission, kFirst, ip(1)), Errc::accept_rate);
  EXPECT_EQ(refusal(admission, kFirst, ip(1)), Errc::accept_rate);
  EXPECT_TRUE(admission.enter(kSecond, ip(1), kNow));
  EXPECT_EQ(refusal(admission, kSecond, ip(1)), Errc::accept_rate);
}

TEST(Admission, who_is_refused_for_room_uses_up_no_rate) {
  model::Snapshot snapshot = two_listeners();
  snapshot.limits.accept_rate = 2;
  snapshot.limits.max_connections_per_source = 1;
  Admission admission(snapshot, kManyDescriptors, kKey);
  const auto ticket = admission.enter(kFirst, ip(1), kNow);
  ASSERT_TRUE(ticket);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(refusal(admission, kFirst, ip(1)), Errc::source_limit);
  EXPECT_TRUE(admission.enter(kFirst, ip(2), kNow));
}

// Four threads enter and leave at random; none of the bounds may ever be passed.
TEST(Admission, workers_together_never_pass_a_bound) {
  constexpr std::size_t kSources = 5;
  constexpr int kPerSource = 3;
  constexpr int kTotal = 12;
  model::Snapshot snapshot = two_listeners();
  snapshot.limits.max_connections = kTotal;
  snapshot.limits.max_connections_per_source = kPerSource;
  snapshot.listeners[0].accept_rate = 1'000'000'000;
  Admission admission(snapshot, kManyDescriptors, kKey);
  std::atomic<int> entered = 0;
  std::atomic<int> inside = 0;
  std::array<std::atomic<int>, kSources> inside_of_source{};
  std::atomic<bool> was_passed = false;

  const auto work = [&](std::size_t worker) {
    std::vector<std::pair<Ticket, std::size_t>> held;
    for (std::size_t round = 0; round < 5000; ++round) {
      const std::size_t source = (round + worker) % kSources;
      auto ticket =
          admission.enter(round % 2 == 0 ? kFirst : kSecond, ip(static_cast<std::uint8_t>(source)),
                          kNow + static_cast<std::int64_t>(round) * 1us);
      if (ticket) {
        ++entered;
        if (++inside > kTotal || ++inside_of_source[source] > kPerSource) was_passed = true;
        held.emplace_back(*std::move(ticket), source);
      }
      if (admission.connections() > kTotal) was_passed = true;
      if (held.size() < 4 && round + 1 < 5000) continue;
      for (const auto& [left, of_source] : held) {
        --inside;
        --inside_of_source[of_source];
      }
      held.clear();
    }
  };
  {
    std::vector<std::jthread> workers;
    for (std::size_t worker = 0; worker < 4; ++worker) workers.emplace_back(work, worker);
  }
  EXPECT_GT(entered.load(), 1000);
  EXPECT_FALSE(was_passed);
  EXPECT_EQ(admission.connections(), 0U);
}

}  // namespace
}  // namespace causeway::proxy
