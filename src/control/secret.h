// SPDX-License-Identifier: Apache-2.0
// A value that is used but never shown: `env:NAME` takes it from a variable, `file:/path` from a
// file, anything else is the secret itself. It is written back as asterisks, and no diagnostic
// quotes it or its line.
#pragma once

#include <cstddef>
#include <string>

#include "control/codec.h"

namespace causeway::control {

inline constexpr std::size_t kSecretBytesMax = 64U << 10U;

struct Secret {
  std::string value;
  friend bool operator==(const Secret&, const Secret&) = default;
};

// One line end at the end of a file is not part of the secret. An empty secret is refused.
[[nodiscard]] CodecOf<Secret> secret();

}  // namespace causeway::control
