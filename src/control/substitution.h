// SPDX-License-Identifier: Apache-2.0
// Variables in scalars: ${NAME}, ${NAME:-default}, and $${ for a plain "${". Keys are left alone, a
// default is plain text, and what a variable holds is not looked at again.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/diagnostic.h"
#include "control/document.h"

namespace causeway::control {

// The variables of the process, handed in by `app`; the names are unique.
using Environment = std::vector<std::pair<std::string, std::string>>;

// nullptr when it is not set.
[[nodiscard]] const std::string* find_variable(const Environment& environment,
                                               std::string_view name);

inline constexpr std::size_t kSubstitutedBytesMax =
    1U << 20U;  // that variables may add to one document

// Replaces variables in every scalar below `root`. A scalar with one becomes untyped, since
// `${PORT}` must be quoted in TOML and JSON.
void substitute(Node& root, const Environment& environment, Diagnostics& diagnostics);

}  // namespace causeway::control
