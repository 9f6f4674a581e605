// SPDX-License-Identifier: Apache-2.0
// The CRC-32C checksum (Castagnoli; RFC 3720 appendix B.4), for headers of a few hundred bytes. It
// goes a byte at a time through a table; whoever needs gigabytes of it wants something else.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace causeway::wire::internal {

inline constexpr std::array<std::uint32_t, 256> kCrc32cTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0x82f63b78U : 0U);
    table[i] = crc;
  }
  return table;
}();

// The running value over parts: begin with `kCrc32cStart`, end with crc32c_finish().
inline constexpr std::uint32_t kCrc32cStart = 0xffffffffU;

[[nodiscard]] constexpr std::uint32_t crc32c_add(std::uint32_t running, Bytes part) noexcept {
  for (const std::byte byte : part) {
    running = (running >> 8U) ^ kCrc32cTable[(running ^ static_cast<std::uint32_t>(byte)) & 0xffU];
  }
  return running;
}

[[nodiscard]] constexpr std::uint32_t crc32c_finish(std::uint32_t running) noexcept {
  return ~running;
}

}  // namespace causeway::wire::internal
