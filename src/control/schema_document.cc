// SPDX-License-Identifier: Apache-2.0
// What the schema says about itself: to editors as JSON Schema, to people as tables.
#include <fmt/format.h>

#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "base/assert.h"
#include "control/codec.h"
#include "control/document.h"
#include "control/schema.h"

namespace causeway::control {
namespace {

std::string default_text(const Field& field) {
  if (field.presence == Presence::required) return "required";
  switch (field.fallback.kind) {
    case Node::Kind::null:
    case Node::Kind::map:
      return "";
    case Node::Kind::list:
      return "`[]`";
    case Node::Kind::boolean:
    case Node::Kind::number:
    case Node::Kind::string:
      return fmt::format("`{}`", field.fallback.text);
  }
  return "";
}

// The codec of the items when it is a list, else the codec itself.
const Codec& innermost(const Codec& codec) {
  return codec.list() != nullptr ? innermost(*codec.list()->item) : codec;
}

void write_table(std::string& out, const std::string& path, const Codec& codec) {
  const ObjectShape& shape = *codec.object();
  fmt::format_to(std::back_inserter(out), "### {}\n\n",
                 path.empty() ? "Top level" : "`" + path + "`");
  out += "| key | type | default | meaning |\n|---|---|---|---|\n";
  for (const Field& field : shape.fields) {
    fmt::format_to(std::back_inserter(out), "| `{}` | {} | {} | {} |\n", field.name,
                   field.codec->kind(), default_text(field), field.doc);
  }
  out += '\n';
  for (const Field& field : shape.fields) {
    const Codec& inner = innermost(*field.codec);
    // A listener's timeouts are the same keys as the document's.
    if (inner.object() == nullptr || (field.name == "timeouts" && !path.empty())) continue;
    const bool is_list = field.codec->list() != nullptr;
    write_table(
        out,
        fmt::format("{}{}{}{}", path, path.empty() ? "" : ".", field.name, is_list ? "[]" : ""),
        inner);
  }
}

}  // namespace

Node json_schema(const Codec& schema) {
  Node root = map_node();
  root.set("$schema", string_node("https://json-schema.org/draft/2020-12/schema"));
  root.set("title", string_node("Causeway configuration"));
  for (Entry& entry : schema.schema().entries) root.set(entry.key, std::move(entry.value));
  return root;
}

std::string reference_markdown(const Codec& schema) {
  CW_ASSERT(schema.object() != nullptr);
  std::string out;
  write_table(out, "", schema);
  while (out.ends_with("\n\n")) out.pop_back();
  return out;
}

}  // namespace causeway::control
