// SPDX-License-Identifier: Apache-2.0
#include "control/spelling.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace causeway::control {
namespace {

TEST(Spelling, distance_counts_insertions_removals_replacements_and_swaps) {
  EXPECT_EQ(spelling_distance("balance", "balance"), 0U);
  EXPECT_EQ(spelling_distance("blance", "balance"), 1U);
  EXPECT_EQ(spelling_distance("ballance", "balance"), 1U);
  EXPECT_EQ(spelling_distance("balanse", "balance"), 1U);
  EXPECT_EQ(spelling_distance("abla", "baal"), 2U);
  EXPECT_EQ(spelling_distance("ablance", "balance"), 1U);
  EXPECT_EQ(spelling_distance("", "abc"), 3U);
  EXPECT_EQ(spelling_distance("abc", ""), 3U);
}

TEST(Spelling, case_makes_no_difference) { EXPECT_EQ(spelling_distance("Pool", "pOOL"), 0U); }

TEST(Spelling, the_nearest_name_is_found) {
  constexpr std::array<std::string_view, 3> kNames = {"balance", "endpoints", "health"};
  EXPECT_EQ(nearest("blance", kNames), "balance");
  EXPECT_EQ(nearest("endpoint", kNames), "endpoints");
}

TEST(Spelling, a_name_that_is_too_different_has_no_neighbour) {
  constexpr std::array<std::string_view, 2> kNames = {"balance", "tls"};
  EXPECT_EQ(nearest("colour", kNames), "");
  EXPECT_EQ(nearest("x", kNames), "");
  EXPECT_EQ(nearest("", kNames), "");
}

TEST(Spelling, names_beyond_the_bound_are_passed_over) {
  const std::string name(kSpellingBytesMax + 1, 'a');
  const std::array<std::string_view, 1> same = {name};
  EXPECT_EQ(nearest(name, same), "");
  EXPECT_EQ(nearest(name.substr(1), same), "");
}

}  // namespace
}  // namespace causeway::control
