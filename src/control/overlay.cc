// SPDX-License-Identifier: Apache-2.0
#include "control/overlay.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/number.h"
#include "control/codec.h"
#include "control/diagnostic.h"
#include "control/document.h"
#include "control/document_reader.h"
#include "control/source_text.h"
#include "control/substitution.h"

namespace causeway::control {
namespace {

using Segments = std::vector<std::string>;

bool is_digits(std::string_view text) noexcept {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

char folded(char c) noexcept {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  const bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  return is_plain ? c : '_';
}

// A name as a variable can spell it: "My-Web.1" is "my_web_1".
std::string folded(std::string_view name) {
  std::string text(name);
  for (char& c : text) c = folded(c);
  return text;
}

Segments split(std::string_view text, std::string_view separator) {
  Segments segments;
  for (;;) {
    const auto end = text.find(separator);
    segments.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return segments;
    text.remove_prefix(end + separator.size());
  }
}

std::string_view trimmed(std::string_view text) noexcept {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// Indices in the order of numbers, so that items are appended one after the other.
bool comes_before(const Segments& a, const Segments& b) {
  return std::ranges::lexicographical_compare(a, b, [](const std::string& x, const std::string& y) {
    if (is_digits(x) && is_digits(y) && x.size() != y.size()) return x.size() < y.size();
    return x < y;
  });
}

// Puts one value into the tree.
class Placing {
 public:
  Placing(std::string_view value, Place place, Diagnostics& diagnostics)
      : value_(value), place_(place), diagnostics_(diagnostics) {}

  // Recursion follows the schema, which has a handful of levels.
  void put(Node& node, const Codec& codec, std::span<const std::string> path) {
    if (path.empty()) {
      if (auto read = read_value(codec)) node = std::move(*read);
      return;
    }
    if (const ObjectShape* object = codec.object()) return put_in_map(node, *object, path);
    if (const ListShape* list = codec.list()) return put_in_list(node, *list, path);
    refuse(Code::unknown_key,
           fmt::format("there is nothing below this key to set as `{}`", path.front()));
  }

 private:
  void put_in_map(Node& node, const ObjectShape& shape, std::span<const std::string> path) {
    const std::string& key = path.front();
    const Field* field = shape.find(key);
    if (field == nullptr) {
      return refuse(Code::unknown_key, fmt::format("unknown key `{}`", key), shape.hint_for(key));
    }
    if (node.kind != Node::Kind::map && node.kind != Node::Kind::null)
      return;  // its reader says so
    if (Node* value = node.find(key)) return put(*value, *field->codec, path.subspan(1));
    Node fresh;
    put(fresh, *field->codec, path.subspan(1));
    if (fresh.kind == Node::Kind::null) return;  // it was refused
    if (node.kind == Node::Kind::null) node = container_node(Node::Kind::map, place_);
    node.set(key, std::move(fresh));
  }

  void put_in_list(Node& node, const ListShape& shape, std::span<const std::string> path) {
    if (node.kind != Node::Kind::list && node.kind != Node::Kind::null)
      return;  // its reader says so
    const auto index = index_of(node, path.front());
    if (!index) return;
    if (*index < node.items.size()) return put(node.items[*index], *shape.item, path.subspan(1));
    Node fresh;
    put(fresh, *shape.item, path.subspan(1));
    if (fresh.kind == Node::Kind::null) return;  // it was refused
    if (node.kind == Node::Kind::null) node = container_node(Node::Kind::list, place_);
    node.items.push_back(std::move(fresh));
  }

  std::optional<std::size_t> index_of(const Node& list, const std::string& segment) {
    if (is_digits(segment)) {
      const auto index = base::parse_number<std::size_t>(segment);
      if (index && *index <= list.items.size()) return *index;
      refuse(Code::out_of_range,
             fmt::format("there is no item {}; the list has {}", segment, list.items.size()),
             "items are counted from 0, and the next one may be added");
      return std::nullopt;
    }
    std::optional<std::size_t> found;
    std::string names;
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      const Node* name = list.items[i].find("name");
      if (name == nullptr) continue;
      if (names.size() < 200) names += fmt::format("{}`{}`", names.empty() ? "" : ", ", name->text);
      if (folded(name->text) != folded(segment)) continue;
      if (found) {
        refuse(Code::duplicate_name, fmt::format("`{}` could be more than one item", segment),
               "use its index, counted from 0");
        return std::nullopt;
      }
      found = i;
    }
    if (!found) {
      refuse(Code::unknown_key, fmt::format("no item is called `{}`", segment),
             names.empty() ? "use an index, counted from 0" : fmt::format("there are {}", names));
    }
    return found;
  }

  // Nothing when the text is meant as YAML and is not.
  std::optional<Node> read_value(const Codec& codec) {
    const auto text = trimmed(value_);
    const bool is_list = codec.list() != nullptr;
    const bool is_large =
        (is_list && text.starts_with('[')) || (codec.object() != nullptr && text.starts_with('{'));
    if (is_large) return read_yaml_value(text);
    if (!is_list || text.find(',') == std::string_view::npos) return untyped_node(value_, place_);
    Node list = container_node(Node::Kind::list, place_);
    for (const std::string& item : split(text, ",")) {
      list.items.push_back(untyped_node(trimmed(item), place_));
    }
    return list;
  }

  std::optional<Node> read_yaml_value(std::string_view text) {
    Sources sources;
    Diagnostics problems;
    auto node = read_document("value", std::string(text), Language::yaml, sources, problems);
    for (const Diagnostic& problem : problems.all()) {
      refuse(problem.code, fmt::format("column {}: {}", problem.place.column, problem.message));
    }
    if (node) set_place(*node, place_);
    return node;
  }

  void refuse(Code code, std::string message, std::string hint = {}) {
    diagnostics_.add(
        {.code = code, .place = place_, .message = std::move(message), .hint = std::move(hint)});
  }

  std::string_view value_;
  Place place_;
  Diagnostics& diagnostics_;
};

}  // namespace

void apply_environment(Node& root, const Codec& schema, const Environment& environment,
                       Sources& sources, Diagnostics& diagnostics) {
  struct Setting {
    Segments path;
    const std::string* name;
    const std::string* value;
  };
  std::vector<Setting> settings;
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(kVariablePrefix)) continue;
    auto path = split(std::string_view(name).substr(kVariablePrefix.size()), "__");
    for (std::string& segment : path) segment = folded(segment);
    settings.push_back({.path = std::move(path), .name = &name, .value = &value});
  }
  std::ranges::sort(settings, comes_before, &Setting::path);
  for (const Setting& setting : settings) {
    const Place place = {.source = sources.add("environment " + *setting.name)};
    if (find_text_problem(*setting.value)) {
      diagnostics.add(
          {.code = Code::syntax, .place = place, .message = "the value is not UTF-8 text"});
      continue;
    }
    Placing(*setting.value, place, diagnostics).put(root, schema, setting.path);
  }
}

void apply_overrides(Node& root, const Codec& schema, const Overrides& overrides,
                     std::uint32_t source, Diagnostics& diagnostics) {
  for (const auto& [path, value] : overrides) {
    Placing(value, {.source = source}, diagnostics).put(root, schema, split(path, "."));
  }
}

}  // namespace causeway::control
