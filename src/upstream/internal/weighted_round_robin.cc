// SPDX-License-Identifier: Apache-2.0
#include "upstream/internal/weighted_round_robin.h"

#include <cstdint>
#include <span>
#include <unordered_map>
#include <utility>

#include "upstream/balancer.h"
#include "upstream/members.h"

namespace causeway::upstream {

template <class Accepts>
Member* WeightedRoundRobin::turn(Accepts accepts) {
  Seat* best = nullptr;
  std::int64_t total = 0;
  for (Seat& seat : seats_) {
    if (!accepts(*seat.member)) continue;
    seat.credit += seat.member->weight;
    total += seat.member->weight;
    if (best == nullptr || seat.credit > best->credit) best = &seat;
  }
  if (best == nullptr) return nullptr;
  best->credit -= total;
  return best->member;
}

void WeightedRoundRobin::set_members(std::span<Member* const> usable) {
  // Who stays keeps its credit: a neighbour that comes or goes does not start the round anew.
  std::unordered_map<const Member*, std::int64_t> credits;
  for (const Seat& seat : seats_) credits.emplace(seat.member, seat.credit);
  seats_.clear();
  for (Member* member : usable) {
    const auto kept = credits.find(member);
    seats_.push_back({.member = member, .credit = kept == credits.end() ? 0 : kept->second});
  }
  if (seats_.empty()) return;
  for (std::uint32_t turns = std::exchange(turns_to_pass_, 0); turns > 0; --turns) {
    static_cast<void>(turn([](const Member&) { return true; }));
  }
}

Member* WeightedRoundRobin::pick(const PickInput& input) {
  return turn([&](const Member& member) { return input.accepts(member); });
}

}  // namespace causeway::upstream
