// SPDX-License-Identifier: Apache-2.0
// Version 2 of the PROXY protocol: the numbers that its decoder and encoder share, and the decoder
// as the face of the folder calls it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "wire/proxy_header.h"

namespace causeway::wire::internal {

inline constexpr std::array<std::uint8_t, 12> kProxyV2Signature = {
    0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};
inline constexpr std::size_t kProxyV2FixedBytes = 16;  // signature, version, family, length

inline constexpr std::uint8_t kProxyV2Local = 0x20;
inline constexpr std::uint8_t kProxyV2Proxy = 0x21;

// Family and transport in one byte. Every other combination is reserved.
enum class ProxyV2Family : std::uint8_t {
  unspecified = 0x00,
  tcp4 = 0x11,
  udp4 = 0x12,
  tcp6 = 0x21,
  udp6 = 0x22,
  unix_stream = 0x31,
  unix_datagram = 0x32,
};

// `received` agrees with the signature as far as it goes. As decode_proxy_header().
[[nodiscard]] Result<std::optional<ProxyHeader>> decode_proxy_v2(Bytes received) noexcept;

}  // namespace causeway::wire::internal
