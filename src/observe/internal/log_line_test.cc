// SPDX-License-Identifier: Apache-2.0
#include "observe/internal/log_line.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>

#include "base/address.h"
#include "base/error.h"
#include "base/time.h"
#include "observe/internal/test_support.h"
#include "observe/log.h"
#include "observe/log_field.h"
#include "observe/log_options.h"

namespace causeway::observe::internal {
namespace {

using namespace std::chrono_literals;

template <class... Fields>
std::string render_as(LogStyle style, LogText text, const Fields&... fields) {
  const std::array<Field, sizeof...(Fields)> list{fields...};
  LineBuffer line;
  render({.at = test::kStart, .level = LogLevel::info, .text = text.view(), .fields = list}, style,
         line);
  return std::string(line.view());
}

TEST(LogLine, text_is_time_level_message_and_fields) {
  EXPECT_EQ(render_as(LogStyle::text, "ready", field("workers", 4), field("udp", true)),
            "2026-11-21T00:47:58.123Z INFO  ready workers=4 udp=true\n");
}

TEST(LogLine, json_is_one_object_with_typed_fields) {
  EXPECT_EQ(render_as(LogStyle::json, "ready", field("workers", 4), field("udp", true),
                      field("share", 0.25), field("pool", "db"), field("depth", -2)),
            R"({"ts":"2026-11-21T00:47:58.123Z","level":"info","msg":"ready","workers":4,)"
            R"("udp":true,"share":0.25,"pool":"db","depth":-2})"
            "\n");
}

TEST(LogLine, a_name_in_braces_is_its_value_and_in_text_is_not_said_twice) {
  const auto render_it = [](LogStyle style) {
    return render_as(style, "listener {name} accepts", field("name", "my web"),
                     field("backlog", 128U));
  };
  EXPECT_EQ(render_it(LogStyle::text),
            "2026-11-21T00:47:58.123Z INFO  listener \"my web\" accepts backlog=128\n");
  EXPECT_EQ(
      render_it(LogStyle::json),
      R"({"ts":"2026-11-21T00:47:58.123Z","level":"info","msg":"listener \"my web\" accepts",)"
      R"("name":"my web","backlog":128})"
      "\n");
}

TEST(LogLine, a_name_that_no_field_has_stays_as_it_is_written) {
  EXPECT_EQ(render_as(LogStyle::text, "from {here} to {there}!", field("there", 1)),
            "2026-11-21T00:47:58.123Z INFO  from {here} to 1!\n");
}

TEST(LogLine, colour_is_in_coloured_text_alone) {
  const auto coloured = render_as(LogStyle::coloured_text, "ready", field("workers", 4));
  EXPECT_EQ(coloured,
            "\x1b[2m2026-11-21T00:47:58.123Z\x1b[0m \x1b[32mINFO \x1b[0m ready "
            "\x1b[2mworkers=\x1b[0m4\n");
}

TEST(LogLine, durations_are_short_for_people_and_seconds_in_json) {
  const auto text_of = [](Duration value) {
    const auto line = render_as(LogStyle::text, "t", field("d", value));
    return line.substr(line.find("d=") + 2);
  };
  EXPECT_EQ(text_of(0ns), "0ns\n");
  EXPECT_EQ(text_of(999ns), "999ns\n");
  EXPECT_EQ(text_of(12345ns), "12.345us\n");
  EXPECT_EQ(text_of(250ms), "250ms\n");
  EXPECT_EQ(text_of(1500ms), "1.5s\n");
  EXPECT_EQ(text_of(-2s), "-2s\n");
  EXPECT_EQ(text_of(30h), "108000s\n");
  EXPECT_NE(render_as(LogStyle::json, "t", field("d", 1500ms)).find(R"("d":1.5})"),
            std::string::npos);
}

TEST(LogLine, errors_and_addresses_are_texts) {
  const Error error{.code = Errc::refused, .side = Side::upstream};
  const auto line =
      render_as(LogStyle::text, "t", field("error", error),
                field("peer", base::SocketAddress{base::IpAddress::from_v4({192, 0, 2, 1}), 80}));
  EXPECT_NE(line.find("error=\"upstream: "), std::string::npos) << line;
  EXPECT_NE(line.find(" peer=192.0.2.1:80\n"), std::string::npos) << line;
}

TEST(LogLine, numbers_keep_their_whole_range) {
  const auto line =
      render_as(LogStyle::json, "t", field("a", std::numeric_limits<std::uint64_t>::max()),
                field("b", std::numeric_limits<std::int64_t>::min()),
                field("c", std::numeric_limits<double>::infinity()));
  EXPECT_NE(line.find(R"("a":18446744073709551615,"b":-9223372036854775808,"c":null})"),
            std::string::npos)
      << line;
}

TEST(LogLine, quotes_of_the_text_itself_are_escaped_in_json) {
  const auto line = render_as(LogStyle::json, "say \"hi\"");
  EXPECT_NE(line.find(R"("msg":"say \"hi\""})"), std::string::npos) << line;
}

TEST(LogLine, a_value_with_a_line_feed_does_not_make_two_lines) {
  for (const auto style : {LogStyle::text, LogStyle::coloured_text, LogStyle::json}) {
    const auto line =
        render_as(style, "from {name}", field("name", "x\n2026 ERROR forged"), field("b", "\n"));
    EXPECT_EQ(std::ranges::count(line, '\n'), 1);
    EXPECT_TRUE(line.ends_with('\n'));
  }
}

TEST(LogLine, what_does_not_fit_is_left_out_and_json_stays_whole) {
  const std::string big(5000, '\x01');  // six bytes each when escaped
  const auto line =
      render_as(LogStyle::json, "from {a}", field("a", big), field("b", big), field("last", 1));
  EXPECT_LE(line.size(), kLineBytesMax);
  EXPECT_NE(line.find(R"("msg":"from )"), std::string::npos);
  EXPECT_TRUE(line.ends_with(",\"last\":1,\"cut\":true}\n")) << line;
}

TEST(LogLine, text_that_does_not_fit_says_so_at_its_end) {
  const std::string big(5000, '\x01');
  for (const auto style : {LogStyle::text, LogStyle::coloured_text}) {
    const auto line = render_as(style, "big", field("a", big), field("b", big));
    EXPECT_LE(line.size(), kLineBytesMax);
    EXPECT_TRUE(line.ends_with(" (cut)\n"));
  }
}

TEST(LogLine, times_before_1970_and_at_midnight_are_dates_too) {
  LineBuffer line;
  render({.at = WallTime(-1ms), .level = LogLevel::error, .text = "t", .fields = {}},
         LogStyle::text, line);
  EXPECT_EQ(line.view(), "1969-12-31T23:59:59.999Z ERROR t\n");
}

TEST(LineBuffer, after_the_first_piece_that_does_not_fit_nothing_goes_in_until_rewound) {
  LineBuffer line;
  line.put("ab");
  const auto mark = line.mark();
  line.put(std::string(kLineBytesMax, 'x'));
  EXPECT_TRUE(line.is_full());
  line.put("c");
  EXPECT_EQ(line.view(), "ab");
  line.rewind(mark);
  line.put("d");
  EXPECT_EQ(line.view(), "abd");
}

}  // namespace
}  // namespace causeway::observe::internal
