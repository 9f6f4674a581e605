// SPDX-License-Identifier: Apache-2.0
// Views of raw memory. Neither owns anything: whoever hands one on says until when it is valid.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace causeway::base {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

// The same memory seen as bytes; valid as long as `text` is.
[[nodiscard]] inline Bytes as_bytes(std::string_view text) noexcept {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// The same memory seen as text; valid as long as `bytes` is. No encoding is checked.
[[nodiscard]] inline std::string_view as_text(Bytes bytes) noexcept {
  // Reading bytes through char is always allowed; the view keeps the length.
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace causeway::base

namespace causeway {
using base::Bytes;
using base::MutableBytes;
}  // namespace causeway
