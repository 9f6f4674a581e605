// SPDX-License-Identifier: Apache-2.0
#include "control/toml_reader.h"

#include <fmt/format.h>
#include <toml++/toml.h>  // IWYU pragma: keep

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/diagnostic.h"
#include "control/document.h"
#include "control/source_text.h"
#include "control/tree_builder.h"

// NOLINTBEGIN(misc-include-cleaner): toml++ is one header, whose parts do not compile alone
namespace causeway::control {
namespace {

// toml++ builds nested tables for dotted keys without a bound and takes them down again by
// recursion, so the dots are counted before it sees the text.
constexpr std::size_t kDottedPartsMax = kDocumentDepthMax;

// The offset behind the string that begins at `start` with its quote (TOML 1.0, "String"). An
// unclosed one ends where the parser will refuse it.
std::size_t skip_string(std::string_view text, std::size_t start) noexcept {
  const char quote = text[start];
  const std::string_view rest = text.substr(start);
  const bool is_long = rest.size() >= 3 && rest[1] == quote && rest[2] == quote;
  std::size_t at = start + (is_long ? 3 : 1);
  while (at < text.size()) {
    if (text[at] == '\\' && quote == '"') {
      at += 2;
    } else if (!is_long && (text[at] == quote || text[at] == '\n')) {
      return at + 1;
    } else if (is_long && text[at] == quote && text.substr(at, 3) == rest.substr(0, 3)) {
      at += 3;
      // Up to two quotes before the closing three are part of the text.
      for (int extra = 0; extra < 2 && at < text.size() && text[at] == quote; ++extra) ++at;
      return at;
    } else {
      ++at;
    }
  }
  return text.size();
}

// The offset of a dot that gives a key more parts than any may have, or npos. Dots inside of
// strings and comments do not count.
std::size_t find_deep_key(std::string_view text) noexcept {
  std::size_t dots = 0;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"' || c == '\'') {
      at = skip_string(text, at);
      continue;
    }
    if (c == '#') {
      at = std::min(text.find('\n', at), text.size());
      continue;
    }
    if (c == '\n' || c == ',' || c == '=' || c == '[' || c == '{') dots = 0;
    if (c == '.' && ++dots >= kDottedPartsMax) return at;
    ++at;
  }
  return std::string_view::npos;
}

class Walk {
 public:
  Walk(TreeBuilder& builder, const SourceText& text) : builder_(builder), text_(text) {}

  // Recursion ends at kDocumentDepthMax, where the builder stops.
  void table(const toml::table& table) {
    builder_.begin_map(offset_of(table.source()));
    struct Member {
      std::size_t offset;
      const toml::key* key;
      const toml::node* node;
    };
    std::vector<Member> members;  // toml++ keeps them by name
    for (auto&& [key, node] : table) members.push_back({offset_of(key.source()), &key, &node});
    std::ranges::sort(members, {}, &Member::offset);
    for (const Member& member : members) {
      if (builder_.has_stopped()) return;
      builder_.key(std::string(member.key->str()), member.offset);
      value(*member.node);
    }
    builder_.end();
  }

 private:
  void value(const toml::node& node) {
    if (builder_.has_stopped()) return;
    const std::size_t offset = offset_of(node.source());
    switch (node.type()) {
      case toml::node_type::table:
        return table(*node.as_table());
      case toml::node_type::array:
        return array(*node.as_array());
      case toml::node_type::string:
        return builder_.scalar(Node::Kind::string, node.as_string()->get(), offset);
      case toml::node_type::integer:
        return builder_.scalar(Node::Kind::number, integer_text(*node.as_integer()), offset);
      case toml::node_type::floating_point:
        return builder_.scalar(Node::Kind::number,
                               fmt::format("{}", node.as_floating_point()->get()), offset);
      case toml::node_type::boolean:
        return builder_.scalar(Node::Kind::boolean, node.as_boolean()->get() ? "true" : "false",
                               offset);
      case toml::node_type::date:
      case toml::node_type::time:
      case toml::node_type::date_time:
      case toml::node_type::none:
        break;
    }
    builder_.fail(Code::wrong_type, offset, "dates and times have no use in a configuration",
                  "put text in quotes");
    builder_.scalar(Node::Kind::null, {}, offset);
  }

  void array(const toml::array& array) {
    builder_.begin_list(offset_of(array.source()));
    for (const toml::node& item : array) value(item);
    if (!builder_.has_stopped()) builder_.end();
  }

  // A mode such as 0o660 keeps its digits: only its reader knows that they are octal.
  static std::string integer_text(const toml::value<std::int64_t>& integer) {
    const bool is_octal = integer.flags() == toml::value_flags::format_as_octal;
    return is_octal ? fmt::format("0{:o}", integer.get()) : fmt::format("{}", integer.get());
  }

  // toml++ counts characters, and says nothing of tables that only dotted keys made.
  std::size_t offset_of(const toml::source_region& region) const {
    return text_.offset_of(region.begin.line, region.begin.column);
  }

  TreeBuilder& builder_;
  const SourceText& text_;
};

// "Error while parsing key-value pair: cannot redefine existing string 'bind'".
void explain(const toml::parse_error& problem, TreeBuilder& builder, const SourceText& text) {
  std::string_view what = problem.description();
  const auto colon = what.find(": ");
  if (what.starts_with("Error while parsing") && colon != std::string_view::npos) {
    what.remove_prefix(colon + 2);
  }
  const bool is_duplicate = what.find("redefine") != std::string_view::npos;
  const bool is_deep = what.find("MAX_NESTED_VALUES") != std::string_view::npos;
  const auto& begin = problem.source().begin;
  builder.fail(is_duplicate ? Code::duplicate_key
               : is_deep    ? Code::too_deep
                            : Code::syntax,
               text.offset_of(begin.line, begin.column),
               is_deep ? fmt::format("nested more than {} levels deep", kDocumentDepthMax)
                       : std::string(what));
}

}  // namespace

std::optional<Node> read_toml(const Sources& sources, std::uint32_t source,
                              Diagnostics& diagnostics) {
  TreeBuilder builder(sources, source, diagnostics);
  const SourceText& text = sources.at(source);
  const std::size_t deep = find_deep_key(text.text());
  if (deep != std::string_view::npos) {
    builder.fail(Code::too_deep, deep,
                 fmt::format("a key with more than {} parts", kDottedPartsMax));
    return std::nullopt;
  }
  try {
    const toml::table root = toml::parse(text.text());
    Walk(builder, text).table(root);
  } catch (const toml::parse_error& problem) {
    explain(problem, builder, text);
  } catch (const std::exception&) {
    builder.fail(Code::syntax, 0, "the text is not TOML");
  }
  return builder.take();
}

}  // namespace causeway::control
// NOLINTEND(misc-include-cleaner)
