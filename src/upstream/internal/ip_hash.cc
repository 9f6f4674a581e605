// SPDX-License-Identifier: Apache-2.0
#include "upstream/internal/ip_hash.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/address.h"
#include "upstream/balancer.h"
#include "upstream/members.h"

namespace causeway::upstream {
namespace {

// The finalizer of splitmix64: each bit of the input changes each bit of the output by half a
// chance.
constexpr std::uint64_t mix(std::uint64_t value) noexcept {
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

// Of words from the configuration, which no stranger chooses.
std::uint64_t hash_of_text(std::string_view text, std::uint64_t seed) noexcept {
  std::uint64_t hash = seed;
  for (const char c : text) hash = mix(hash ^ static_cast<unsigned char>(c)) + 0x9e3779b97f4a7c15U;
  return mix(hash);
}

// The hash as a number in (0, 1).
double unit_of(std::uint64_t hash) noexcept {
  return (static_cast<double>(hash >> 11U) + 0.5) * 0x1.0p-53;
}

}  // namespace

IpHash::IpHash(std::string_view pool_name) noexcept : key_(hash_of_text(pool_name, 0)) {}

void IpHash::set_members(std::span<Member* const> usable) {
  candidates_.clear();
  for (Member* member : usable) {
    candidates_.push_back({.member = member,
                           .hash = hash_of_text(member->endpoint->name(), key_),
                           .weight = static_cast<double>(member->weight)});
  }
  weights_differ_ = std::ranges::any_of(
      usable, [&](const Member* member) { return member->weight != usable.front()->weight; });
}

Member* IpHash::pick(const PickInput& input) {
  const std::uint64_t source = base::hash_of(input.attempts.source(), key_);
  Member* best = nullptr;
  std::uint64_t best_hash = 0;
  double best_score = 0;
  for (const Candidate& candidate : candidates_) {
    const std::uint64_t hash = mix(source ^ candidate.hash);
    double score = 0;
    if (weights_differ_) {
      // A member of weight w scores w / -ln u: the chance to be highest is then in proportion to w.
      // Since 1 - u <= -ln u, most are ruled out without the logarithm.
      const double u = unit_of(hash);
      if (candidate.weight <= best_score * (1 - u)) continue;
      score = candidate.weight / -std::log(u);
      if (score <= best_score) continue;
    } else if (best != nullptr && hash <= best_hash) {  // the same order
      continue;
    }
    if (!input.accepts(*candidate.member)) continue;
    best = candidate.member;
    best_hash = hash;
    best_score = score;
  }
  return best;
}

}  // namespace causeway::upstream
