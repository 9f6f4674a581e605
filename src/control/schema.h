// SPDX-License-Identifier: Apache-2.0
// The one description of the configuration: every key, its type, its default, its bounds and a line
// about it. The reader, `causeway schema`, `causeway config show` and the reference in
// docs/configuration.md all come from it. Immutable; built by whoever needs it.
#pragma once

#include <string>

#include "control/codec.h"
#include "control/draft.h"

namespace causeway::control {

[[nodiscard]] CodecOf<Draft> make_schema();

// The JSON Schema, draft 2020-12, as a tree.
[[nodiscard]] Node json_schema(const Codec& schema);

// The reference: a table in Markdown for each map, in the order of the schema.
[[nodiscard]] std::string reference_markdown(const Codec& schema);

}  // namespace causeway::control
