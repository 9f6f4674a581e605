// SPDX-License-Identifier: Apache-2.0
#include "control/codec_parts.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "control/codec.h"
#include "control/diagnostic.h"
#include "control/document.h"
#include "control/spelling.h"

namespace causeway::control::detail {
namespace {

constexpr std::string_view kVariablePattern = R"(\$\{)";

}  // namespace

Node typed(std::string_view type) { return std::move(map_node().set("type", string_node(type))); }

Node any_of(std::vector<Node> forms) {
  return std::move(map_node().set("anyOf", list_node(std::move(forms))));
}

// Any scalar may come from a variable, which JSON and TOML can only write as text.
Node variable_schema() {
  return std::move(typed("string").set("pattern", string_node(kVariablePattern)));
}

Node text_schema(std::string_view pattern) {
  Node text = typed("string");
  text.set("pattern", string_node(fmt::format("{}|{}", pattern, kVariablePattern)));
  return text;
}

Node number_schema(std::uint64_t min, std::uint64_t max) {
  Node number = typed("integer");
  number.set("minimum", number_node(min));
  number.set("maximum", number_node(max));
  return number;
}

bool is_digits(std::string_view text) noexcept {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

const std::string* scalar_text(const Node& node, Takes takes, std::string_view wanted,
                               Reader& reader) {
  const bool is_text = node.kind == Node::Kind::string;
  const bool is_number = node.kind == Node::Kind::number;
  const bool fits =
      node.is_untyped || (is_text && takes != Takes::number) || (is_number && takes != Takes::text);
  if (node.is_refused) return nullptr;
  if (fits) return &node.text;
  std::string hint;
  if (is_text && is_digits(node.text)) hint = "leave the quotes out";
  if (takes == Takes::text && (is_number || node.kind == Node::Kind::boolean)) {
    hint = fmt::format("put it in quotes if it is meant as text: \"{}\"", node.text);
  }
  reader.report(Code::wrong_type, node,
                fmt::format("`{}` is {}; it takes {}", reader.key, describe(node.kind), wanted),
                std::move(hint));
  return nullptr;
}

Node word_schema(const std::vector<std::string_view>& words) {
  Node list = list_node();
  for (const auto word : words) list.items.push_back(string_node(word));
  return any_of({std::move(map_node().set("enum", std::move(list))), variable_schema()});
}

std::string word_list(const std::vector<std::string_view>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += fmt::format("`{}`", words[i]);
  }
  return text;
}

void report_unknown_word(const Node& node, const std::vector<std::string_view>& words,
                         Reader& reader, std::string_view all) {
  const auto near = nearest(node.text, words);
  reader.report(Code::bad_value, node,
                fmt::format("`{}` is not a value of `{}`", node.text, reader.key),
                near.empty() ? fmt::format("it takes {}", all.empty() ? word_list(words) : all)
                             : fmt::format("did you mean `{}`?", near));
}

bool check_list(const Node& node, Range<std::size_t> range, Reader& reader) {
  if (node.kind != Node::Kind::list) {
    reader.report(Code::wrong_type, node,
                  fmt::format("`{}` is {}; it takes a list", reader.key, describe(node.kind)));
    return false;
  }
  if (node.items.size() >= range.min && node.items.size() <= range.max) return true;
  reader.report(Code::out_of_range, node,
                node.items.empty() ? fmt::format("`{}` is empty", reader.key)
                                   : fmt::format("`{}` has {} items; at most {}", reader.key,
                                                 node.items.size(), range.max));
  return false;
}

Node list_schema(Node item, Range<std::size_t> range, bool takes_scalar) {
  Node list = typed("array");
  if (range.min > 0) list.set("minItems", number_node(range.min));
  list.set("maxItems", number_node(range.max));
  list.set("items", item);
  return takes_scalar ? any_of({std::move(list), std::move(item)}) : list;
}

}  // namespace causeway::control::detail
