// SPDX-License-Identifier: Apache-2.0
#include "control/document_reader.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "control/diagnostic.h"
#include "control/document.h"
#include "control/node_writer.h"
#include "control/source_text.h"

namespace causeway::control {
namespace {

struct Read {
  std::optional<Node> root;
  Sources sources;
  Diagnostics diagnostics;
};

Read read(Language language, std::string text) {
  Read result;
  result.root = read_document("f", std::move(text), language, result.sources, result.diagnostics);
  return result;
}

// "key=line:column" for each entry below `node`, values after an arrow.
std::string places_of(const Node& node) {
  std::string text;
  for (const Entry& entry : node.entries) {
    text += entry.key + "=" + std::to_string(entry.place.line) + ":" +
            std::to_string(entry.place.column) + ">" + std::to_string(entry.value.place.line) +
            ":" + std::to_string(entry.value.place.column) + " " + places_of(entry.value);
  }
  for (const Node& item : node.items) {
    text += "-" + std::to_string(item.place.line) + ":" + std::to_string(item.place.column) + " " +
            places_of(item);
  }
  return text;
}

TEST(LanguageOf, the_extension_decides) {
  EXPECT_EQ(language_of("a.yaml", "{}"), Language::yaml);
  EXPECT_EQ(language_of("a.yml", "x = 1"), Language::yaml);
  EXPECT_EQ(language_of("a.toml", "{}"), Language::toml);
  EXPECT_EQ(language_of("a.json", "x: 1"), Language::json);
}

TEST(LanguageOf, without_one_the_text_decides) {
  EXPECT_EQ(language_of("gateway", "\xef\xbb\xbf  {\"a\": 1}"), Language::json);
  EXPECT_EQ(language_of("gateway", "# c\n\nworkers = 4"), Language::toml);
  EXPECT_EQ(language_of("gateway", "[limits]"), Language::toml);
  EXPECT_EQ(language_of("gateway", "bind: a=b"), Language::yaml);
  EXPECT_EQ(language_of("gateway", ""), Language::yaml);
}

TEST(Yaml, every_key_and_value_has_its_place) {
  const auto got = read(Language::yaml, "a: 1\nb:\n  - x: \"two\"\n  - [3, 4]\n");
  ASSERT_TRUE(got.root);
  EXPECT_EQ(places_of(*got.root), "a=1:1>1:4 b=2:1>3:3 -3:5 x=3:5>3:8 -4:5 -4:6 -4:9 ");
}

TEST(Json, every_key_and_value_has_its_place) {
  const auto got =
      read(Language::json,
           "{\"a\" : 1,\n \"\\u0062\": [{\"x\": \"t\\\"wo\"}, [3 ,-4.5e1], true, null]}");
  ASSERT_TRUE(got.root);
  EXPECT_EQ(places_of(*got.root),
            "a=1:2>1:8 b=2:2>2:12 -2:13 x=2:14>2:19 -2:29 -2:30 -2:33 -2:42 -2:48 ");
  EXPECT_EQ(got.root->entries[1].value.items[1].items[1].text, "-4.5e1");
}

TEST(Toml, every_key_and_value_has_its_place_in_the_order_of_the_text) {
  const auto got = read(Language::toml, "z = 1\na = \"é\" # c\n[[l]]\nx = [1, {y = 2}]\n");
  ASSERT_TRUE(got.root);
  EXPECT_EQ(places_of(*got.root),
            "z=1:1>1:5 a=2:1>2:5 l=3:3>3:1 -3:1 x=4:1>4:5 -4:6 -4:9 y=4:10>4:14 ");
}

TEST(Yaml, plain_scalars_follow_the_core_schema) {
  const std::map<std::string, Node::Kind> kinds = {{"true", Node::Kind::boolean},
                                                   {"False", Node::Kind::boolean},
                                                   {"yes", Node::Kind::string},
                                                   {"off", Node::Kind::string},
                                                   {"12", Node::Kind::number},
                                                   {"-3", Node::Kind::number},
                                                   {"0o17", Node::Kind::number},
                                                   {"0xfF", Node::Kind::number},
                                                   {"0x", Node::Kind::string},
                                                   {"1.5", Node::Kind::number},
                                                   {".5", Node::Kind::number},
                                                   {"1e3", Node::Kind::number},
                                                   {"1e", Node::Kind::string},
                                                   {".", Node::Kind::string},
                                                   {"10s", Node::Kind::string},
                                                   {"1.2.3", Node::Kind::string},
                                                   {"\"12\"", Node::Kind::string},
                                                   {"'true'", Node::Kind::string},
                                                   {"~", Node::Kind::null},
                                                   {"null", Node::Kind::null},
                                                   {"!!str 5", Node::Kind::string},
                                                   {"1:30", Node::Kind::string},
                                                   {"127.0.0.1:80", Node::Kind::string}};
  for (const auto& [text, kind] : kinds) {
    const auto got = read(Language::yaml, "a: " + text);
    ASSERT_TRUE(got.root) << text;
    EXPECT_EQ(got.root->find("a")->kind, kind) << text;
  }
}

TEST(Yaml, an_alias_is_a_copy) {
  const auto got = read(Language::yaml, "a: &x { k: [1, 2] }\nb: *x\n");
  ASSERT_TRUE(got.root);
  EXPECT_EQ(to_json(*got.root->find("a")), to_json(*got.root->find("b")));
}

TEST(Yaml, aliases_cannot_multiply_beyond_the_bound) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) text += (j == 0 ? "" : ", ") + before;
    text += "]\n";
  }
  const auto got = read(Language::yaml, text);
  EXPECT_FALSE(got.root);
  ASSERT_EQ(got.diagnostics.all().size(), 1U);
  EXPECT_EQ(got.diagnostics.all()[0].code, Code::too_large);
}

TEST(Yaml, an_empty_text_is_a_map_without_keys) {
  for (const char* text : {"", "\n", "# nothing\n"}) {
    const auto got = read(Language::yaml, text);
    ASSERT_TRUE(got.root) << text;
    EXPECT_TRUE(got.root->entries.empty());
  }
}

TEST(Yaml, a_list_as_a_key_is_refused) {
  const auto got = read(Language::yaml, "? [a, b]\n: c\n");
  EXPECT_FALSE(got.root);
  EXPECT_EQ(got.diagnostics.errors(), 1U);
}

TEST(Document, values_beyond_the_bound_are_refused_in_every_language) {
  std::string ones = "1";
  for (std::size_t i = 0; i < kDocumentNodesMax; ++i) ones += ",1";
  for (const auto& [language, text] : {std::pair(Language::json, "{\"a\":[" + ones + "]}"),
                                       std::pair(Language::toml, "a=[" + ones + "]\n"),
                                       std::pair(Language::yaml, "a: [" + ones + "]\n")}) {
    const auto got = read(language, text);
    EXPECT_FALSE(got.root);
    ASSERT_EQ(got.diagnostics.all().size(), 1U);
    EXPECT_EQ(got.diagnostics.all()[0].code, Code::too_large);
  }
}

TEST(Document, bytes_beyond_the_bound_are_refused) {
  const auto got = read(Language::yaml, "#" + std::string(kDocumentBytesMax, ' '));
  EXPECT_FALSE(got.root);
  EXPECT_EQ(got.diagnostics.all()[0].code, Code::too_large);
}

TEST(Document, the_deepest_tree_is_taken_and_one_level_more_is_not) {
  for (const std::size_t extra : {0U, 1U}) {
    const std::size_t lists = kDocumentDepthMax - 1 + extra;
    const std::string nest = std::string(lists, '[') + std::string(lists, ']');
    EXPECT_EQ(read(Language::json, "{\"a\":" + nest + "}").root.has_value(), extra == 0);
    EXPECT_EQ(read(Language::toml, "a=" + nest + "\n").root.has_value(), extra == 0);
    EXPECT_EQ(read(Language::yaml, "a: " + nest + "\n").root.has_value(), extra == 0);
  }
}

TEST(Toml, a_key_of_very_many_parts_is_refused_before_it_is_built) {
  std::string key = "a";
  while (key.size() < kDocumentBytesMax / 2) key += ".a";
  const auto got = read(Language::toml, key + " = 1\n");
  EXPECT_FALSE(got.root);
  EXPECT_EQ(got.diagnostics.all()[0].code, Code::too_deep);
}

TEST(Toml, a_deep_key_cannot_hide_behind_a_string) {
  std::string deep = "k";
  for (int i = 0; i < 200000; ++i) deep += ".a";
  for (const char* before :
       {"x = [\"\"\"\n\"\"\", {", "x = ['''\n''''', {", "x = [\"\\\"\", {",
        "x = [\"\"\"\"\"\"\"\", {", "x = ['\\', {", "x = [\"#\", {", "\"\".", "[a.'b'."}) {
    const auto got = read(Language::toml, before + deep + " = 1}]\n");
    EXPECT_FALSE(got.root) << before;
    ASSERT_EQ(got.diagnostics.all().size(), 1U) << before;
    EXPECT_EQ(got.diagnostics.all()[0].code, Code::too_deep) << before;
  }
}

TEST(Toml, dots_in_values_and_comments_are_no_parts_of_keys) {
  std::string dots;
  for (int i = 0; i < 100; ++i) dots += "a.";
  const auto got =
      read(Language::toml, "a = \"" + dots + "\" # " + dots + "\nb = '" + dots + "'\n");
  EXPECT_TRUE(got.root);
}

TEST(Json, what_follows_the_document_is_refused) {
  EXPECT_FALSE(read(Language::json, "{} {}").root);
  EXPECT_FALSE(read(Language::json, "").root);
  EXPECT_FALSE(read(Language::json, "{\"a\": 1,}").root);
  EXPECT_FALSE(read(Language::json, "{\"a\": 1e999}").root);
}

TEST(ReadFile, errors_are_values) {
  EXPECT_EQ(read_file("/nonexistent/file", 10).error().code, Errc::not_found);
  EXPECT_FALSE(read_file("/", 10));
  EXPECT_EQ(read_file(CAUSEWAY_SOURCE_DIR "/docs/configuration.md", 10).error().code,
            Errc::out_of_range);
}

}  // namespace
}  // namespace causeway::control
