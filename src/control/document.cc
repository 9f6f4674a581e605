// SPDX-License-Identifier: Apache-2.0
#include "control/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/source_text.h"

namespace causeway::control {

const Node* Node::find(std::string_view key) const noexcept {
  const auto found = std::ranges::find(entries, key, &Entry::key);
  return found == entries.end() ? nullptr : &found->value;
}

Node* Node::find(std::string_view key) noexcept {
  const auto found = std::ranges::find(entries, key, &Entry::key);
  return found == entries.end() ? nullptr : &found->value;
}

Node& Node::set(std::string key, Node value) {
  entries.push_back({.key = std::move(key), .place = value.place, .value = std::move(value)});
  return *this;
}

std::string_view describe(Node::Kind kind) noexcept {
  switch (kind) {
    case Node::Kind::null:
      return "empty";
    case Node::Kind::boolean:
      return "true or false";
    case Node::Kind::number:
      return "a number";
    case Node::Kind::string:
      return "text";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "a map";
  }
  return "";
}

// Recursion is bounded by kDocumentDepthMax, here and below.
std::size_t count_nodes(const Node& node) {
  std::size_t count = 1;
  for (const Node& item : node.items) count += count_nodes(item);
  for (const Entry& entry : node.entries) count += count_nodes(entry.value);
  return count;
}

Node scalar_node(Node::Kind kind, std::string text, Place place) {
  Node node;
  node.kind = kind;
  node.text = std::move(text);
  node.place = place;
  return node;
}

Node container_node(Node::Kind kind, Place place) { return scalar_node(kind, {}, place); }

Node string_node(std::string_view text) {
  return scalar_node(Node::Kind::string, std::string(text), {});
}

Node number_node(std::uint64_t value) {
  return scalar_node(Node::Kind::number, fmt::format("{}", value), {});
}

Node boolean_node(bool value) {
  return scalar_node(Node::Kind::boolean, value ? "true" : "false", {});
}

Node list_node(std::vector<Node> items) {
  Node node = container_node(Node::Kind::list, {});
  node.items = std::move(items);
  return node;
}

Node map_node() { return container_node(Node::Kind::map, {}); }

Node untyped_node(std::string_view text, Place place) {
  Node node = scalar_node(Node::Kind::string, std::string(text), place);
  node.is_untyped = true;
  return node;
}

void set_place(Node& node, const Place& place) {
  node.place = place;
  for (Node& item : node.items) set_place(item, place);
  for (Entry& entry : node.entries) {
    entry.place = place;
    set_place(entry.value, place);
  }
}

}  // namespace causeway::control
