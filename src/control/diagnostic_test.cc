// SPDX-License-Identifier: Apache-2.0
#include "control/diagnostic.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

#include "control/source_text.h"

namespace causeway::control {
namespace {

TEST(Diagnostics, the_report_has_the_line_a_caret_and_a_hint) {
  Sources sources;
  const auto file = sources.add("gateway.yaml", "pools:\n  blance: x\n");
  Diagnostics diagnostics;
  diagnostics.add({.code = Code::unknown_key,
                   .place = {.source = file, .line = 2, .column = 3, .length = 6},
                   .message = "unknown key `blance` in pool `api`",
                   .hint = "did you mean `balance`?"});
  EXPECT_EQ(render(diagnostics, sources, Colour::off),
            "gateway.yaml:2:3: error[unknown-key]: unknown key `blance` in pool `api`\n"
            "   2 |   blance: x\n"
            "     |   ^~~~~~\n"
            "  hint: did you mean `balance`?\n");
}

TEST(Diagnostics, colours_are_only_there_when_asked_for) {
  Sources sources;
  Diagnostics diagnostics;
  diagnostics.add(
      {.code = Code::unused_pool, .place = {.source = sources.add("f")}, .message = "m"});
  EXPECT_EQ(render(diagnostics, sources, Colour::off).find('\x1b'), std::string::npos);
  EXPECT_NE(render(diagnostics, sources, Colour::on).find("\x1b[1;35mwarning"), std::string::npos);
}

TEST(Diagnostics, beyond_the_bound_they_are_only_counted) {
  Sources sources;
  Diagnostics diagnostics;
  const auto file = sources.add("f");
  for (std::size_t i = 0; i < kDiagnosticsMax + 7; ++i) {
    diagnostics.add({.code = Code::syntax, .place = {.source = file}, .message = "m"});
  }
  EXPECT_TRUE(diagnostics.is_full());
  EXPECT_EQ(diagnostics.all().size(), kDiagnosticsMax);
  EXPECT_EQ(diagnostics.errors(), kDiagnosticsMax + 7);
  EXPECT_TRUE(render(diagnostics, sources, Colour::off).ends_with("... and 7 more\n"));
  EXPECT_EQ(summarize(diagnostics), "107 errors");
}

TEST(Diagnostics, the_line_of_a_secret_is_not_shown) {
  Sources sources;
  const auto file = sources.add("f", "token: hunter2\n");
  Diagnostics diagnostics;
  diagnostics.add({.code = Code::bad_value,
                   .place = {.source = file, .line = 1, .column = 8},
                   .message = "m",
                   .hides_line = true});
  EXPECT_EQ(render(diagnostics, sources, Colour::off).find("hunter2"), std::string::npos);
}

TEST(Diagnostics, sorting_is_by_place_and_keeps_the_order_of_equals) {
  Diagnostics diagnostics;
  diagnostics.add({.code = Code::syntax, .place = {.line = 2, .column = 1}, .message = "c"});
  diagnostics.add({.code = Code::syntax, .place = {.line = 1, .column = 5}, .message = "a"});
  diagnostics.add({.code = Code::syntax, .place = {.line = 1, .column = 5}, .message = "b"});
  diagnostics.sort();
  EXPECT_EQ(diagnostics.all()[0].message, "a");
  EXPECT_EQ(diagnostics.all()[1].message, "b");
  EXPECT_EQ(diagnostics.all()[2].message, "c");
}

TEST(Printable, nothing_that_a_terminal_obeys_is_left) {
  EXPECT_EQ(printable("a\x1b[31mb"), "a?[31mb");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "?31m");  // CSI in one character
  EXPECT_EQ(printable("a\tb\r\x7f"), "a b??");
  EXPECT_EQ(printable("caf\xe9"), "caf?");
  EXPECT_EQ(printable("größe € 😀"), "größe € 😀");
}

TEST(Summary, singular_and_plural) {
  Diagnostics diagnostics;
  EXPECT_EQ(summarize(diagnostics), "");
  diagnostics.add({.code = Code::unused_pool, .place = {}, .message = ""});
  EXPECT_EQ(summarize(diagnostics), "1 warning");
  diagnostics.add({.code = Code::syntax, .place = {}, .message = ""});
  diagnostics.add({.code = Code::syntax, .place = {}, .message = ""});
  EXPECT_EQ(summarize(diagnostics), "2 errors, 1 warning");
}

}  // namespace
}  // namespace causeway::control
