// SPDX-License-Identifier: Apache-2.0
// TOML into a Node tree, through toml++. Nothing here knows the schema.
#pragma once

#include <optional>

#include "control/diagnostic.h"
#include "control/document.h"

namespace causeway::control {

// Reads the text of `source`, which is UTF-8 and at most kDocumentBytesMax long. Nothing when it
// cannot be used; the diagnostics say why.
[[nodiscard]] std::optional<Node> read_toml(const Sources& sources, std::uint32_t source,
                                            Diagnostics& diagnostics);

}  // namespace causeway::control
