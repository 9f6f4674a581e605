// SPDX-License-Identifier: Apache-2.0
#include "control/tree_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/assert.h"
#include "control/diagnostic.h"
#include "control/document.h"
#include "control/source_text.h"

namespace causeway::control {
namespace {

// Recursion is bounded: a finished node is at most kDocumentDepthMax deep.
std::size_t depth_of(const Node& node) {
  std::size_t deepest = 0;
  for (const Node& item : node.items) deepest = std::max(deepest, depth_of(item));
  for (const Entry& entry : node.entries) deepest = std::max(deepest, depth_of(entry.value));
  return node.is_scalar() ? 0 : deepest + 1;
}

// How many bytes the token that begins `text` has on its line: up to the closing quote, or to what
// ends a bare word in any of the three languages.
std::size_t token_bytes(std::string_view text) noexcept {
  if (text.empty()) return 1;
  const char quote = text.front();
  if (quote == '"' || quote == '\'') {
    for (std::size_t i = 1; i < text.size(); ++i) {
      if (text[i] == quote) return i + 1;
      if (text[i] == '\n') return i;
      if (text[i] == '\\' && quote == '"') ++i;
    }
    return text.size();
  }
  std::size_t size = 0;
  while (size < text.size()) {
    const char c = text[size];
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',' || c == ']' || c == '}' ||
        c == '=')
      break;
    if (c == ':' && (size + 1 == text.size() || text[size + 1] == ' ' || text[size + 1] == '\n'))
      break;
    ++size;
  }
  return std::max<std::size_t>(size, 1);
}

}  // namespace

TreeBuilder::TreeBuilder(const Sources& sources, std::uint32_t source, Diagnostics& diagnostics)
    : text_(sources.at(source)), source_(source), diagnostics_(diagnostics) {}

Place TreeBuilder::token_at(std::size_t offset) const {
  Place place = text_.place_at(offset, source_);
  const auto rest = text_.text().substr(std::min(offset, text_.text().size()));
  place.length = static_cast<std::uint32_t>(count_characters(rest.substr(0, token_bytes(rest))));
  return place;
}

void TreeBuilder::fail(Code code, std::size_t offset, std::string message, std::string hint) {
  diagnostics_.add({.code = code,
                    .place = text_.place_at(offset, source_),
                    .message = std::move(message),
                    .hint = std::move(hint)});
  has_failed_ = true;
}

void TreeBuilder::stop(Code code, const Place& place, std::string message) {
  diagnostics_.add({.code = code, .place = place, .message = std::move(message)});
  has_stopped_ = true;
}

bool TreeBuilder::has_room(std::size_t more, const Place& place) {
  if (has_stopped_) return false;
  nodes_ += more;
  if (nodes_ <= kDocumentNodesMax) return true;
  stop(Code::too_large, place,
       fmt::format("the document has more than {} values", kDocumentNodesMax));
  return false;
}

bool TreeBuilder::wants_key() const noexcept {
  return !open_.empty() && open_.back().node.kind == Node::Kind::map && !open_.back().has_key;
}

void TreeBuilder::begin(Node::Kind kind, std::size_t offset) {
  const Place place = text_.place_at(offset, source_);
  if (!has_room(1, place)) return;
  if (open_.size() >= kDocumentDepthMax) {
    stop(Code::too_deep, place, fmt::format("nested more than {} levels deep", kDocumentDepthMax));
    return;
  }
  open_.emplace_back();
  open_.back().node = container_node(kind, place);
}

void TreeBuilder::end() {
  if (has_stopped_) return;
  CW_ASSERT(!open_.empty());
  Node finished = std::move(open_.back().node);
  open_.pop_back();
  put(std::move(finished));
}

void TreeBuilder::key(std::string text, std::size_t offset) {
  if (has_stopped_) return;
  CW_ASSERT(wants_key());
  const Place place = token_at(offset);
  Frame& frame = open_.back();
  frame.is_ignored = !frame.keys.insert(text).second;
  if (frame.is_ignored && diagnostics_.is_full()) {
    diagnostics_.add({.code = Code::duplicate_key, .place = place, .message = {}});  // counted
  } else if (frame.is_ignored) {
    const auto first = std::ranges::find(frame.node.entries, text, &Entry::key);
    diagnostics_.add({.code = Code::duplicate_key,
                      .place = place,
                      .message = fmt::format("the key `{}` is given twice", text),
                      .note = Note{.text = "first given", .place = first->place}});
  }
  frame.key = std::move(text);
  frame.key_place = place;
  frame.has_key = true;
}

void TreeBuilder::scalar(Node::Kind kind, std::string text, std::size_t offset) {
  const Place place =
      text.empty() && kind == Node::Kind::null ? text_.place_at(offset, source_) : token_at(offset);
  if (!has_room(1, place)) return;
  put(scalar_node(kind, std::move(text), place));
}

void TreeBuilder::copy(const Node& node) {
  if (!has_room(count_nodes(node), node.place)) return;
  if (open_.size() + depth_of(node) > kDocumentDepthMax) {
    stop(Code::too_deep, node.place,
         fmt::format("nested more than {} levels deep", kDocumentDepthMax));
    return;
  }
  put(node);
}

void TreeBuilder::put(Node node) {
  if (open_.empty()) {
    root_ = std::move(node);
    last_ = &*root_;
    return;
  }
  Frame& frame = open_.back();
  if (frame.node.kind == Node::Kind::list) {
    frame.node.items.push_back(std::move(node));
    last_ = &frame.node.items.back();
    return;
  }
  CW_ASSERT(frame.has_key);
  frame.has_key = false;
  if (node.kind == Node::Kind::null) node.place = frame.key_place;  // there is nothing to point at
  if (frame.is_ignored) {
    root_ = std::move(node);  // a place to keep it for last(); the document is refused anyway
    last_ = &*root_;
    return;
  }
  frame.node.entries.push_back(
      {.key = std::move(frame.key), .place = frame.key_place, .value = std::move(node)});
  last_ = &frame.node.entries.back().value;
}

std::optional<Node> TreeBuilder::take() {
  if (has_failed_ || has_stopped_ || !open_.empty()) return std::nullopt;
  return std::move(root_);
}

}  // namespace causeway::control
