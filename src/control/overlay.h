// SPDX-License-Identifier: Apache-2.0
// What stands above the file: variables CAUSEWAY__SECTION__KEY and overrides from the command line.
// Both are put into the tree before it is read, so that one reader judges everything. Lists are
// reached by index or by name: CAUSEWAY__LISTENERS__0__BIND, CAUSEWAY__LISTENERS__WEB__BIND.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/codec.h"
#include "control/diagnostic.h"
#include "control/document.h"
#include "control/substitution.h"

namespace causeway::control {

inline constexpr std::string_view kVariablePrefix = "CAUSEWAY__";

// A path such as "limits.max_connections" or "listeners.0.bind", and the text of its value.
using Overrides = std::vector<std::pair<std::string, std::string>>;

// A list of words is separated by commas; anything larger is YAML in one line: `[{name: web,
// ...}]`. A value replaces what was there. Shorthands in `root` have been expanded already.
void apply_environment(Node& root, const Codec& schema, const Environment& environment,
                       Sources& sources, Diagnostics& diagnostics);

// Places read as those of `source`.
void apply_overrides(Node& root, const Codec& schema, const Overrides& overrides,
                     std::uint32_t source, Diagnostics& diagnostics);

}  // namespace causeway::control
