// SPDX-License-Identifier: Apache-2.0
// Writing both versions of the PROXY protocol.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/address.h"
#include "base/assert.h"
#include "base/bytes.h"
#include "wire/internal/proxy_header_v2.h"
#include "wire/proxy_header.h"

namespace causeway::wire {
namespace {

using base::IpAddress;
using internal::ProxyV2Family;

// Puts numbers and bytes into a buffer that is large enough for every header we write.
class Writer {
 public:
  explicit Writer(ProxyHeaderBuffer& out) noexcept : out_(out) {}

  void put(Bytes bytes) noexcept {
    CW_ASSERT(bytes.size() <= out_.size() - size_);
    std::ranges::copy(bytes, out_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += bytes.size();
  }
  void put_u8(std::uint8_t number) noexcept {
    const std::array bytes = {std::byte{number}};
    put(bytes);
  }
  void put_u16(std::uint16_t number) noexcept {
    put_u8(static_cast<std::uint8_t>(number >> 8U));
    put_u8(static_cast<std::uint8_t>(number & 0xffU));
  }

  [[nodiscard]] Bytes written() const noexcept { return Bytes(out_).first(size_); }

 private:
  ProxyHeaderBuffer& out_;
  std::size_t size_ = 0;
};

bool are_both_v4(const ProxyAddresses& addresses) noexcept {
  return addresses.source.ip.is_v4() && addresses.destination.ip.is_v4();
}

std::string v6_text(const IpAddress& ip) {
  return ip.is_v4() ? "::ffff:" + ip.to_text() : ip.to_text();
}

void put_fixed(Writer& writer, std::uint8_t command, ProxyV2Family family,
               std::uint16_t rest_bytes) {
  writer.put(std::as_bytes(std::span(internal::kProxyV2Signature)));
  writer.put_u8(command);
  writer.put_u8(static_cast<std::uint8_t>(family));
  writer.put_u16(rest_bytes);
}

// As the family says, IPv4 in its mapped form where it must be IPv6.
void put_ip(Writer& writer, const IpAddress& ip, bool as_v4) noexcept {
  if (as_v4) {
    const auto octets = ip.v4_octets();
    writer.put(std::as_bytes(std::span(octets)));
  } else {
    writer.put(std::as_bytes(std::span(ip.octets())));
  }
}

ProxyV2Family family_of(bool is_v4, ProxyTransport transport) noexcept {
  if (transport == ProxyTransport::datagram)
    return is_v4 ? ProxyV2Family::udp4 : ProxyV2Family::udp6;
  return is_v4 ? ProxyV2Family::tcp4 : ProxyV2Family::tcp6;
}

}  // namespace

Bytes encode_proxy_v1(const ProxyAddresses& addresses, ProxyHeaderBuffer& out) noexcept {
  const auto& [source, destination] = addresses;
  const bool is_v4 = are_both_v4(addresses);
  Writer writer(out);
  writer.put(base::as_bytes(fmt::format("PROXY {} {} {} {} {}\r\n", is_v4 ? "TCP4" : "TCP6",
                                        is_v4 ? source.ip.to_text() : v6_text(source.ip),
                                        is_v4 ? destination.ip.to_text() : v6_text(destination.ip),
                                        source.port, destination.port)));
  return writer.written();
}

Bytes encode_proxy_v2(const ProxyAddresses& addresses, ProxyTransport transport,
                      ProxyHeaderBuffer& out) noexcept {
  CW_ASSERT(transport != ProxyTransport::unspecified);
  const bool is_v4 = are_both_v4(addresses);
  const std::size_t ip_bytes = is_v4 ? 4 : 16;
  Writer writer(out);
  put_fixed(writer, internal::kProxyV2Proxy, family_of(is_v4, transport),
            static_cast<std::uint16_t>(2 * (ip_bytes + sizeof(std::uint16_t))));
  put_ip(writer, addresses.source.ip, is_v4);
  put_ip(writer, addresses.destination.ip, is_v4);
  writer.put_u16(addresses.source.port);
  writer.put_u16(addresses.destination.port);
  return writer.written();
}

Bytes encode_proxy_v1_unknown(ProxyHeaderBuffer& out) noexcept {
  Writer writer(out);
  writer.put(base::as_bytes("PROXY UNKNOWN\r\n"));
  return writer.written();
}

Bytes encode_proxy_v2_unknown(ProxyHeaderBuffer& out) noexcept {
  Writer writer(out);
  put_fixed(writer, internal::kProxyV2Proxy, ProxyV2Family::unspecified, 0);
  return writer.written();
}

Bytes encode_proxy_v2_local(ProxyHeaderBuffer& out) noexcept {
  Writer writer(out);
  put_fixed(writer, internal::kProxyV2Local, ProxyV2Family::unspecified, 0);
  return writer.written();
}

}  // namespace causeway::wire
