// SPDX-License-Identifier: Apache-2.0
#include "observe/internal/log_escape.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/random.h"
#include "observe/internal/log_line.h"

namespace causeway::observe::internal {
namespace {

using namespace std::string_view_literals;

std::string as_text(std::string_view value) {
  LineBuffer line;
  put_text_value(line, value);
  return std::string(line.view());
}

std::string as_json(std::string_view value) {
  LineBuffer line;
  put_json_text(line, value);
  return std::string(line.view());
}

TEST(TextEscape, a_plain_word_stays_as_it_is) {
  EXPECT_EQ(as_text("db.internal:5432"), "db.internal:5432");
  EXPECT_EQ(as_text("größe"), "größe");
  EXPECT_EQ(as_text("日本🚢"), "日本🚢");
}

TEST(TextEscape, what_could_be_taken_for_two_values_is_quoted) {
  EXPECT_EQ(as_text(""), "\"\"");
  EXPECT_EQ(as_text("two words"), "\"two words\"");
  EXPECT_EQ(as_text("a=b"), "\"a=b\"");
  EXPECT_EQ(as_text("say \"hi\" \\ bye"), R"("say \"hi\" \\ bye")");
}

TEST(TextEscape, control_characters_never_reach_the_terminal) {
  EXPECT_EQ(as_text("one\ntwo\r\tthree"), R"("one\ntwo\r\tthree")");
  EXPECT_EQ(as_text("\x1b[2J"), R"("\x1b[2J")");
  EXPECT_EQ(as_text("nul\0nul"sv), R"("nul\x00nul")");
  EXPECT_EQ(as_text("\x7f"), R"("\x7f")");
}

TEST(TextEscape, a_control_sequence_introducer_of_8_bits_is_escaped_too) {
  EXPECT_EQ(as_text("\xc2\x9b"
                    "31m"),
            R"("\u009b31m")");
}

TEST(TextEscape, marks_that_reverse_or_hide_text_are_escaped) {
  EXPECT_EQ(as_text("a\u202eb"), R"("a\u202eb")");
  EXPECT_EQ(as_text("a\u2066b\u200bc\ufeff"), R"("a\u2066b\u200bc\ufeff")");
  EXPECT_EQ(as_text("a\u2028b"), R"("a\u2028b")");
}

TEST(TextEscape, bytes_that_are_not_utf_8_are_shown_as_bytes) {
  EXPECT_EQ(as_text("\xff"), R"("\xff")");
  EXPECT_EQ(as_text("\x80"), R"("\x80")");                          // a continuation alone
  EXPECT_EQ(as_text("\xc0\xaf"), R"("\xc0\xaf")");                  // '/' in too many bytes
  EXPECT_EQ(as_text("\xe0\x80\xaf"), R"("\xe0\x80\xaf")");          // the same in three
  EXPECT_EQ(as_text("\xed\xa0\x80"), R"("\xed\xa0\x80")");          // a surrogate
  EXPECT_EQ(as_text("\xf4\x90\x80\x80"), R"("\xf4\x90\x80\x80")");  // above U+10FFFF
  EXPECT_EQ(as_text("\xe2\x82"), R"("\xe2\x82")");                  // cut short
}

TEST(JsonEscape, follows_rfc_8259) {
  EXPECT_EQ(as_json("say \"hi\" \\ bye\n"), R"(say \"hi\" \\ bye\n)");
  EXPECT_EQ(as_json("\x01\x1f\x7f"), R"(\u0001\u001f\u007f)");
  EXPECT_EQ(as_json("größe 🚢"), "größe 🚢");
  EXPECT_EQ(as_json("a\u202eb"), R"(a\u202eb)");
}

TEST(JsonEscape, bytes_that_are_not_utf_8_become_the_replacement_character) {
  EXPECT_EQ(as_json("a\xff\xe2\x82z"), R"(a\ufffd\ufffd\ufffdz)");
}

TEST(Escape, a_long_value_is_cut_between_characters) {
  std::string value(kValueBytesMax - 1, 'a');
  value += "ä and more";
  EXPECT_EQ(as_json(value), std::string(kValueBytesMax - 1, 'a') + "ä...");
  EXPECT_EQ(as_text(value), "\"" + std::string(kValueBytesMax - 1, 'a') + "ä...\"");
}

TEST(Escape, whatever_the_bytes_are_the_result_is_one_printable_line) {
  base::Random random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string value(random.below(40), '\0');
    for (char& byte : value) byte = static_cast<char>(random.next());
    for (const std::string& escaped : {as_text(value), as_json(value)}) {
      for (const char byte : escaped) {
        ASSERT_FALSE((byte >= 0 && byte < ' ') || byte == 0x7f) << escaped;
      }
    }
  }
}

}  // namespace
}  // namespace causeway::observe::internal
