// SPDX-License-Identifier: Apache-2.0
// Makes a Node tree from the events of a parser, and holds the bounds that the three languages
// share: depth, number of nodes, unique keys. After the first bound that is exceeded it takes
// nothing more. Lives on the stack of one reader.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "control/diagnostic.h"
#include "control/document.h"

namespace causeway::control {

class TreeBuilder {
 public:
  // All three outlive the builder.
  TreeBuilder(const Sources& sources, std::uint32_t source, Diagnostics& diagnostics);

  // Events, in the order of the text; `offset` is the byte at which the key or value begins.
  void begin_map(std::size_t offset) { begin(Node::Kind::map, offset); }
  void begin_list(std::size_t offset) { begin(Node::Kind::list, offset); }
  void end();
  void key(std::string text, std::size_t offset);
  void scalar(Node::Kind kind, std::string text, std::size_t offset);
  // A copy of a finished node, for aliases.
  void copy(const Node& node);

  // The node that was finished last; there must be one. Valid until the next event.
  [[nodiscard]] const Node& last() const noexcept { return *last_; }
  // Whether the next event in the innermost map must be a key.
  [[nodiscard]] bool wants_key() const noexcept;
  [[nodiscard]] bool has_stopped() const noexcept { return has_stopped_; }
  // The document cannot be used, and says why.
  void fail(Code code, std::size_t offset, std::string message, std::string hint = {});
  // Nothing when the events did not make up a whole document, a bound was exceeded or fail() was
  // called. A duplicate key is reported and its second value left out, so that the rest can be
  // checked too.
  [[nodiscard]] std::optional<Node> take();

 private:
  struct Frame {
    Node node;
    std::set<std::string, std::less<>> keys;
    std::string key;
    Place key_place;
    bool has_key = false;
    bool is_ignored = false;  // the value of a duplicate key: read, not kept
  };

  void begin(Node::Kind kind, std::size_t offset);
  void put(Node node);
  bool has_room(std::size_t more, const Place& place);
  void stop(Code code, const Place& place, std::string message);
  [[nodiscard]] Place token_at(std::size_t offset) const;

  const SourceText& text_;
  std::uint32_t source_;
  Diagnostics& diagnostics_;
  std::vector<Frame> open_;
  std::optional<Node> root_;
  const Node* last_ = nullptr;
  std::size_t nodes_ = 0;
  bool has_stopped_ = false;
  bool has_failed_ = false;
};

}  // namespace causeway::control
