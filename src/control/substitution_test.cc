// SPDX-License-Identifier: Apache-2.0
#include "control/substitution.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "control/diagnostic.h"
#include "control/document.h"

namespace causeway::control {
namespace {

const Environment kEnvironment = {{"PORT", "8080"}, {"EMPTY", ""}, {"NESTED", "${PORT}"}};

std::string substituted(std::string_view text) {
  Diagnostics diagnostics;
  Node node = string_node(text);
  substitute(node, kEnvironment, diagnostics);
  EXPECT_EQ(diagnostics.errors(), 0U) << text;
  return node.text;
}

Code refusal(std::string_view text) {
  Diagnostics diagnostics;
  Node node = string_node(text);
  substitute(node, kEnvironment, diagnostics);
  EXPECT_EQ(diagnostics.errors(), 1U) << text;
  EXPECT_TRUE(node.is_refused);
  return diagnostics.errors() == 1 ? diagnostics.all()[0].code : Code::no_effect;
}

TEST(Substitution, variables_and_defaults) {
  EXPECT_EQ(substituted("127.0.0.1:${PORT}"), "127.0.0.1:8080");
  EXPECT_EQ(substituted("${PORT}${PORT}"), "80808080");
  EXPECT_EQ(substituted("${PORT:-1}"), "8080");
  EXPECT_EQ(substituted("${NONE:-1}"), "1");
  EXPECT_EQ(substituted("${NONE:-}"), "");
  EXPECT_EQ(substituted("${EMPTY}"), "");
  EXPECT_EQ(substituted("${EMPTY:-x}"), "x");
}

TEST(Substitution, a_doubled_dollar_is_a_plain_one) {
  EXPECT_EQ(substituted("$${PORT}"), "${PORT}");
  EXPECT_EQ(substituted("a$${b}${PORT}"), "a${b}8080");
  EXPECT_EQ(substituted("$ $PORT $$"), "$ $PORT $$");
}

TEST(Substitution, what_a_variable_holds_is_not_looked_at_again) {
  EXPECT_EQ(substituted("${NESTED}"), "${PORT}");
}

TEST(Substitution, mistakes_are_said_once) {
  EXPECT_EQ(refusal("${NONE}"), Code::unset_variable);
  EXPECT_EQ(refusal("${PORT"), Code::bad_value);
  EXPECT_EQ(refusal("${}"), Code::bad_value);
  EXPECT_EQ(refusal("${1A}"), Code::bad_value);
  EXPECT_EQ(refusal("${A-B}"), Code::bad_value);
}

TEST(Substitution, a_scalar_with_a_variable_has_no_type_of_its_own) {
  Diagnostics diagnostics;
  Node map = map_node();
  map.set("with", string_node("${PORT}"));
  map.set("without", string_node("8080"));
  substitute(map, kEnvironment, diagnostics);
  EXPECT_TRUE(map.find("with")->is_untyped);
  EXPECT_FALSE(map.find("without")->is_untyped);
}

TEST(Substitution, keys_are_left_alone) {
  Diagnostics diagnostics;
  Node map = map_node();
  map.set("${PORT}", string_node("x"));
  substitute(map, kEnvironment, diagnostics);
  EXPECT_EQ(map.entries[0].key, "${PORT}");
}

TEST(Substitution, what_variables_add_is_bounded) {
  const Environment environment = {{"BIG", std::string(1U << 16U, 'x')}};
  Diagnostics diagnostics;
  Node list = list_node();
  for (int i = 0; i < 100; ++i) list.items.push_back(string_node("${BIG}"));
  substitute(list, environment, diagnostics);
  ASSERT_TRUE(diagnostics.has_errors());
  EXPECT_EQ(diagnostics.all()[0].code, Code::too_large);
}

TEST(Substitution, a_value_that_is_not_text_is_refused) {
  Diagnostics diagnostics;
  Node node = string_node("${BAD}");
  substitute(node, {{"BAD", "\xff"}}, diagnostics);
  ASSERT_EQ(diagnostics.errors(), 1U);
  EXPECT_EQ(diagnostics.all()[0].code, Code::bad_value);
}

}  // namespace
}  // namespace causeway::control
