// SPDX-License-Identifier: Apache-2.0
#include "net/icmp_unreachable.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "base/address.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/result.h"
#include "net/datagram.h"
#include "os/raw_icmp.h"

namespace causeway::net {
namespace {

constexpr std::uint8_t kProtocolUdp = 17;
constexpr std::uint8_t kHops = 64;
constexpr std::uint16_t kUdpHeaderBytes = 8;
constexpr std::size_t kIcmpHeaderBytes = 8;
constexpr std::size_t kIpv4HeaderBytes = 20;
constexpr std::size_t kIpv6HeaderBytes = 40;

void put_u8(MutableBytes at, std::size_t offset, std::uint8_t value) {
  at[offset] = std::byte{value};
}

void put_u16(MutableBytes at, std::size_t offset, std::uint16_t value) {
  at[offset] = static_cast<std::byte>(value >> 8U);
  at[offset + 1] = static_cast<std::byte>(value & 0xffU);
}

void put_octets(MutableBytes at, std::size_t offset, std::span<const std::uint8_t> octets) {
  for (std::size_t i = 0; i < octets.size(); ++i) put_u8(at, offset + i, octets[i]);
}

// RFC 1071: the sum of the 16-bit words, carries added back. All that is summed here is of even
// length.
std::uint32_t sum_of(Bytes bytes, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    sum += std::to_integer<std::uint32_t>(bytes[i]) << 8U |
           std::to_integer<std::uint32_t>(bytes[i + 1]);
  }
  return sum;
}

std::uint16_t checksum_of(std::uint32_t sum) {
  while (sum > 0xffffU) sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

void put_udp_header(MutableBytes at, const base::SocketAddress& from,
                    const base::SocketAddress& to) {
  put_u16(at, 0, from.port);
  put_u16(at, 2, to.port);
  put_u16(at, 4, kUdpHeaderBytes);
}

}  // namespace

std::array<std::byte, kPortUnreachableV4Bytes> port_unreachable_v4(
    const base::SocketAddress& downstream, const base::SocketAddress& asked) noexcept {
  std::array<std::byte, kPortUnreachableV4Bytes> message{};
  const MutableBytes icmp(message);
  put_u8(icmp, 0, 3);  // destination unreachable
  put_u8(icmp, 1, 3);  // port

  const MutableBytes ip = icmp.subspan(kIcmpHeaderBytes, kIpv4HeaderBytes);
  put_u8(ip, 0, 0x45);  // version 4, five words
  put_u16(ip, 2, kIpv4HeaderBytes + kUdpHeaderBytes);
  put_u8(ip, 8, kHops);
  put_u8(ip, 9, kProtocolUdp);
  put_octets(ip, 12, downstream.ip.v4_octets());
  put_octets(ip, 16, asked.ip.v4_octets());
  put_u16(ip, 10, checksum_of(sum_of(ip)));

  // A checksum of zero says that there is none (RFC 768), and without the payload there can be
  // none.
  put_udp_header(icmp.subspan(kIcmpHeaderBytes + kIpv4HeaderBytes), downstream, asked);
  put_u16(icmp, 2, checksum_of(sum_of(icmp)));
  return message;
}

std::array<std::byte, kPortUnreachableV6Bytes> port_unreachable_v6(
    const base::SocketAddress& downstream, const base::SocketAddress& asked) noexcept {
  std::array<std::byte, kPortUnreachableV6Bytes> message{};
  const MutableBytes icmp(message);
  put_u8(icmp, 0, 1);  // destination unreachable
  put_u8(icmp, 1, 4);  // port

  const MutableBytes ip = icmp.subspan(kIcmpHeaderBytes, kIpv6HeaderBytes);
  put_u8(ip, 0, 0x60);
  put_u16(ip, 4, kUdpHeaderBytes);
  put_u8(ip, 6, kProtocolUdp);
  put_u8(ip, 7, kHops);
  put_octets(ip, 8, downstream.ip.octets());
  put_octets(ip, 24, asked.ip.octets());

  // IPv6 knows no missing checksum: this one is right for a datagram without payload. Its pseudo
  // header (RFC 8200 section 8.1) is both addresses, the length and the protocol.
  const MutableBytes udp = icmp.subspan(kIcmpHeaderBytes + kIpv6HeaderBytes);
  put_udp_header(udp, downstream, asked);
  const std::uint16_t checksum =
      checksum_of(sum_of(udp, sum_of(ip.subspan(8), kUdpHeaderBytes + kProtocolUdp)));
  put_u16(udp, 6, checksum == 0 ? 0xffff : checksum);  // RFC 768: zero is written as all ones
  return message;
}

IcmpUnreachable::IcmpUnreachable(std::optional<os::RawIcmp> v4,
                                 std::optional<os::RawIcmp> v6) noexcept
    : v4_(std::move(v4)), v6_(std::move(v6)) {}

std::unique_ptr<UnreachableSender> IcmpUnreachable::open() {
  auto v4 = os::RawIcmp::open(os::RawIcmp::Version::v4);
  auto v6 = os::RawIcmp::open(os::RawIcmp::Version::v6);
  if (!v4 && !v6) return nullptr;
  return std::make_unique<IcmpUnreachable>(v4 ? std::optional(*std::move(v4)) : std::nullopt,
                                           v6 ? std::optional(*std::move(v6)) : std::nullopt);
}

Result<void> IcmpUnreachable::send(const base::SocketAddress& downstream,
                                   const base::SocketAddress& asked) {
  if (downstream.ip.is_v4() != asked.ip.is_v4()) {
    return fail(Errc::unsupported, Side::local, "addresses of two families");
  }
  auto& socket = downstream.ip.is_v4() ? v4_ : v6_;
  if (!socket) return fail(Errc::unsupported, Side::local, "ICMP of this family");
  if (downstream.ip.is_v4()) {
    return socket->send(port_unreachable_v4(downstream, asked), asked.ip, downstream.ip);
  }
  return socket->send(port_unreachable_v6(downstream, asked), asked.ip, downstream.ip);
}

}  // namespace causeway::net
