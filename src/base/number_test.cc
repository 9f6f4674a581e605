// SPDX-License-Identifier: Apache-2.0
#include "base/number.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string_view>

#include "base/error.h"

namespace causeway::base {
namespace {

using namespace std::string_view_literals;

TEST(Number, the_whole_range_of_a_type_is_read) {
  EXPECT_EQ(parse_number<std::uint8_t>("255"), std::uint8_t{255});
  EXPECT_EQ(parse_number<std::int8_t>("-128"), std::int8_t{-128});
  EXPECT_EQ(parse_number<std::uint64_t>("18446744073709551615"),
            std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(parse_number<std::int64_t>("-9223372036854775808"),
            std::numeric_limits<std::int64_t>::min());
}

TEST(Number, one_more_is_out_of_range_and_never_wraps) {
  EXPECT_EQ(parse_number<std::uint8_t>("256").error().code, Errc::out_of_range);
  EXPECT_EQ(parse_number<std::int8_t>("-129").error().code, Errc::out_of_range);
  EXPECT_EQ(parse_number<std::uint64_t>("18446744073709551616").error().code, Errc::out_of_range);
  EXPECT_EQ(parse_number<std::int32_t>("99999999999999999999999").error().code, Errc::out_of_range);
}

TEST(Number, only_digits_from_end_to_end_are_a_number) {
  for (const auto text : {""sv, " 1"sv, "1 "sv, "+1"sv, "1.0"sv, "0x10"sv, "1e3"sv, "1_000"sv,
                          "ten"sv, "1\0"sv, "--1"sv, "-"sv}) {
    EXPECT_EQ(parse_number<int>(text).error().code, Errc::bad_syntax) << text;
  }
}

TEST(Number, an_unsigned_type_has_no_sign) {
  EXPECT_EQ(parse_number<unsigned>("-1").error().code, Errc::bad_syntax);
  EXPECT_EQ(parse_number<unsigned>("-0").error().code, Errc::bad_syntax);
}

TEST(Number, the_callers_bounds_include_their_ends) {
  EXPECT_EQ(parse_number("1", 1, 10), 1);
  EXPECT_EQ(parse_number("10", 1, 10), 10);
  EXPECT_EQ(parse_number("0", 1, 10).error().code, Errc::out_of_range);
  EXPECT_EQ(parse_number("11", 1, 10).error().code, Errc::out_of_range);
  EXPECT_EQ(parse_number("x", 1, 10).error().code, Errc::bad_syntax);
}

}  // namespace
}  // namespace causeway::base
