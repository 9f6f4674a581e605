// SPDX-License-Identifier: Apache-2.0
#include "control/substitution.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include "control/diagnostic.h"
#include "control/document.h"
#include "control/source_text.h"

namespace causeway::control {
namespace {

bool is_name(std::string_view text) noexcept {
  if (text.empty() || (text.front() >= '0' && text.front() <= '9')) return false;
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

class Substitution {
 public:
  Substitution(const Environment& environment, Diagnostics& diagnostics)
      : environment_(environment), diagnostics_(diagnostics) {}

  // Recursion is bounded by kDocumentDepthMax.
  void apply(Node& node) {
    for (Node& item : node.items) apply(item);
    for (Entry& entry : node.entries) apply(entry.value);
    if (node.kind != Node::Kind::string || node.text.find("${") == std::string::npos) return;
    node.is_refused = !expand(node);
  }

 private:
  // False when the scalar was refused, which has been said.
  bool expand(Node& node) {
    std::string expanded;
    std::string_view rest = node.text;
    bool has_variable = false;
    while (!rest.empty()) {
      const auto start = rest.find("${");
      if (start == std::string_view::npos) break;
      const bool is_escaped = start > 0 && rest[start - 1] == '$';
      expanded.append(rest.substr(0, is_escaped ? start - 1 : start));
      rest.remove_prefix(start + 2);
      if (is_escaped) {
        expanded.append("${");
        continue;
      }
      const auto end = rest.find('}');
      if (end == std::string_view::npos) {
        refuse(node, Code::bad_value, "`${` without its `}`", "write `$${` for a plain `${`");
        return false;
      }
      const auto value = value_of(node, rest.substr(0, end));
      if (!value) return false;
      rest.remove_prefix(end + 1);
      expanded.append(*value);
      has_variable = true;
      added_bytes_ += value->size();
      if (added_bytes_ > kSubstitutedBytesMax) {
        refuse(node, Code::too_large,
               fmt::format("variables add more than {} bytes", kSubstitutedBytesMax), {});
        return false;
      }
    }
    expanded.append(rest);
    node.text = std::move(expanded);
    node.is_untyped = has_variable;
    return true;
  }

  // The view is into the environment or into the text of the node.
  std::optional<std::string_view> value_of(const Node& node, std::string_view inside) {
    const auto stop = inside.find(":-");
    const auto name = inside.substr(0, stop);
    if (!is_name(name)) {
      refuse(node, Code::bad_value, fmt::format("`{}` is not the name of a variable", name),
             "write `${NAME}` or `${NAME:-default}`, and `$${` for a plain `${`");
      return std::nullopt;
    }
    const std::string* value = find_variable(environment_, name);
    if (value != nullptr && !(value->empty() && stop != std::string_view::npos)) {
      if (!find_text_problem(*value)) return *value;
      refuse(node, Code::bad_value, fmt::format("the variable `{}` is not UTF-8 text", name), {});
      return std::nullopt;
    }
    if (stop != std::string_view::npos) return inside.substr(stop + 2);
    refuse(node, Code::unset_variable, fmt::format("the variable `{}` is not set", name),
           fmt::format("set it, or give a default: `${{{}:-value}}`", name));
    return std::nullopt;
  }

  void refuse(const Node& node, Code code, std::string message, std::string hint) {
    diagnostics_.add({.code = code,
                      .place = node.place,
                      .message = std::move(message),
                      .hint = std::move(hint)});
  }

  const Environment& environment_;
  Diagnostics& diagnostics_;
  std::size_t added_bytes_ = 0;
};

}  // namespace

const std::string* find_variable(const Environment& environment, std::string_view name) {
  const auto found =
      std::ranges::find(environment, name, &std::pair<std::string, std::string>::first);
  return found == environment.end() ? nullptr : &found->second;
}

void substitute(Node& root, const Environment& environment, Diagnostics& diagnostics) {
  Substitution(environment, diagnostics).apply(root);
}

}  // namespace causeway::control
