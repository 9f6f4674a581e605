// SPDX-License-Identifier: Apache-2.0
#include "control/loader.h"

#include <fmt/format.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/error.h"
#include "control/checks.h"
#include "control/codec.h"
#include "control/compile.h"
#include "control/diagnostic.h"
#include "control/document.h"
#include "control/document_reader.h"
#include "control/draft.h"
#include "control/overlay.h"
#include "control/schema.h"
#include "control/substitution.h"

namespace causeway::control {
namespace {

constexpr std::string_view kCommandLine = "command line";

// Everything after the tree is there.
void build(Loaded& loaded, Node root, const ConfigSources& from) {
  if (root.kind == Node::Kind::null) root = container_node(Node::Kind::map, root.place);
  const auto schema = make_schema();
  substitute(root, from.environment, loaded.diagnostics);
  expand_shorthands(root, *schema);
  apply_environment(root, *schema, from.environment, loaded.sources, loaded.diagnostics);
  if (!from.overrides.empty()) {
    const auto source = loaded.sources.add(std::string(kCommandLine));
    apply_overrides(root, *schema, from.overrides, source, loaded.diagnostics);
  }
  expand_shorthands(root, *schema);

  auto tree = std::make_unique<const Node>(std::move(root));
  auto draft = std::make_unique<Draft>();
  draft->node = tree.get();
  Reader reader(loaded.diagnostics, from.environment);
  reader.key = "configuration";
  const bool is_read = schema->decode(*tree, *draft, reader);
  if (tree->kind == Node::Kind::map) check_draft(*draft, loaded.diagnostics);
  CW_ASSERT(is_read || loaded.diagnostics.has_errors());
  if (!loaded.diagnostics.has_errors()) loaded.snapshot = compile(*draft);
  loaded.written = std::move(tree);
  loaded.draft = std::move(draft);
}

void report_unreadable(Loaded& loaded, const std::string& path, const Error& error) {
  loaded.is_unreadable = error.code != Errc::out_of_range;
  const auto source = loaded.sources.add(path);
  loaded.diagnostics.add(
      {.code = loaded.is_unreadable ? Code::unreadable : Code::too_large,
       .place = {.source = source},
       .message = loaded.is_unreadable
                      ? fmt::format("the file cannot be read: {}", base::to_text(error))
                      : fmt::format("the document has more than {} bytes", kDocumentBytesMax)});
}

// Gives each value of `node` the place it was written at. What was not written in `written` itself
// may have come from `inherited`, else it is a default and stays at source 0. `timeouts` is what
// listeners inherit theirs from, if that is to be shown.
void stamp(Node& node, const Node* written, const Node* inherited, const Node* timeouts) {
  if (node.kind == Node::Kind::map) {
    for (Entry& entry : node.entries) {
      const Node* below = written == nullptr ? nullptr : written->find(entry.key);
      const Node* above = inherited == nullptr ? nullptr : inherited->find(entry.key);
      if (entry.key == "timeouts") above = timeouts;
      stamp(entry.value, below, above, timeouts);
    }
    return;
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const bool is_written = written != nullptr && i < written->items.size();
    stamp(node.items[i], is_written ? &written->items[i] : nullptr, nullptr, timeouts);
  }
  const Node* origin = written != nullptr ? written : inherited;
  if (origin != nullptr) node.place = origin->place;
}

// Leaves out what nobody wrote; false when nothing is left.
bool prune(Node& node) {
  if (node.kind == Node::Kind::map) {
    std::erase_if(node.entries, [](Entry& entry) { return !prune(entry.value); });
    return !node.entries.empty();
  }
  if (node.kind == Node::Kind::list) {
    bool is_written = !node.place.is_default();
    for (Node& item : node.items) is_written = prune(item) || is_written;
    return is_written;
  }
  return !node.place.is_default();
}

}  // namespace

Loaded load(const ConfigSources& from) {
  if (from.document) {
    Loaded loaded;
    Node root = *from.document;
    set_place(root, {.source = loaded.sources.add(std::string(kCommandLine))});
    build(loaded, std::move(root), from);
    loaded.diagnostics.sort();
    return loaded;
  }
  const bool is_standard_input = from.path == "-";
  auto text = read_file(is_standard_input ? "/dev/stdin" : from.path, kDocumentBytesMax);
  const std::string name = is_standard_input ? "standard input" : from.path;
  if (text) return load_text(name, std::move(*text), from);
  Loaded loaded;
  report_unreadable(loaded, name, text.error());
  return loaded;
}

Loaded load_text(std::string name, std::string text, const ConfigSources& from) {
  Loaded loaded;
  const Language language = language_of(name, text);
  auto root =
      read_document(std::move(name), std::move(text), language, loaded.sources, loaded.diagnostics);
  if (root) build(loaded, std::move(*root), from);
  loaded.diagnostics.sort();
  return loaded;
}

Node effective(const Loaded& loaded, Values values) {
  CW_ASSERT(loaded.snapshot != nullptr);
  Node node = make_schema()->encode(*loaded.draft);
  const Node* timeouts = values == Values::all ? loaded.written->find("timeouts") : nullptr;
  stamp(node, loaded.written.get(), nullptr, timeouts);
  if (values == Values::written) prune(node);
  return node;
}

}  // namespace causeway::control
