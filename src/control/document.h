// SPDX-License-Identifier: Apache-2.0
// A configuration as its author wrote it: a tree of maps, lists and scalars in which every key and
// every value knows its place. YAML, TOML and JSON all become this tree, and so do variables, flags
// and `causeway forward`, so that one reader checks them all. Lives on the control thread; the data
// plane never sees it. It knows nothing of the schema.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "control/source_text.h"

namespace causeway::control {

// Bounds of every document, whatever its language.
inline constexpr std::size_t kDocumentBytesMax = 1U << 20U;
inline constexpr std::size_t kDocumentNodesMax = 1U
                                                 << 18U;  // aliases count with what they stand for
inline constexpr std::size_t kDocumentDepthMax = 32;

struct Entry;

struct Node {
  enum class Kind : std::uint8_t { null, boolean, number, string, list, map };

  Kind kind = Kind::null;
  // The text came from a variable or a flag, where nothing tells `8` from `"8"`: it is taken for
  // whatever scalar is expected.
  bool is_untyped = false;
  bool is_refused = false;  // a diagnostic was given: readers pass over it in silence
  std::string text;         // of a scalar; a number as it was written
  std::vector<Node> items;
  std::vector<Entry> entries;  // in the order of the source, keys unique
  Place place;

  [[nodiscard]] bool is_scalar() const noexcept { return kind != Kind::list && kind != Kind::map; }
  // nullptr when there is no such key. Valid until the node is changed.
  [[nodiscard]] const Node* find(std::string_view key) const noexcept;
  [[nodiscard]] Node* find(std::string_view key) noexcept;
  // Appends a key that is not there yet; returns the node for chaining.
  Node& set(std::string key, Node value);
};

struct Entry {
  std::string key;
  Place place;
  Node value;
};

// "a list", "a number": for messages; static lifetime.
[[nodiscard]] std::string_view describe(Node::Kind kind) noexcept;

// The node and everything below it.
[[nodiscard]] std::size_t count_nodes(const Node& node);

[[nodiscard]] Node scalar_node(Node::Kind kind, std::string text, Place place);
[[nodiscard]] Node container_node(Node::Kind kind, Place place);

// Building blocks for trees that no text stands behind.
[[nodiscard]] Node string_node(std::string_view text);
[[nodiscard]] Node number_node(std::uint64_t value);
[[nodiscard]] Node boolean_node(bool value);
[[nodiscard]] Node list_node(std::vector<Node> items = {});
[[nodiscard]] Node map_node();
[[nodiscard]] Node untyped_node(std::string_view text, Place place);

// Gives the node and everything below it one place.
void set_place(Node& node, const Place& place);

}  // namespace causeway::control
