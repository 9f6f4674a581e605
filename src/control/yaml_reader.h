// SPDX-License-Identifier: Apache-2.0
// YAML into a Node tree. The grammar is yaml-cpp's; this file adds YAML 1.2's core schema for plain
// scalars, bounded aliases, and places. One document a file. Nothing here knows the schema.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "control/diagnostic.h"
#include "control/document.h"

namespace causeway::control {

// Reads the text of `source`, which is UTF-8 and at most kDocumentBytesMax long. Nothing when it
// cannot be used; the diagnostics say why.
[[nodiscard]] std::optional<Node> read_yaml(const Sources& sources, std::uint32_t source,
                                            Diagnostics& diagnostics);

// What a scalar without quotes is by YAML 1.2's core schema (section 10.3.2): true and false, a
// number, or text. Whether it is null is for the parser.
[[nodiscard]] Node::Kind kind_of_plain(std::string_view text) noexcept;

}  // namespace causeway::control
