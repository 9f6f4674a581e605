// SPDX-License-Identifier: Apache-2.0
// From a file, variables and flags to a Snapshot, or to everything that is wrong with them. This is
// the only way a Snapshot is made. Used on the control thread; reads files, opens nothing else.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "control/diagnostic.h"
#include "control/document.h"
#include "control/draft.h"
#include "control/overlay.h"
#include "model/snapshot.h"

namespace causeway::control {

// Where a configuration comes from; later ones win: defaults, file or document, environment,
// overrides.
struct ConfigSources {
  std::string path;              // of a file, or "-" for standard input
  std::optional<Node> document;  // instead of a file; its places read "command line"
  Environment environment;
  Overrides overrides;  // their places read "command line"
};

struct Loaded {
  model::SnapshotPtr snapshot;  // null when there are errors
  Diagnostics diagnostics;      // sorted by place
  Sources sources;
  bool is_unreadable = false;  // the file could not be read at all

  // For effective(): what was read, kept as long as this. The pointers of the draft are into the
  // tree.
  std::unique_ptr<const Node> written;
  std::unique_ptr<const Draft> draft;
};

[[nodiscard]] Loaded load(const ConfigSources& sources);

// The same from a text that stands for the file `name`; its extension tells the language.
[[nodiscard]] Loaded load_text(std::string name, std::string text, const ConfigSources& sources);

enum class Values : std::uint8_t { written, all };

// The configuration as a document: with all defaults, or only what somebody wrote. Each value has
// the place that it came from, source 0 for a default. `loaded` has a snapshot.
[[nodiscard]] Node effective(const Loaded& loaded, Values values);

}  // namespace causeway::control
