// SPDX-License-Identifier: Apache-2.0
// "Did you mean": the nearest of a list of names.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace causeway::control {

inline constexpr std::size_t kSpellingBytesMax = 64;  // longer names have no neighbours
inline constexpr std::size_t kSpellingCandidatesMax =
    4096;  // looked at; bounds the work for one hint

// Damerau-Levenshtein distance with adjacent transpositions (optimal string alignment), in bytes.
// Both texts are at most kSpellingBytesMax long.
[[nodiscard]] std::size_t spelling_distance(std::string_view a, std::string_view b);

// The candidate that differs from `name` by no more than a third of its length, or empty. The view
// is one of `candidates`.
[[nodiscard]] std::string_view nearest(std::string_view name,
                                       std::span<const std::string_view> candidates);

}  // namespace causeway::control
