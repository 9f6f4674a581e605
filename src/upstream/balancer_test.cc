// SPDX-License-Identifier: Apache-2.0
#include "upstream/balancer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/random.h"
#include "model/pool.h"
#include "upstream/attempts.h"
#include "upstream/internal/ip_hash.h"
#include "upstream/internal/least_connections.h"
#include "upstream/internal/power_of_two.h"
#include "upstream/internal/round_robin.h"
#include "upstream/internal/test_pool.h"
#include "upstream/internal/weighted_round_robin.h"
#include "upstream/members.h"

namespace causeway::upstream {
namespace {

constexpr std::array kAll = {model::Balance::round_robin, model::Balance::weighted_round_robin,
                             model::Balance::least_connections, model::Balance::power_of_two,
                             model::Balance::ip_hash};

class EveryBalance : public testing::TestWithParam<model::Balance> {
 protected:
  [[nodiscard]] std::unique_ptr<Balancer> make() {
    return make_balancer(GetParam(), "pool", random_);
  }

 private:
  base::Random random_{3};
};

INSTANTIATE_TEST_SUITE_P(Balancer, EveryBalance, testing::ValuesIn(kAll));

TEST_P(EveryBalance, has_nothing_to_pick_from_no_members) {
  const auto balancer = make();
  Picker picker(*balancer);
  EXPECT_EQ(picker.pick(), nullptr);
  balancer->set_members({});
  EXPECT_EQ(picker.pick(), nullptr);
}

TEST_P(EveryBalance, picks_the_only_member) {
  TestMembers members({1});
  const auto balancer = make();
  balancer->set_members(members.all());
  Picker picker(*balancer);
  EXPECT_EQ(picker.pick(), &members[0]);
}

TEST_P(EveryBalance, tries_every_member_once_and_then_has_none) {
  TestMembers members({100, 1, 7, 100, 3});
  const auto balancer = make();
  balancer->set_members(members.all());
  Picker picker(*balancer);
  Attempts attempts = picker.fresh();
  std::set<const Member*> tried;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Member* const member = picker.pick(attempts);
    ASSERT_NE(member, nullptr);
    EXPECT_TRUE(tried.insert(member).second);
    attempts.add(member->endpoint->id());
  }
  EXPECT_EQ(picker.pick(attempts), nullptr);
}

TEST_P(EveryBalance, passes_over_full_members) {
  TestMembers members({5, 5, 5, 5});
  for (const std::size_t full : {0U, 1U, 3U}) members.fill(full);
  const auto balancer = make();
  balancer->set_members(members.all());
  Picker picker(*balancer);
  EXPECT_EQ(picker.pick_many(50), (std::map<int, int>{{2, 50}}));
  members.fill(2);
  EXPECT_EQ(picker.pick(), nullptr);
}

TEST_P(EveryBalance, leaves_out_a_lost_member_and_takes_it_back) {
  TestMembers members({2, 2, 2});
  const auto balancer = make();
  balancer->set_members(members.all());
  const auto pick_from_many_sources = [&] {
    Picker picker(*balancer);
    std::map<int, int> picked;
    for (std::uint32_t i = 0; i < 300; ++i)
      ++picked[TestMembers::number_of(picker.pick(numbered_source(i)))];
    return picked;
  };
  EXPECT_EQ(pick_from_many_sources().size(), 3U);
  const std::array<std::size_t, 1> lost = {1};
  balancer->set_members(members.all_but(lost));
  const auto without = pick_from_many_sources();
  EXPECT_EQ(without.size(), 2U);
  EXPECT_FALSE(without.contains(1));
  balancer->set_members(members.all());
  const auto again = pick_from_many_sources();
  ASSERT_TRUE(again.contains(1));
  EXPECT_LT(again.at(1), 160);  // no burst to the one that is back
}

TEST(RoundRobin, takes_members_in_turn_whatever_their_weight) {
  TestMembers members({1, 100, 1});
  RoundRobin balancer(0);
  balancer.set_members(members.all());
  Picker picker(balancer);
  std::string order;
  for (int i = 0; i < 7; ++i)
    order += static_cast<char>('a' + TestMembers::number_of(picker.pick()));
  EXPECT_EQ(order, "abcabca");
}

TEST(RoundRobin, begins_where_it_is_told) {
  TestMembers members({1, 1, 1});
  RoundRobin balancer(5);
  balancer.set_members(members.all());
  Picker picker(balancer);
  EXPECT_EQ(picker.pick(), &members[2]);
  EXPECT_EQ(picker.pick(), &members[0]);
}

std::string smooth_order(WeightedRoundRobin& balancer, int times) {
  Picker picker(balancer);
  std::string order;
  for (int i = 0; i < times; ++i)
    order += static_cast<char>('a' + TestMembers::number_of(picker.pick()));
  return order;
}

TEST(WeightedRoundRobin, spreads_the_heavy_one_over_the_round) {
  TestMembers members({5, 1, 1});
  WeightedRoundRobin balancer(0);
  balancer.set_members(members.all());
  EXPECT_EQ(smooth_order(balancer, 14), "aabacaaaabacaa");
}

TEST(WeightedRoundRobin, holds_its_proportions_exactly_over_a_round_wherever_it_begins) {
  TestMembers members({100, 150, 7, 43});
  for (const std::uint32_t passed : {0U, 1U, 17U, 63U}) {
    WeightedRoundRobin balancer(passed);
    balancer.set_members(members.all());
    Picker picker(balancer);
    EXPECT_EQ(picker.pick_many(300), (std::map<int, int>{{0, 100}, {1, 150}, {2, 7}, {3, 43}}));
  }
}

TEST(WeightedRoundRobin, follows_a_change_of_weight) {
  TestMembers members({1, 1});
  WeightedRoundRobin balancer(0);
  balancer.set_members(members.all());
  Picker picker(balancer);
  EXPECT_EQ(picker.pick_many(10), (std::map<int, int>{{0, 5}, {1, 5}}));
  members[0].weight = 4;
  balancer.set_members(members.all());
  EXPECT_EQ(picker.pick_many(10), (std::map<int, int>{{0, 8}, {1, 2}}));
}

TEST(WeightedRoundRobin, gives_no_burst_to_a_member_that_was_full_for_long) {
  TestMembers members({1, 1});
  members.fill(1);
  WeightedRoundRobin balancer(0);
  balancer.set_members(members.all());
  EXPECT_EQ(smooth_order(balancer, 100), std::string(100, 'a'));
  members[1].endpoint->give_back_slot();
  members[1].endpoint->set_max_connections(0);
  const std::string order = smooth_order(balancer, 6);
  EXPECT_EQ(order.find("bb"), std::string::npos) << order;
}

TEST(LeastConnections, picks_the_least_active_for_its_weight_over_all_workers) {
  TestMembers members({1, 2, 1}, 3);
  LeastConnections balancer;
  balancer.set_members(members.all());
  Picker picker(balancer);
  members.set_active(0, 2, base::WorkerId(0));
  members.set_active(0, 1, base::WorkerId(2));  // 3 / 1
  members.set_active(1, 5, base::WorkerId(1));  // 5 / 2
  members.set_active(2, 4, base::WorkerId(0));  // 4 / 1
  EXPECT_EQ(picker.pick(), &members[1]);
  members.set_active(1, 7, base::WorkerId(1));  // 7 / 2
  EXPECT_EQ(picker.pick(), &members[0]);
}

TEST(LeastConnections, uses_an_idle_pool_in_proportion_to_weight) {
  TestMembers members({1, 3});
  LeastConnections balancer;
  balancer.set_members(members.all());
  Picker picker(balancer);
  const auto picked = picker.pick_many(8000);
  EXPECT_NEAR(picked.at(1), 6000, 200);
}

TEST(LeastConnections, fills_up_in_proportion_to_weight) {
  TestMembers members({1, 2, 5});
  LeastConnections balancer;
  balancer.set_members(members.all());
  Picker picker(balancer);
  std::map<int, int> open;
  for (int i = 0; i < 800; ++i) {
    Member* const member = picker.pick();
    ++open[TestMembers::number_of(member)];
    member->endpoint->cell(base::WorkerId(0)).active.add();
  }
  EXPECT_NEAR(open[0], 100, 1);
  EXPECT_NEAR(open[1], 200, 1);
  EXPECT_NEAR(open[2], 500, 1);
}

TEST(PowerOfTwo, picks_the_less_loaded_of_two) {
  TestMembers members({1, 1});
  members.set_active(0, 3);
  members.set_active(1, 2);
  PowerOfTwo balancer;
  balancer.set_members(members.all());
  Picker picker(balancer);
  EXPECT_EQ(picker.pick_many(100), (std::map<int, int>{{1, 100}}));
}

TEST(PowerOfTwo, compares_every_pair_of_members_alike) {
  TestMembers members({1, 1, 1, 1, 1});
  PowerOfTwo balancer;
  balancer.set_members(members.all());
  Picker picker(balancer);
  for (const auto& [number, count] : picker.pick_many(50000))
    EXPECT_NEAR(count, 10000, 400) << number;
  // The most loaded is never the better of two different ones.
  for (std::size_t i = 0; i < 5; ++i) members.set_active(i, static_cast<std::int64_t>(i));
  const auto picked = picker.pick_many(50000);
  EXPECT_FALSE(picked.contains(4));
  EXPECT_NEAR(picked.at(0), 20000, 600);  // in 4 of 10 pairs
  EXPECT_NEAR(picked.at(3), 5000, 400);   // in 1 of 10 pairs it is the better one
}

TEST(PowerOfTwo, heeds_weights_idle_and_loaded) {
  TestMembers members({1, 3});
  PowerOfTwo balancer;
  balancer.set_members(members.all());
  Picker picker(balancer);
  EXPECT_NEAR(picker.pick_many(8000).at(1), 6000, 200);
  std::map<int, int> open;
  for (int i = 0; i < 400; ++i) {
    Member* const member = picker.pick();
    ++open[TestMembers::number_of(member)];
    member->endpoint->cell(base::WorkerId(0)).active.add();
  }
  EXPECT_NEAR(open[0], 100, 1);
}

TEST(PowerOfTwo, keeps_many_members_nearly_even) {
  TestMembers members(std::vector<std::uint32_t>(100, 10));
  PowerOfTwo balancer;
  balancer.set_members(members.all());
  Picker picker(balancer);
  for (int i = 0; i < 10000; ++i) picker.pick()->endpoint->cell(base::WorkerId(0)).active.add();
  for (std::size_t i = 0; i < members.size(); ++i) {
    EXPECT_NEAR(members[i].endpoint->active(), 100, 5)
        << i;  // alone by chance it would be 10 and more
  }
}

std::vector<int> places_of(IpHash& balancer, std::uint32_t sources) {
  Picker picker(balancer);
  std::vector<int> places;
  for (std::uint32_t i = 0; i < sources; ++i) {
    places.push_back(TestMembers::number_of(picker.pick(numbered_source(i))));
  }
  return places;
}

TEST(IpHash, sends_a_source_to_the_same_member_on_every_worker) {
  TestMembers members({1, 1, 1, 1});
  IpHash one("pool");
  IpHash other("pool");
  one.set_members(members.all());
  auto reversed = members.all();
  std::ranges::reverse(reversed);
  other.set_members(reversed);
  EXPECT_EQ(places_of(one, 500), places_of(other, 500));
}

TEST(IpHash, differs_between_pools) {
  TestMembers members({1, 1, 1, 1});
  IpHash one("pool");
  IpHash other("another");
  one.set_members(members.all());
  other.set_members(members.all());
  EXPECT_NE(places_of(one, 100), places_of(other, 100));
}

void expect_shares(const std::vector<std::uint32_t>& weights) {
  TestMembers members(weights);
  IpHash balancer("pool");
  balancer.set_members(members.all());
  constexpr std::uint32_t kSources = 40000;
  std::map<int, int> counts;
  for (const int place : places_of(balancer, kSources)) ++counts[place];
  double total = 0;
  for (const std::uint32_t weight : weights) total += weight;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double expected = kSources * weights[i] / total;
    EXPECT_NEAR(counts[static_cast<int>(i)], expected, 5 * std::sqrt(expected)) << i;
  }
}

TEST(IpHash, spreads_sources_evenly) { expect_shares({1, 1, 1, 1, 1, 1, 1, 1}); }
TEST(IpHash, spreads_sources_by_weight) { expect_shares({100, 200, 50, 650}); }

void expect_only_the_lost_move(const std::vector<std::uint32_t>& weights) {
  TestMembers members(weights);
  IpHash balancer("pool");
  balancer.set_members(members.all());
  const auto before = places_of(balancer, 5000);
  const std::array<std::size_t, 1> lost = {2};
  balancer.set_members(members.all_but(lost));
  const auto without = places_of(balancer, 5000);
  std::set<int> heirs;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] != 2) {
      ASSERT_EQ(without[i], before[i]) << i;
    } else {
      heirs.insert(without[i]);
    }
  }
  EXPECT_EQ(heirs.size(), weights.size() - 1);  // its sources go to all the others
  balancer.set_members(members.all());
  EXPECT_EQ(places_of(balancer, 5000), before);
}

TEST(IpHash, moves_only_the_sources_of_a_lost_member) {
  expect_only_the_lost_move({1, 1, 1, 1, 1});
}
TEST(IpHash, moves_only_the_sources_of_a_lost_member_with_weights) {
  expect_only_the_lost_move({1, 9, 5, 2, 3});
}

TEST(IpHash, a_heavier_member_only_gains_sources) {
  TestMembers members({10, 10, 10, 11});
  IpHash balancer("pool");
  balancer.set_members(members.all());
  const auto before = places_of(balancer, 5000);
  members[0].weight = 20;
  balancer.set_members(members.all());
  const auto after = places_of(balancer, 5000);
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (after[i] != before[i]) ASSERT_EQ(after[i], 0) << i;
  }
  EXPECT_NE(after, before);
}

}  // namespace
}  // namespace causeway::upstream
