// SPDX-License-Identifier: Apache-2.0
#include "upstream/ejection.h"

#include <algorithm>
#include <cstddef>

#include "base/time.h"
#include "model/pool.h"

namespace causeway::upstream {

bool may_eject(const model::Ejection& rule, const PoolStanding& standing) noexcept {
  if (!rule.enabled || standing.healthy < 2) return false;
  const std::size_t allowed = standing.members * rule.max_ejected_percent / 100;
  return standing.ejected < std::max(allowed, std::size_t{1});
}

Duration EjectionHistory::begin(const model::Ejection& rule, Instant now) noexcept {
  const bool is_in_row = last_length_ > Duration::zero() && now - last_end_ <= last_length_;
  // Halving the bound instead of doubling the length: neither may overflow.
  Duration length = rule.base_time;
  if (is_in_row)
    length = last_length_ > rule.max_time / 2 ? rule.max_time : std::max(last_length_ * 2, length);
  last_length_ = std::min(length, rule.max_time);
  last_end_ = now + last_length_;
  return last_length_;
}

}  // namespace causeway::upstream
