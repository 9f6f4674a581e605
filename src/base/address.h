// SPDX-License-Identifier: Apache-2.0
// Where something can be reached, as values: an IP address, an IP address with a port, a unix
// socket, a name that has yet to be resolved, and a network (CIDR). Parsing is strict: one
// spelling, no leading zeros, no trailing text. Nothing here touches the resolver or a socket.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace causeway::base {

// An IPv4 or IPv6 address. IPv4 is kept in its mapped form (::ffff:a.b.c.d), so that comparison and
// hashing treat both alike; an IPv4-mapped IPv6 address that a dual-stack socket reports therefore
// equals the IPv4 address it stands for.
class IpAddress {
 public:
  constexpr IpAddress() = default;  // ::

  // "192.0.2.1" or "2001:db8::1" (RFC 4291 section 2.2), without brackets, zone or port.
  [[nodiscard]] static Result<IpAddress> parse(std::string_view text);
  [[nodiscard]] static IpAddress from_v4(std::array<std::uint8_t, 4> octets) noexcept;
  [[nodiscard]] static IpAddress from_v6(std::array<std::uint8_t, 16> octets) noexcept;

  [[nodiscard]] bool is_v4() const noexcept;
  [[nodiscard]] bool is_unspecified() const noexcept;  // 0.0.0.0 or ::
  [[nodiscard]] bool is_loopback() const noexcept;
  [[nodiscard]] std::array<std::uint8_t, 4> v4_octets() const noexcept;  // only if is_v4()
  [[nodiscard]] const std::array<std::uint8_t, 16>& octets() const noexcept { return octets_; }

  // RFC 5952 text for IPv6, dotted for IPv4.
  [[nodiscard]] std::string to_text() const;

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  std::array<std::uint8_t, 16> octets_{};
};

// An IP address and a port: what a socket is bound or connected to.
struct SocketAddress {
  IpAddress ip;
  std::uint16_t port = 0;

  // "192.0.2.1:80", "[2001:db8::1]:80".
  [[nodiscard]] static Result<SocketAddress> parse(std::string_view text);
  [[nodiscard]] std::string to_text() const;
  friend auto operator<=>(const SocketAddress&, const SocketAddress&) = default;
};

// A unix stream socket: a path, or a name in the abstract namespace when it begins with '@'.
struct UnixAddress {
  std::string path;
  friend auto operator<=>(const UnixAddress&, const UnixAddress&) = default;
};

// A host name with a port, before it is resolved. The name is lower case, without the final dot.
struct NamedAddress {
  std::string host;
  std::uint16_t port = 0;
  friend auto operator<=>(const NamedAddress&, const NamedAddress&) = default;
};

// Anything a person may write for a place:
//   192.0.2.1:80   [2001:db8::1]:80   unix:/run/app.sock   unix:@name   db.internal:5432   :8080
// ":8080" is every address of both families, for listeners.
class Address {
 public:
  Address() = default;
  // NOLINTBEGIN(google-explicit-constructor): a variant's arms
  Address(SocketAddress address) : where_(address) {}
  Address(UnixAddress address) : where_(std::move(address)) {}
  Address(NamedAddress address) : where_(std::move(address)) {}
  // NOLINTEND(google-explicit-constructor)

  [[nodiscard]] static Result<Address> parse(std::string_view text);

  // nullptr when it is another kind. Valid as long as the Address.
  [[nodiscard]] const SocketAddress* socket() const noexcept {
    return std::get_if<SocketAddress>(&where_);
  }
  [[nodiscard]] const UnixAddress* unix_socket() const noexcept {
    return std::get_if<UnixAddress>(&where_);
  }
  [[nodiscard]] const NamedAddress* named() const noexcept {
    return std::get_if<NamedAddress>(&where_);
  }

  // The spelling that parse() takes.
  [[nodiscard]] std::string to_text() const;
  friend auto operator<=>(const Address&, const Address&) = default;

 private:
  std::variant<SocketAddress, UnixAddress, NamedAddress> where_;
};

// A network in CIDR form. Bits beyond the prefix must be zero: "10.0.0.1/8" is refused, since one
// of its two halves is a mistake. A bare address is a network of one. An IPv4 address belongs to
// IPv4 networks only: "::/0" is every IPv6 address and no other. By default it holds :: alone.
class Network {
 public:
  [[nodiscard]] static Result<Network> parse(std::string_view text);
  [[nodiscard]] bool contains(const IpAddress& ip) const noexcept;
  [[nodiscard]] int prefix_bits() const noexcept {
    return prefix_bits_;
  }  // of the 128 of the mapped form
  [[nodiscard]] std::string to_text() const;
  friend auto operator<=>(const Network&, const Network&) = default;

 private:
  IpAddress first_;
  std::uint8_t prefix_bits_ = 128;  // of the 128 of the mapped form
};

// Whether any of `networks` contains `ip`.
[[nodiscard]] bool any_contains(const std::vector<Network>& networks, const IpAddress& ip) noexcept;

// For hash tables whose keys strangers choose: SipHash-2-4, so that nobody without `key` can aim
// many addresses at one bucket. `key` is drawn once per process and kept from the outside.
[[nodiscard]] std::uint64_t hash_of(const IpAddress& ip, std::uint64_t key) noexcept;
[[nodiscard]] std::uint64_t hash_of(const SocketAddress& address, std::uint64_t key) noexcept;

}  // namespace causeway::base
