// SPDX-License-Identifier: Apache-2.0
// For the tests and benches of this folder: endpoints and members made by hand, without a
// directory. Lives in the test's frame.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/random.h"
#include "model/pool.h"
#include "upstream/attempts.h"
#include "upstream/balancer.h"
#include "upstream/members.h"

namespace causeway::upstream {

// 10.x.y.z:80, a different one for each number.
inline base::Address numbered_address(std::uint32_t number) {
  return base::SocketAddress{
      .ip = base::IpAddress::from_v4({10, static_cast<std::uint8_t>(number >> 16U),
                                      static_cast<std::uint8_t>(number >> 8U),
                                      static_cast<std::uint8_t>(number)}),
      .port = 80};
}

inline base::IpAddress numbered_source(std::uint32_t number) {
  return base::IpAddress::from_v4({192, static_cast<std::uint8_t>(number >> 16U),
                                   static_cast<std::uint8_t>(number >> 8U),
                                   static_cast<std::uint8_t>(number)});
}

// Members with the given weights, all usable, and a balancer over those that are chosen.
class TestMembers {
 public:
  explicit TestMembers(const std::vector<std::uint32_t>& weights, std::size_t workers = 1) {
    for (const std::uint32_t weight : weights) {
      const auto number = static_cast<std::uint32_t>(members_.size());
      auto& member = members_.emplace_back(std::make_unique<Member>());
      member->endpoint =
          make_endpoint(base::EndpointId(number), numbered_address(number + 1), workers, Instant{});
      member->weight = weight;
    }
  }

  [[nodiscard]] Member& operator[](std::size_t index) { return *members_.at(index); }
  [[nodiscard]] std::size_t size() const noexcept { return members_.size(); }
  // All but those with the numbers given.
  [[nodiscard]] std::vector<Member*> all_but(std::span<const std::size_t> left_out) const {
    std::vector<Member*> chosen;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (std::ranges::find(left_out, i) == left_out.end()) chosen.push_back(members_[i].get());
    }
    return chosen;
  }
  [[nodiscard]] std::vector<Member*> all() const { return all_but({}); }

  void set_active(std::size_t index, std::int64_t connections,
                  base::WorkerId worker = base::WorkerId(0)) {
    members_.at(index)->endpoint->cell(worker).active.set(connections);
  }
  // As if every slot were taken.
  void fill(std::size_t index) {
    Endpoint& endpoint = *members_.at(index)->endpoint;
    if (endpoint.max_connections() == 0) endpoint.set_max_connections(1);
    while (endpoint.take_slot() == Endpoint::Slot::counted) {
    }
  }
  // Which of the members it is; -1 for none.
  [[nodiscard]] static int number_of(const Member* member) {
    return member == nullptr ? -1 : static_cast<int>(member->endpoint->id().index());
  }

 private:
  std::vector<std::unique_ptr<Member>> members_;
};

// Picks as one connection after another would.
class Picker {
 public:
  explicit Picker(Balancer& balancer) : balancer_(balancer) {}

  Member* pick(const base::IpAddress& source = {}) {
    const Attempts attempts(spec_, source);
    return balancer_.pick({.attempts = attempts, .random = random_});
  }
  Member* pick(const Attempts& attempts) {
    return balancer_.pick({.attempts = attempts, .random = random_});
  }
  // How often each was picked, by number.
  std::map<int, int> pick_many(int times) {
    std::map<int, int> picked;
    for (int i = 0; i < times; ++i) ++picked[TestMembers::number_of(pick())];
    return picked;
  }
  [[nodiscard]] Attempts fresh() const { return {spec_, {}}; }

 private:
  model::Pool spec_{.connect_attempts = Attempts::kMax};
  base::Random random_{7};
  Balancer& balancer_;
};

}  // namespace causeway::upstream
