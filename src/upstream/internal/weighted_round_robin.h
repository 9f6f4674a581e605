// SPDX-License-Identifier: Apache-2.0
// Round robin in proportion to weights, spread as evenly as integers allow: with weights 5, 1, 1 it
// goes a a b a c a a, not a a a a a b c. Each turn every member gains its weight, the one with most
// is picked and pays the sum of all weights ("smooth" as nginx has it). O(members) for each pick: a
// member that is skipped must not gain, so that it does not take a burst when it is back.
#pragma once

#include <cstdint>
#include <vector>

#include "upstream/balancer.h"

namespace causeway::upstream {

class WeightedRoundRobin final : public Balancer {
 public:
  // Turns that are passed when the first members come, so that workers do not march in step.
  explicit WeightedRoundRobin(std::uint32_t turns_passed) noexcept : turns_to_pass_(turns_passed) {}

  void set_members(std::span<Member* const> usable) override;
  [[nodiscard]] Member* pick(const PickInput& input) override;

 private:
  struct Seat {
    Member* member = nullptr;
    std::int64_t credit = 0;
  };
  template <class Accepts>
  [[nodiscard]] Member* turn(Accepts accepts);

  std::vector<Seat> seats_;
  std::uint32_t turns_to_pass_;
};

}  // namespace causeway::upstream
