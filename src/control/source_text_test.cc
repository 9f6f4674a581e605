// SPDX-License-Identifier: Apache-2.0
#include "control/source_text.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

namespace causeway::control {
namespace {

TEST(SourceText, lines_end_at_lf_and_at_crlf) {
  const SourceText text("f", "one\r\ntwo\n\nfour");
  EXPECT_EQ(text.line(1), "one");
  EXPECT_EQ(text.line(2), "two");
  EXPECT_EQ(text.line(3), "");
  EXPECT_EQ(text.line(4), "four");
  EXPECT_EQ(text.line(0), "");
  EXPECT_EQ(text.line(5), "");
}

TEST(SourceText, columns_count_characters_not_bytes) {
  const SourceText text("f", "a\nüöx");
  const Place place = text.place_at(text.text().find('x'), 3);
  EXPECT_EQ(place.source, 3U);
  EXPECT_EQ(place.line, 2U);
  EXPECT_EQ(place.column, 3U);
  EXPECT_EQ(text.offset_of(2, 3), text.text().find('x'));
}

TEST(SourceText, a_byte_order_mark_takes_no_column) {
  const SourceText text("f",
                        "\xef\xbb\xbf"
                        "abc");
  EXPECT_EQ(text.text(), "abc");
  EXPECT_EQ(text.place_at(0, 0).column, 1U);
}

TEST(SourceText, places_and_offsets_are_inverse_on_long_lines) {
  std::string long_line = "x\n";
  for (int i = 0; i < 3000; ++i) long_line += i % 3 == 0 ? "é" : "b";
  const SourceText text("f", long_line);
  for (std::size_t offset = 0; offset < long_line.size(); ++offset) {
    if ((static_cast<unsigned char>(long_line[offset]) & 0xc0U) == 0x80U) continue;
    const Place place = text.place_at(offset, 0);
    ASSERT_EQ(text.offset_of(place.line, place.column), offset);
  }
}

TEST(SourceText, an_offset_beyond_the_end_is_the_end) {
  const SourceText text("f", "ab\n");
  EXPECT_EQ(text.place_at(100, 0).line, 2U);
  EXPECT_EQ(text.place_at(100, 0).column, 1U);
  EXPECT_EQ(text.offset_of(9, 1), 3U);
}

TEST(SourceText, a_place_without_a_line_reads_as_its_source) {
  Sources sources;
  const auto file = sources.add("gateway.yaml", "abc");
  EXPECT_EQ(sources.to_text({}), "default");
  EXPECT_EQ(sources.to_text({.source = file}), "gateway.yaml");
  EXPECT_EQ(sources.to_text({.source = file, .line = 7, .column = 15}), "gateway.yaml:7:15");
}

TEST(TextProblem, utf8_of_every_length_is_fine) {
  EXPECT_FALSE(find_text_problem("a é € 😀 \x7f"));
  EXPECT_FALSE(find_text_problem(""));
}

TEST(TextProblem, what_is_not_utf8_is_found_where_it_is) {
  for (const std::string_view bad : {"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80", "\xff",
                                     "\xe2\x82", "\xf0\x80\x80\x80", "\xe0\x80\x80"}) {
    const std::string text = "ab" + std::string(bad);
    const auto problem = find_text_problem(text);
    ASSERT_TRUE(problem) << text;
    EXPECT_EQ(problem->offset, 2U);
  }
}

TEST(TextProblem, a_nul_byte_is_found) {
  const auto problem = find_text_problem(std::string_view("a\0b", 3));
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->offset, 1U);
}

}  // namespace
}  // namespace causeway::control
