// SPDX-License-Identifier: Apache-2.0
// A document from a text or a file: chooses the language, holds the bounds on size and encoding,
// and hands over to the reader of that language.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "control/diagnostic.h"
#include "control/document.h"

namespace causeway::control {

enum class Language : std::uint8_t { yaml, toml, json };

// By the extension of the name (.yaml .yml .toml .json), else by the text: JSON begins with '{',
// TOML has a `key = value` or a `[table]` before any `key: value`, and everything else is YAML.
[[nodiscard]] Language language_of(std::string_view name, std::string_view text) noexcept;

// Adds the text to `sources` under `name` and reads it. Nothing when it cannot be used.
[[nodiscard]] std::optional<Node> read_document(std::string name, std::string text,
                                                Language language, Sources& sources,
                                                Diagnostics& diagnostics);

// At most `bytes_max` bytes of a file. Errors: what open and read say; out_of_range when it is
// larger.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t bytes_max);

}  // namespace causeway::control
