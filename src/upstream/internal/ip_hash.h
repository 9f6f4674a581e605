// SPDX-License-Identifier: Apache-2.0
// A source always goes to the same member. Weighted rendezvous hashing (Thaler and Ravishankar,
// 1998): every member scores against the source and the highest wins, so that only the sources of a
// member that goes are moved, each to its own second choice, and they come back with it; weights
// hold exactly. O(members) for each pick, but nothing to build: a change of state costs nothing,
// where a ring or a table for 10,000 members is a stall of the loop.
//
// The key is the pool's name. All workers, restarts and nodes agree, which is the point; it also
// means that somebody with many addresses can find those that meet at one member.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "upstream/balancer.h"

namespace causeway::upstream {

class IpHash final : public Balancer {
 public:
  explicit IpHash(std::string_view pool_name) noexcept;

  void set_members(std::span<Member* const> usable) override;
  [[nodiscard]] Member* pick(const PickInput& input) override;

 private:
  struct Candidate {
    Member* member = nullptr;
    std::uint64_t hash = 0;  // of its address
    double weight = 0;
  };
  std::vector<Candidate> candidates_;
  std::uint64_t key_;
  bool weights_differ_ = false;
};

}  // namespace causeway::upstream
