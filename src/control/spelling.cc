// SPDX-License-Identifier: Apache-2.0
#include "control/spelling.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "base/assert.h"

namespace causeway::control {
namespace {

constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

using Row = std::array<std::size_t, kSpellingBytesMax + 1>;

}  // namespace

std::size_t spelling_distance(std::string_view a, std::string_view b) {
  CW_ASSERT(a.size() <= kSpellingBytesMax && b.size() <= kSpellingBytesMax);
  Row before_last{};
  Row last{};
  Row row{};
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      const bool is_swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                              lower(a[i - 2]) == lower(b[j - 1]);
      if (is_swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = last;
    last = row;
  }
  return last[b.size()];
}

std::string_view nearest(std::string_view name, std::span<const std::string_view> candidates) {
  if (name.empty() || name.size() > kSpellingBytesMax) return {};
  std::string_view best;
  std::size_t best_distance = (name.size() + 1) / 3 + 1;
  for (const auto candidate :
       candidates.first(std::min(candidates.size(), kSpellingCandidatesMax))) {
    if (candidate.size() > kSpellingBytesMax) continue;
    const std::size_t longer = std::max(candidate.size(), name.size());
    const std::size_t shorter = std::min(candidate.size(), name.size());
    if (longer - shorter >= best_distance) continue;  // the distance is at least that
    const std::size_t distance = spelling_distance(name, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace causeway::control
