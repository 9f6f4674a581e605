// SPDX-License-Identifier: Apache-2.0
// An UnreachableSender that writes ICMP and ICMPv6 itself. It limits no rate: that is its user's
// part.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>

#include "base/address.h"
#include "base/bytes.h"
#include "net/datagram.h"
#include "os/raw_icmp.h"

namespace causeway::net {

// The ICMP header, then of the datagram that is answered the IP header and all of its UDP header.
inline constexpr std::size_t kPortUnreachableV4Bytes = 8 + 20 + 8;  // RFC 792
inline constexpr std::size_t kPortUnreachableV6Bytes = 8 + 40 + 8;  // RFC 4443 section 3.1

// Both addresses of one family; the quoted datagram went from `downstream` to `asked` and is shown
// without its payload.
[[nodiscard]] std::array<std::byte, kPortUnreachableV4Bytes> port_unreachable_v4(
    const base::SocketAddress& downstream, const base::SocketAddress& asked) noexcept;
// The outer checksum is left to the kernel, which knows how to fill it in.
[[nodiscard]] std::array<std::byte, kPortUnreachableV6Bytes> port_unreachable_v6(
    const base::SocketAddress& downstream, const base::SocketAddress& asked) noexcept;

class IcmpUnreachable final : public UnreachableSender {
 public:
  // Nothing when the process may send neither kind.
  [[nodiscard]] static std::unique_ptr<UnreachableSender> open();

  IcmpUnreachable(std::optional<os::RawIcmp> v4, std::optional<os::RawIcmp> v6) noexcept;

  // Errors besides those of the interface: unsupported for a family that this machine lacks.
  [[nodiscard]] Result<void> send(const base::SocketAddress& downstream,
                                  const base::SocketAddress& asked) override;

 private:
  std::optional<os::RawIcmp> v4_;
  std::optional<os::RawIcmp> v6_;
};

}  // namespace causeway::net
