// SPDX-License-Identifier: Apache-2.0
#include "control/codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <ranges>
#include <string_view>
#include <utility>
#include <vector>

#include "control/diagnostic.h"
#include "control/document.h"
#include "control/spelling.h"

namespace causeway::control {
namespace {

// The default of a field as JSON Schema and the reference show it: a value, never a tree.
bool is_shown_as_default(const Node& node) {
  return node.kind != Node::Kind::null && node.kind != Node::Kind::map && !node.text.empty();
}

void report_unknown(const ObjectShape& shape, const Entry& entry, Reader& reader) {
  reader.report({.code = Code::unknown_key,
                 .place = entry.place,
                 .message = fmt::format("unknown key `{}`{}", entry.key, reader.where()),
                 .hint = reader.wants_hints() ? shape.hint_for(entry.key) : std::string()});
}

}  // namespace

Reader::Scope::Scope(Reader& reader, std::string_view label, const Node& node) : reader_(reader) {
  reader.frames_.push_back(
      {.label = label, .key = reader.key, .node = &node, .index = reader.index});
}

void Reader::report(Code code, const Node& at, std::string message, std::string hint) {
  if (at.is_refused) return;
  diagnostics_.add(
      {.code = code, .place = at.place, .message = std::move(message), .hint = std::move(hint)});
}

std::string Reader::where() const {
  std::string text;
  for (const Frame& frame : std::views::reverse(frames_)) {
    if (frame.label.empty()) continue;
    text += text.empty() ? " in " : " of ";
    const Node* name = frame.node->find("name");
    if (name == nullptr) name = frame.node->find("address");
    if (frame.label == frame.key) {
      fmt::format_to(std::back_inserter(text), "`{}`", frame.key);
    } else if (name != nullptr && name->kind == Node::Kind::string) {
      fmt::format_to(std::back_inserter(text), "{} `{}`", frame.label, name->text);
    } else {
      fmt::format_to(std::back_inserter(text), "{} {}", frame.label, frame.index + 1);
    }
  }
  return text;
}

const Field* ObjectShape::find(std::string_view name) const noexcept {
  const auto found = std::ranges::find(fields, name, &Field::name);
  return found == fields.end() ? nullptr : &*found;
}

std::string ObjectShape::hint_for(std::string_view name) const {
  const auto known = std::ranges::find(strangers, name, &Stranger::name);
  if (known != strangers.end()) return std::string(known->hint);
  std::vector<std::string_view> names;
  names.reserve(fields.size());
  for (const Field& field : fields) names.push_back(field.name);
  const auto near = nearest(name, names);
  if (!near.empty()) return fmt::format("did you mean `{}`?", near);
  return fmt::format("the keys here are {}", fmt::join(names, ", "));
}

bool read_object(const ObjectShape& shape, const Node& node, void* object, Reader& reader) {
  if (node.kind != Node::Kind::map) {
    const std::string what = shape.label.empty() ? "the document"
                             : shape.label == reader.key
                                 ? fmt::format("`{}`", reader.key)
                                 : fmt::format("{} {}", shape.label, reader.index + 1);
    reader.report(Code::wrong_type, node,
                  fmt::format("{} is {}; it takes a map", what, describe(node.kind)),
                  node.kind == Node::Kind::null ? "leave the key out to keep the defaults" : "");
    return false;
  }
  const Reader::Scope scope(reader, shape.label, node);
  const auto key_before = reader.key;
  bool is_good = true;
  for (const Entry& entry : node.entries) {
    if (shape.find(entry.key) != nullptr) continue;
    report_unknown(shape, entry, reader);
    is_good = false;
  }
  for (const Field& field : shape.fields) {
    const Node* value = node.find(field.name);
    if (value == nullptr) {
      if (field.presence == Presence::optional) continue;
      reader.report(Code::missing_key, node,
                    fmt::format("missing key `{}`{}", field.name, reader.where()));
      is_good = false;
      continue;
    }
    reader.key = field.name;
    if (!field.codec->read(*value, field.member(object), reader)) is_good = false;
  }
  reader.key = key_before;
  return is_good;
}

Node write_object(const ObjectShape& shape, const void* object) {
  Node map = map_node();
  for (const Field& field : shape.fields) {
    // The member is only read; `member` is written once for both directions.
    Node value = field.codec->write(field.member(const_cast<void*>(object)));
    if (value.kind != Node::Kind::null) map.set(std::string(field.name), std::move(value));
  }
  return map;
}

Node object_schema(const ObjectShape& shape) {
  Node properties = map_node();
  Node required = list_node();
  for (const Field& field : shape.fields) {
    Node property = field.codec->schema();
    property.set("description", string_node(field.doc));
    const bool is_required = field.presence == Presence::required;
    if (!is_required && is_shown_as_default(field.fallback))
      property.set("default", field.fallback);
    properties.set(std::string(field.name), std::move(property));
    if (is_required) required.items.push_back(string_node(field.name));
  }
  Node schema = map_node();
  schema.set("type", string_node("object"));
  schema.set("additionalProperties", boolean_node(false));
  if (!required.items.empty()) schema.set("required", std::move(required));
  schema.set("properties", std::move(properties));
  if (shape.shorthand.empty()) return schema;

  Node either = map_node();
  Node forms = list_node();
  forms.items.push_back(shape.find(shape.shorthand)->codec->schema());
  forms.items.push_back(std::move(schema));
  either.set("anyOf", std::move(forms));
  return either;
}

void expand_shorthands(Node& node, const Codec& codec) {
  if (const ListShape* list = codec.list()) {
    if (list->takes_scalar && node.is_scalar() && node.kind != Node::Kind::null) {
      Node whole = container_node(Node::Kind::list, node.place);
      whole.items.push_back(std::move(node));
      node = std::move(whole);
    }
    for (Node& item : node.items) expand_shorthands(item, *list->item);
  }
  if (const ObjectShape* object = codec.object()) {
    if (!object->shorthand.empty() && node.is_scalar() && node.kind != Node::Kind::null) {
      Node whole = container_node(Node::Kind::map, node.place);
      whole.set(std::string(object->shorthand), std::move(node));
      node = std::move(whole);
    }
    for (Entry& entry : node.entries) {
      const Field* field = object->find(entry.key);
      if (field != nullptr) expand_shorthands(entry.value, *field->codec);
    }
  }
}

}  // namespace causeway::control
