// SPDX-License-Identifier: Apache-2.0
// Two members at random, of them the less loaded. Nearly as even as asking all of them
// (Mitzenmacher, "The power of two choices in randomized load balancing", 2001), without the herd
// that runs to the one that looks idle to everybody. O(1) unless both are tried or full.
#pragma once

#include <cstddef>
#include <vector>

#include "upstream/balancer.h"

namespace causeway::upstream {

class PowerOfTwo final : public Balancer {
 public:
  void set_members(std::span<Member* const> usable) override;
  [[nodiscard]] Member* pick(const PickInput& input) override;

 private:
  [[nodiscard]] Member* pick_from(std::size_t start, const PickInput& input) const;

  std::vector<Member*> members_;
};

}  // namespace causeway::upstream
