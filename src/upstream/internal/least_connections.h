// SPDX-License-Identifier: Apache-2.0
// The member with the fewest open connections for its weight; among equals by chance, in proportion
// to weight, so that an idle pool is used evenly. O(members x workers) for each pick, since the
// answer may have changed on any worker: beyond some hundred members power_of_two is nearly as good
// and constant.
#pragma once

#include <vector>

#include "upstream/balancer.h"

namespace causeway::upstream {

class LeastConnections final : public Balancer {
 public:
  void set_members(std::span<Member* const> usable) override;
  [[nodiscard]] Member* pick(const PickInput& input) override;

 private:
  std::vector<Member*> members_;
  std::vector<Member*> equals_;  // of one pick; kept for its memory
};

}  // namespace causeway::upstream
