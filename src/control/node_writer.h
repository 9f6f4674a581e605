// SPDX-License-Identifier: Apache-2.0
// A tree as text again: JSON for machines, YAML for people. What is written reads back as the same
// tree. With origins, each value also says where it came from.
#pragma once

#include <cstdint>
#include <string>

#include "control/document.h"

namespace causeway::control {

// Indented by two spaces, with a final line end.
[[nodiscard]] std::string to_json(const Node& node);

enum class Origins : std::uint8_t { hidden, shown };

// Block style; with origins a comment after each value: `workers: 4  # gateway.yaml:1:10`.
[[nodiscard]] std::string to_yaml(const Node& node, const Sources& sources, Origins origins);

// The tree with each scalar replaced by a map of `value` and `origin`.
[[nodiscard]] Node with_origins(const Node& node, const Sources& sources);

}  // namespace causeway::control
