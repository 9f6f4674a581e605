// SPDX-License-Identifier: Apache-2.0
// JSON (RFC 8259) into a Node tree, through the events of nlohmann-json. Nothing here knows the
// schema.
#pragma once

#include <optional>

#include "control/diagnostic.h"
#include "control/document.h"

namespace causeway::control {

// Reads the text of `source`, which is UTF-8 and at most kDocumentBytesMax long. Nothing when it
// cannot be used; the diagnostics say why.
[[nodiscard]] std::optional<Node> read_json(const Sources& sources, std::uint32_t source,
                                            Diagnostics& diagnostics);

}  // namespace causeway::control
