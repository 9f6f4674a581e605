// SPDX-License-Identifier: Apache-2.0
// One after the other, whatever their weights. O(1) unless members are tried or full. Each worker
// turns at its own place, so that the workers' first connections do not all go to the first member.
#pragma once

#include <cstddef>
#include <vector>

#include "upstream/balancer.h"

namespace causeway::upstream {

class RoundRobin final : public Balancer {
 public:
  // Begins at the member of that number, counted around.
  explicit RoundRobin(std::size_t start) noexcept : next_(start) {}

  void set_members(std::span<Member* const> usable) override;
  [[nodiscard]] Member* pick(const PickInput& input) override;

 private:
  std::vector<Member*> members_;
  std::size_t next_;
};

}  // namespace causeway::upstream
