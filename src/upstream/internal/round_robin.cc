// SPDX-License-Identifier: Apache-2.0
#include "upstream/internal/round_robin.h"

#include <cstddef>
#include <span>

#include "upstream/balancer.h"
#include "upstream/members.h"

namespace causeway::upstream {

void RoundRobin::set_members(std::span<Member* const> usable) {
  members_.assign(usable.begin(), usable.end());
  if (!members_.empty()) next_ %= members_.size();
}

Member* RoundRobin::pick(const PickInput& input) {
  for (std::size_t seen = 0; seen < members_.size(); ++seen) {
    Member* const member = members_[next_];
    if (++next_ == members_.size()) next_ = 0;
    if (input.accepts(*member)) return member;
  }
  return nullptr;
}

}  // namespace causeway::upstream
