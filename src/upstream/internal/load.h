// SPDX-License-Identifier: Apache-2.0
// How busy a member is, for the balances that compare: open connections of all workers and pools,
// for each unit of weight. A value of the moment, used on the stack.
#pragma once

#include <cstdint>

#include "upstream/members.h"

namespace causeway::upstream {

struct Load {
  explicit Load(const Member& member) noexcept
      : active(member.endpoint->active()), weight(member.weight) {}

  std::uint64_t active;  // both below 2^32, so that the products below fit
  std::uint64_t weight;

  // active / weight, compared without dividing.
  [[nodiscard]] bool is_below(const Load& other) const noexcept {
    return active * other.weight < other.active * weight;
  }
  [[nodiscard]] bool equals(const Load& other) const noexcept {
    return active * other.weight == other.active * weight;
  }
};

}  // namespace causeway::upstream
