// SPDX-License-Identifier: Apache-2.0
#include "upstream/internal/power_of_two.h"

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/random.h"
#include "upstream/balancer.h"
#include "upstream/internal/load.h"
#include "upstream/members.h"

namespace causeway::upstream {
namespace {

Member* less_loaded(Member* a, Member* b, base::Random& random) {
  const Load load_a(*a);
  const Load load_b(*b);
  if (load_a.is_below(load_b)) return a;
  if (load_b.is_below(load_a)) return b;
  // Equals: by weight. The order of the two is chance already.
  if (a->weight == b->weight) return a;
  return random.below(a->weight + b->weight) < a->weight ? a : b;
}

}  // namespace

void PowerOfTwo::set_members(std::span<Member* const> usable) {
  members_.assign(usable.begin(), usable.end());
}

Member* PowerOfTwo::pick(const PickInput& input) {
  const auto count = static_cast<std::uint32_t>(members_.size());
  if (count < 2) return pick_from(0, input);

  const std::uint32_t first = input.random.below(count);
  std::uint32_t second = input.random.below(count - 1);
  if (second >= first) ++second;  // the others, each with the same chance
  Member* const a = members_[first];
  Member* const b = members_[second];
  const bool accepts_a = input.accepts(*a);
  const bool accepts_b = input.accepts(*b);
  if (accepts_a && accepts_b) return less_loaded(a, b, input.random);
  if (accepts_a) return a;
  if (accepts_b) return b;
  return pick_from(first, input);
}

// The less loaded of the first two from `start` on that can be had: for pools where most are full.
Member* PowerOfTwo::pick_from(std::size_t start, const PickInput& input) const {
  Member* found = nullptr;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    Member* const member = members_[(start + i) % members_.size()];
    if (!input.accepts(*member)) continue;
    if (found != nullptr) return less_loaded(found, member, input.random);
    found = member;
  }
  return found;
}

}  // namespace causeway::upstream
