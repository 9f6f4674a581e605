// SPDX-License-Identifier: Apache-2.0
#include "base/units.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "base/time.h"

namespace causeway::base {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;

TEST(Units, durations_are_read_as_written) {
  const std::vector<std::pair<std::string_view, Duration>> expected = {
      {"0", 0ns},
      {"0s", 0ns},
      {"1ns", 1ns},
      {"7us", 7us},
      {"500ms", 500ms},
      {"10s", 10s},
      {"2m", 2min},
      {"3h", 3h},
      {"1d", 24h},
      {"1h30m", 90min},
      {"1d1h1m1s1ms1us1ns", 25h + 1min + 1s + 1ms + 1us + 1ns},
      {"1.5s", 1500ms},
      {"0.25h", 15min},
      {"0.000000001s", 1ns},
      {"1.5us", 1500ns},
      {"1.50s", 1500ms},
      {"2m500ms", 120500ms},
      {"106751d", 24h * 106751},
  };
  for (const auto& [text, duration] : expected) {
    const auto parsed = parse_duration(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, duration) << text;
  }
}

TEST(Units, a_bare_number_has_no_unit_and_is_refused) {
  EXPECT_EQ(parse_duration("10").error().code, Errc::bad_syntax);
  EXPECT_EQ(parse_duration("00").error().code, Errc::bad_syntax);
  EXPECT_EQ(parse_duration("1m30").error().code, Errc::bad_syntax);
}

TEST(Units, durations_that_are_not_quite_right_are_refused) {
  for (const auto text :
       {""sv,     "s"sv,    "-1s"sv,   "+1s"sv,    " 1s"sv,     "1s "sv,    "1 s"sv,
        "1S"sv,   "1min"sv, "1sec"sv,  "1w"sv,     "1s1s"sv,    "1m1h"sv,   "1ms1s"sv,
        "1.s"sv,  ".5s"sv,  "1..5s"sv, "1.5.5s"sv, "1.5h30m"sv, "1h1.5m"sv, "0.5ns"sv,
        "1e3s"sv, "0x1s"sv, "1,5s"sv,  "s1"sv,     "."sv}) {
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Errc::bad_syntax) << text;
  }
}

TEST(Units, a_duration_that_does_not_fit_is_out_of_range) {
  EXPECT_EQ(parse_duration("9223372036854775807ns"), Duration::max());
  for (const auto text : {"9223372036854775808ns"sv, "106752d"sv, "99999999999999999999s"sv,
                          "18446744073709551615d"sv, "106751d23h47m16s854ms775us808ns"sv}) {
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Errc::out_of_range) << text;
  }
}

TEST(Units, durations_are_written_in_the_shortest_exact_way) {
  const std::vector<std::pair<Duration, std::string_view>> expected = {
      {0ns, "0s"},         {500ms, "500ms"}, {1500ms, "1.5s"},  {90s, "90s"},       {90min, "90m"},
      {60s, "1m"},         {1h, "1h"},       {24h, "1d"},       {36h, "36h"},       {1ns, "1ns"},
      {1s + 1ns, "1s1ns"}, {10s, "10s"},     {30 * 24h, "30d"}, {1001us, "1001us"}, {-5s, "-5s"},
  };
  for (const auto& [duration, text] : expected) EXPECT_EQ(format_duration(duration), text);
}

TEST(Units, every_duration_that_is_written_can_be_read) {
  Random random(4);
  for (int i = 0; i < 20000; ++i) {
    const auto count = static_cast<Duration::rep>(random.next() >> (1 + random.below(62)));
    const Duration duration(count);
    EXPECT_EQ(parse_duration(format_duration(duration)), duration) << count;
  }
  EXPECT_EQ(parse_duration(format_duration(Duration::max())), Duration::max());
}

TEST(Units, the_least_duration_can_be_written) {
  EXPECT_TRUE(format_duration(Duration::min()).starts_with("-"));
}

TEST(Units, sizes_are_read_as_written) {
  const std::vector<std::pair<std::string_view, std::uint64_t>> expected = {
      {"0", 0},
      {"1", 1},
      {"512B", 512},
      {"64KiB", 65536},
      {"1MiB", 1U << 20U},
      {"2GB", 2'000'000'000},
      {"3KB", 3000},
      {"4MB", 4'000'000},
      {"1GiB", 1U << 30U},
      {"1TiB", 1ULL << 40U},
      {"1TB", 1'000'000'000'000},
      {"18446744073709551615", std::numeric_limits<std::uint64_t>::max()},
  };
  for (const auto& [text, size] : expected) {
    const auto parsed = parse_size(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, size) << text;
  }
}

TEST(Units, sizes_that_are_not_quite_right_are_refused) {
  for (const auto text : {""sv, "KiB"sv, "-1"sv, "+1"sv, " 1"sv, "1 KiB"sv, "1kb"sv, "1K"sv, "1k"sv,
                          "1M"sv, "1.5GB"sv, "1KiB1B"sv, "1KiBs"sv, "0x10"sv, "1b"sv}) {
    const auto parsed = parse_size(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Errc::bad_syntax) << text;
  }
}

TEST(Units, a_size_that_does_not_fit_is_out_of_range) {
  EXPECT_EQ(parse_size("16777215TiB"), 16777215ULL << 40U);
  for (const auto text : {"16777216TiB"sv, "18446744073709551616"sv, "99999999999999999999KB"sv}) {
    const auto parsed = parse_size(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Errc::out_of_range) << text;
  }
}

TEST(Units, sizes_are_written_in_the_largest_exact_unit) {
  EXPECT_EQ(format_size(0), "0B");
  EXPECT_EQ(format_size(1000), "1000B");
  EXPECT_EQ(format_size(65536), "64KiB");
  EXPECT_EQ(format_size(65537), "65537B");
  EXPECT_EQ(format_size(1ULL << 20U), "1MiB");
  EXPECT_EQ(format_size(3ULL << 40U), "3TiB");
  EXPECT_EQ(format_size(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615B");
}

TEST(Units, every_size_that_is_written_can_be_read) {
  Random random(5);
  for (int i = 0; i < 5000; ++i) {
    const std::uint64_t size = (random.next() >> random.below(64)) << random.below(40);
    EXPECT_EQ(parse_size(format_size(size)), size);
  }
}

}  // namespace
}  // namespace causeway::base
