// SPDX-License-Identifier: Apache-2.0
// Decoding of version 2 of the PROXY protocol.
#include "wire/internal/proxy_header_v2.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>

#include "base/address.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/result.h"
#include "wire/internal/byte_reader.h"
#include "wire/internal/crc32c.h"
#include "wire/proxy_header.h"

namespace causeway::wire::internal {
namespace {

constexpr std::size_t kUnixPathBytes = 108;
constexpr std::size_t kUniqueIdBytesMax = 128;

enum class Tlv : std::uint8_t {
  alpn = 0x01,
  authority = 0x02,
  crc32c = 0x03,
  noop = 0x04,
  unique_id = 0x05,
  tls = 0x20,
  tls_version = 0x21,
  tls_common_name = 0x22,
  tls_cipher = 0x23,
  tls_signature_algorithm = 0x24,
  tls_key_algorithm = 0x25,
  netns = 0x30,
};

std::unexpected<Error> invalid(const char* note) noexcept {
  return fail(Errc::proxy_header_invalid, Side::none, note);
}

// What may come twice: padding, and the types that are not ours to judge.
bool may_repeat(Tlv type) noexcept {
  switch (type) {
    case Tlv::alpn:
    case Tlv::authority:
    case Tlv::crc32c:
    case Tlv::unique_id:
    case Tlv::tls:
    case Tlv::tls_version:
    case Tlv::tls_common_name:
    case Tlv::tls_cipher:
    case Tlv::tls_signature_algorithm:
    case Tlv::tls_key_algorithm:
    case Tlv::netns:
      return false;
    case Tlv::noop:
      return true;
  }
  return true;
}

// Reads type-length-value triples one after the other.
class TlvReader {
 public:
  explicit TlvReader(Bytes bytes) noexcept : reader_(bytes) {}

  [[nodiscard]] bool at_end() const noexcept { return reader_.at_end(); }

  struct Entry {
    Tlv type;
    Bytes value;
  };

  Result<Entry> take() noexcept {
    const auto type = Tlv{reader_.take_u8()};
    const Bytes value = reader_.take_vector16();
    if (!reader_.ok()) return invalid("version 2: a TLV reaches beyond the header");
    const auto number = static_cast<std::size_t>(type);
    if (seen_[number] && !may_repeat(type)) return invalid("version 2: a TLV comes twice");
    seen_[number] = true;
    return Entry{.type = type, .value = value};
  }

 private:
  ByteReader reader_;
  std::bitset<256> seen_;
};

Result<ProxyTls> parse_tls(Bytes value) noexcept {
  ByteReader reader(value);
  const std::uint8_t flags = reader.take_u8();
  const std::uint32_t verify = reader.take_u32();
  if (!reader.ok()) return invalid("version 2: the TLS TLV is too short");

  ProxyTls tls;
  tls.is_tls = (flags & 0x01U) != 0;
  tls.has_connection_cert = (flags & 0x02U) != 0;
  tls.has_session_cert = (flags & 0x04U) != 0;
  tls.is_verified = verify == 0 && (tls.has_connection_cert || tls.has_session_cert);
  for (TlvReader inner(reader.take_rest()); !inner.at_end();) {
    const auto entry = inner.take();
    if (!entry) return fail(entry);
    const auto text = base::as_text(entry->value);
    if (entry->type == Tlv::tls_version) tls.version = text;
    if (entry->type == Tlv::tls_common_name) tls.common_name = text;
    if (entry->type == Tlv::tls_cipher) tls.cipher = text;
    if (entry->type == Tlv::tls_signature_algorithm) tls.signature_algorithm = text;
    if (entry->type == Tlv::tls_key_algorithm) tls.key_algorithm = text;
  }
  return tls;
}

// The checksum is over the whole header with its own four bytes as zero.
bool has_checksum(Bytes whole, Bytes field) noexcept {
  const auto before = static_cast<std::size_t>(field.data() - whole.data());
  constexpr std::array<std::byte, 4> kZero{};
  std::uint32_t crc = crc32c_add(kCrc32cStart, whole.first(before));
  crc = crc32c_add(crc, kZero);
  crc = crc32c_add(crc, whole.subspan(before + kZero.size()));
  return ByteReader(field).take_u32() == crc32c_finish(crc);
}

Result<void> take_tlv(ProxyHeader& header, const TlvReader::Entry& entry, Bytes whole) noexcept {
  switch (entry.type) {
    case Tlv::alpn:
      header.alpn = base::as_text(entry.value);
      break;
    case Tlv::authority:
      header.authority = base::as_text(entry.value);
      break;
    case Tlv::netns:
      header.netns = base::as_text(entry.value);
      break;
    case Tlv::unique_id:
      if (entry.value.size() > kUniqueIdBytesMax) return invalid("version 2: unique id too long");
      header.unique_id = entry.value;
      break;
    case Tlv::crc32c:
      if (entry.value.size() != 4) return invalid("version 2: a checksum has four bytes");
      if (!has_checksum(whole, entry.value)) return invalid("version 2: wrong checksum");
      break;
    case Tlv::tls: {
      const auto tls = parse_tls(entry.value);
      if (!tls) return fail(tls);
      header.tls = *tls;
      break;
    }
    case Tlv::noop:
    case Tlv::tls_version:
    case Tlv::tls_common_name:
    case Tlv::tls_cipher:
    case Tlv::tls_signature_algorithm:
    case Tlv::tls_key_algorithm:
      break;  // nothing to keep, or without meaning outside the TLS TLV
  }
  return {};
}

template <std::size_t size>
base::IpAddress take_ip(ByteReader& reader) noexcept {
  std::array<std::uint8_t, size> octets{};
  std::ranges::transform(reader.take(size), octets.begin(),
                         [](std::byte byte) { return static_cast<std::uint8_t>(byte); });
  if constexpr (size == 4) {
    return base::IpAddress::from_v4(octets);
  } else {
    return base::IpAddress::from_v6(octets);
  }
}

template <std::size_t ip_size>
ProxyAddresses take_addresses(ByteReader& reader) noexcept {
  ProxyAddresses addresses;
  addresses.source.ip = take_ip<ip_size>(reader);
  addresses.destination.ip = take_ip<ip_size>(reader);
  addresses.source.port = reader.take_u16();
  addresses.destination.port = reader.take_u16();
  return addresses;
}

// A path up to its first zero byte; an abstract name is a zero byte and what follows up to the
// next.
std::string_view take_path(ByteReader& reader) noexcept {
  const auto field = base::as_text(reader.take(kUnixPathBytes));
  const std::size_t from = field.starts_with('\0') ? 1 : 0;
  const auto path = field.substr(0, field.find('\0', from));
  return path.size() == from ? std::string_view() : path;
}

// Whether `family` is one of the list, and its address block was there.
bool take_block(ProxyHeader& header, ProxyV2Family family, ByteReader& reader) noexcept {
  switch (family) {
    case ProxyV2Family::unspecified:
      return true;
    case ProxyV2Family::tcp4:
    case ProxyV2Family::udp4:
      header.addresses = take_addresses<4>(reader);
      break;
    case ProxyV2Family::tcp6:
    case ProxyV2Family::udp6:
      header.addresses = take_addresses<16>(reader);
      break;
    case ProxyV2Family::unix_stream:
    case ProxyV2Family::unix_datagram:
      header.source_path = take_path(reader);
      header.destination_path = take_path(reader);
      break;
    default:  // the byte came off the network
      return false;
  }
  const bool is_stream = (static_cast<unsigned>(family) & 0x0fU) == 1;
  header.transport = is_stream ? ProxyTransport::stream : ProxyTransport::datagram;
  return reader.ok();
}

}  // namespace

Result<std::optional<ProxyHeader>> decode_proxy_v2(Bytes received) noexcept {
  ByteReader fixed(received);
  fixed.take(kProxyV2Signature.size());
  const std::uint8_t version_command = fixed.take_u8();
  const bool has_command = fixed.ok();
  const auto family = ProxyV2Family{fixed.take_u8()};
  const std::size_t rest_bytes = fixed.take_u16();

  const bool is_local = version_command == kProxyV2Local;
  if (has_command && !is_local && version_command != kProxyV2Proxy) {
    return invalid("version 2: version or command");
  }
  if (!fixed.ok()) return std::nullopt;
  const std::size_t size_bytes = kProxyV2FixedBytes + rest_bytes;
  if (size_bytes > kProxyHeaderBytesMax) return invalid("version 2: too long");
  if (received.size() < size_bytes) return std::nullopt;

  ProxyHeader header;
  header.size_bytes = size_bytes;
  header.version = 2;
  header.command = is_local ? ProxyHeader::Command::local : ProxyHeader::Command::proxy;
  if (is_local) return header;  // the family and all that follows must be ignored

  const Bytes whole = received.first(size_bytes);
  ByteReader reader(whole.subspan(kProxyV2FixedBytes));
  if (!take_block(header, family, reader)) return invalid("version 2: family or its addresses");
  for (TlvReader tlvs(reader.take_rest()); !tlvs.at_end();) {
    const auto entry = tlvs.take();
    if (!entry) return fail(entry);
    const auto taken = take_tlv(header, *entry, whole);
    if (!taken) return fail(taken);
  }
  return header;
}

}  // namespace causeway::wire::internal
