// SPDX-License-Identifier: Apache-2.0
#include "upstream/internal/least_connections.h"

#include <cstdint>
#include <optional>
#include <span>

#include "base/random.h"
#include "upstream/balancer.h"
#include "upstream/internal/load.h"
#include "upstream/members.h"

namespace causeway::upstream {
namespace {

// One of `members`, with a chance that follows its weight. At most 65,535 x 65,535 in sum.
Member* draw(std::span<Member* const> members, std::uint64_t total_weight, base::Random& random) {
  auto left = static_cast<std::int64_t>(random.unit() * static_cast<double>(total_weight));
  for (Member* member : members) {
    left -= member->weight;
    if (left < 0) return member;
  }
  return members.back();
}

}  // namespace

void LeastConnections::set_members(std::span<Member* const> usable) {
  members_.assign(usable.begin(), usable.end());
  equals_.clear();
  equals_.reserve(members_.size());
}

Member* LeastConnections::pick(const PickInput& input) {
  equals_.clear();
  std::uint64_t weight_of_equals = 0;
  std::optional<Load> least;
  for (Member* member : members_) {
    if (!input.accepts(*member)) continue;
    const Load load(*member);
    if (!least || load.is_below(*least)) {
      least = load;
      equals_.clear();
      weight_of_equals = 0;
    } else if (!load.equals(*least)) {
      continue;
    }
    equals_.push_back(member);
    weight_of_equals += member->weight;
  }
  if (equals_.empty()) return nullptr;
  return equals_.size() == 1 ? equals_.front() : draw(equals_, weight_of_equals, input.random);
}

}  // namespace causeway::upstream
