// SPDX-License-Identifier: Apache-2.0
#include "base/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sodium/crypto_shorthash.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "base/error.h"
#include "base/host_name.h"
#include "base/number.h"
#include "base/result.h"

namespace causeway::base {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned kMappedBits = 96;
constexpr unsigned kAddressBits = 128;
constexpr std::size_t kUnixPathBytesMax = 107;  // sun_path of unix(7), less its final NUL

// RFC 3986 allows leading zeros in a port; two spellings of one number are one too many.
Result<std::uint16_t> parse_port(std::string_view text) {
  if (text.size() > 1 && text.front() == '0') {
    return fail(Errc::bad_syntax, Side::none, "a port has no leading zeros");
  }
  return parse_number<std::uint16_t>(text);
}

// The octet at `index` of the mask with `bits` leading ones.
constexpr std::uint8_t mask_octet(unsigned bits, std::size_t index) noexcept {
  const auto before = static_cast<unsigned>(index) * 8;
  const unsigned ones = bits <= before ? 0 : std::min(bits - before, 8U);
  return static_cast<std::uint8_t>(0xff00U >> ones);
}

bool agree(const IpAddress& a, const IpAddress& b, unsigned bits) noexcept {
  for (std::size_t i = 0; i < a.octets().size(); ++i) {
    if (((a.octets()[i] ^ b.octets()[i]) & mask_octet(bits, i)) != 0) return false;
  }
  return true;
}

bool is_zero_beyond(const IpAddress& ip, unsigned bits) noexcept {
  for (std::size_t i = 0; i < ip.octets().size(); ++i) {
    if ((ip.octets()[i] & static_cast<std::uint8_t>(~mask_octet(bits, i))) != 0) return false;
  }
  return true;
}

Result<Address> parse_unix(std::string_view path) {
  const bool is_abstract = path.starts_with('@');
  const bool is_path = path.starts_with('/') || path.starts_with("./") || path.starts_with("../");
  if (!is_abstract && !is_path) {  // "unix:80" could be a host called unix
    return fail(Errc::bad_syntax, Side::none, "unix: takes /path, ./path or @name");
  }
  if (path.size() < 2 || path.find('\0') != std::string_view::npos) {
    return fail(Errc::bad_syntax, Side::none, "unix: takes /path, ./path or @name");
  }
  // The '@' stands for the NUL that begins an abstract name, and such a name needs none at its end.
  if (path.size() > kUnixPathBytesMax + (is_abstract ? 1 : 0)) {
    return fail(Errc::out_of_range, Side::none, "the path of a unix socket is too long");
  }
  return UnixAddress{.path = std::string(path)};
}

Result<Address> parse_named(std::string_view host, std::string_view port_text) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (!is_host_name(host)) return fail(Errc::bad_syntax, Side::none, "not a host name or address");
  const auto port = parse_port(port_text);
  if (!port) return fail(port);
  NamedAddress named{.host = std::string(host), .port = *port};
  for (char& c : named.host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return named;
}

// SipHash-2-4, since these keys come off the network and a table that can be flooded is a way in:
// faster hashes promise nothing against a stranger who looks for collisions.
template <std::size_t size>
std::uint64_t keyed_hash(const std::array<std::uint8_t, size>& input, std::uint64_t key) noexcept {
  std::array<std::uint8_t, crypto_shorthash_KEYBYTES> key_bytes{};
  std::memcpy(key_bytes.data(), &key, sizeof key);
  std::uint64_t hash = 0;
  std::array<std::uint8_t, crypto_shorthash_BYTES> hash_bytes{};
  crypto_shorthash(hash_bytes.data(), input.data(), input.size(), key_bytes.data());
  static_assert(sizeof hash == crypto_shorthash_BYTES);
  std::memcpy(&hash, hash_bytes.data(), sizeof hash);
  return hash;
}

}  // namespace

Result<IpAddress> IpAddress::parse(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) {
    return fail(Errc::bad_syntax, Side::none, "not an IP address");
  }
  std::ranges::copy(text, terminated.begin());

  std::array<std::uint8_t, 4> v4{};
  if (inet_pton(AF_INET, terminated.data(), v4.data()) == 1) return from_v4(v4);
  std::array<std::uint8_t, 16> v6{};
  if (inet_pton(AF_INET6, terminated.data(), v6.data()) == 1) return from_v6(v6);
  return fail(Errc::bad_syntax, Side::none, "not an IP address");
}

IpAddress IpAddress::from_v4(std::array<std::uint8_t, 4> octets) noexcept {
  IpAddress ip;
  std::ranges::copy(kMappedPrefix, ip.octets_.begin());
  std::ranges::copy(octets, ip.octets_.begin() + kMappedPrefix.size());
  return ip;
}

IpAddress IpAddress::from_v6(std::array<std::uint8_t, 16> octets) noexcept {
  IpAddress ip;
  ip.octets_ = octets;
  return ip;
}

bool IpAddress::is_v4() const noexcept {
  return std::ranges::equal(std::span(octets_).first<kMappedPrefix.size()>(), kMappedPrefix);
}

bool IpAddress::is_unspecified() const noexcept {
  return *this == IpAddress() || *this == from_v4({});
}

bool IpAddress::is_loopback() const noexcept {
  if (is_v4()) return octets_[kMappedPrefix.size()] == 127;
  constexpr std::array<std::uint8_t, 16> kV6Loopback = {0, 0, 0, 0, 0, 0, 0, 0,
                                                        0, 0, 0, 0, 0, 0, 0, 1};
  return octets_ == kV6Loopback;
}

std::array<std::uint8_t, 4> IpAddress::v4_octets() const noexcept {
  CW_ASSERT(is_v4());
  return {octets_[12], octets_[13], octets_[14], octets_[15]};
}

std::string IpAddress::to_text() const {
  if (is_v4())
    return fmt::format("{}.{}.{}.{}", octets_[12], octets_[13], octets_[14], octets_[15]);
  std::array<char, INET6_ADDRSTRLEN> text{};
  const char* const written = inet_ntop(AF_INET6, octets_.data(), text.data(), text.size());
  CW_ASSERT(written != nullptr);
  return written;
}

Result<SocketAddress> SocketAddress::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return fail(Errc::bad_syntax, Side::none, "the port is missing");
  auto host = text.substr(0, colon);
  const bool is_bracketed = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
  if (is_bracketed) host = host.substr(1, host.size() - 2);
  const bool is_v6_text = host.find(':') != std::string_view::npos;
  if (is_v6_text != is_bracketed) {
    return fail(Errc::bad_syntax, Side::none, "brackets go around an IPv6 address, and only there");
  }
  const auto ip = IpAddress::parse(host);
  if (!ip) return fail(ip);
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return fail(port);
  return SocketAddress{.ip = *ip, .port = *port};
}

std::string SocketAddress::to_text() const {
  if (ip.is_v4()) return fmt::format("{}:{}", ip.to_text(), port);
  return fmt::format("[{}]:{}", ip.to_text(), port);
}

Result<Address> Address::parse(std::string_view text) {
  constexpr std::string_view kUnix = "unix:";
  if (text.starts_with(kUnix)) return parse_unix(text.substr(kUnix.size()));

  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return fail(Errc::bad_syntax, Side::none, "the port is missing");
  const auto host = text.substr(0, colon);
  if (host.empty()) {
    const auto port = parse_port(text.substr(colon + 1));
    if (!port) return fail(port);
    return SocketAddress{.ip = IpAddress(), .port = *port};
  }
  if (host.starts_with('[') || host.find(':') != std::string_view::npos || IpAddress::parse(host)) {
    const auto address = SocketAddress::parse(text);
    if (!address) return fail(address);
    return *address;
  }
  return parse_named(host, text.substr(colon + 1));
}

std::string Address::to_text() const {
  if (const auto* address = socket()) return address->to_text();
  if (const auto* local = unix_socket()) return fmt::format("unix:{}", local->path);
  const auto* const name = named();
  return fmt::format("{}:{}", name->host, name->port);
}

Result<Network> Network::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto ip = IpAddress::parse(text.substr(0, slash));
  if (!ip) return fail(ip);

  Network network;
  network.first_ = *ip;
  network.prefix_bits_ = kAddressBits;
  if (slash == std::string_view::npos) return network;

  // The prefix counts the bits of the spelling: ::ffff:10.0.0.0/104 is 10.0.0.0/8.
  const bool is_v4_text = text.substr(0, slash).find(':') == std::string_view::npos;
  const unsigned offset = is_v4_text ? kMappedBits : 0;
  const auto bits_text = text.substr(slash + 1);
  if (bits_text.size() > 1 && bits_text.front() == '0') {
    return fail(Errc::bad_syntax, Side::none, "a prefix length has no leading zeros");
  }
  const auto bits = parse_number<unsigned>(bits_text, 0, kAddressBits - offset);
  if (!bits) return fail(bits);
  network.prefix_bits_ = static_cast<std::uint8_t>(*bits + offset);
  if (!is_zero_beyond(*ip, network.prefix_bits_)) {
    return fail(Errc::bad_syntax, Side::none, "the address has bits beyond its prefix");
  }
  return network;
}

bool Network::contains(const IpAddress& ip) const noexcept {
  // IPv4 sits inside ::/0 only because of how it is stored; nobody who writes ::/0 means it.
  if (ip.is_v4() && prefix_bits_ < kMappedBits) return false;
  return agree(first_, ip, prefix_bits_);
}

std::string Network::to_text() const {
  const unsigned bits = first_.is_v4() ? prefix_bits_ - kMappedBits : prefix_bits_;
  return fmt::format("{}/{}", first_.to_text(), bits);
}

bool any_contains(const std::vector<Network>& networks, const IpAddress& ip) noexcept {
  return std::ranges::any_of(networks,
                             [&](const Network& network) { return network.contains(ip); });
}

std::uint64_t hash_of(const IpAddress& ip, std::uint64_t key) noexcept {
  return keyed_hash(ip.octets(), key);
}

std::uint64_t hash_of(const SocketAddress& address, std::uint64_t key) noexcept {
  std::array<std::uint8_t, 18> input{};
  std::ranges::copy(address.ip.octets(), input.begin());
  input[16] = static_cast<std::uint8_t>(address.port >> 8U);
  input[17] = static_cast<std::uint8_t>(address.port & 0xffU);
  return keyed_hash(input, key);
}

}  // namespace causeway::base
