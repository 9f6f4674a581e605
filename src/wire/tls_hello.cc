// SPDX-License-Identifier: Apache-2.0
#include "wire/tls_hello.h"

#include <algorithm>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"
#include "base/host_name.h"
#include "base/result.h"
#include "wire/internal/byte_reader.h"

namespace causeway::wire {
namespace {

using internal::ByteReader;
using Outcome = TlsHelloDecoded::Outcome;

constexpr std::uint8_t kHandshakeRecord = 22;
constexpr std::uint8_t kClientHello = 1;
constexpr std::uint8_t kMajorVersion = 3;  // of SSL 3.0 and every TLS
constexpr std::uint16_t kTls13 = 0x0304;
constexpr std::size_t kRecordHeaderBytes = 5;
constexpr std::size_t kRecordBytesMax = 1U << 14U;  // RFC 8446 section 5.1
constexpr std::size_t kMessageHeaderBytes = 4;
constexpr std::size_t kRandomBytes = 32;
constexpr std::size_t kSessionIdBytesMax = 32;

constexpr std::uint16_t kServerName = 0;
constexpr std::uint16_t kAlpn = 16;
constexpr std::uint16_t kSupportedVersions = 43;
constexpr std::uint8_t kHostName = 0;  // the one NameType there is

std::unexpected<Error> invalid(const char* note) noexcept {
  return fail(Errc::tls_hello_invalid, Side::none, note);
}

// The handshake message as it comes together from records. It stays a view of the received bytes as
// long as one record holds all of it, and moves to the scratch with the second record.
class Message {
 public:
  explicit Message(TlsHelloScratch& scratch) noexcept : scratch_(scratch) {}

  [[nodiscard]] Bytes bytes() const noexcept { return bytes_; }

  void append(Bytes fragment) noexcept {
    if (bytes_.empty()) {
      bytes_ = fragment;
      return;
    }
    if (bytes_.data() != scratch_.data()) std::ranges::copy(bytes_, scratch_.begin());
    std::ranges::copy(fragment, scratch_.begin() + static_cast<std::ptrdiff_t>(bytes_.size()));
    bytes_ = Bytes(scratch_).first(bytes_.size() + fragment.size());
  }

  // With its own header; nothing as long as that is incomplete.
  [[nodiscard]] std::optional<std::size_t> size() const noexcept {
    if (bytes_.size() < kMessageHeaderBytes) return std::nullopt;
    return kMessageHeaderBytes + ByteReader(bytes_.subspan(1)).take_u24();
  }

 private:
  TlsHelloScratch& scratch_;
  Bytes bytes_;
};

Result<std::string_view> parse_server_name(Bytes data) noexcept {
  ByteReader reader(data);
  ByteReader list(reader.take_vector16());
  // RFC 6066: one name of each type, and there is one type.
  const bool is_host_name = list.take_u8() == kHostName;
  const auto name = base::as_text(list.take_vector16());
  if (!reader.ended_well() || !list.ended_well() || !is_host_name) return invalid("server_name");
  if (!base::is_host_name(name)) return invalid("server_name: not a host name");
  return name;
}

Result<AlpnList> parse_alpn(Bytes data) noexcept {
  ByteReader reader(data);
  const Bytes entries = reader.take_vector16();
  if (!reader.ended_well() || entries.empty())
    return invalid("application_layer_protocol_negotiation");
  for (ByteReader list(entries); !list.at_end();) {
    if (list.take_vector8().empty()) return invalid("application_layer_protocol_negotiation");
  }
  return AlpnList(entries);
}

// Whether TLS 1.3 is among the versions.
Result<bool> parse_supported_versions(Bytes data) noexcept {
  ByteReader reader(data);
  const Bytes versions = reader.take_vector8();
  if (!reader.ended_well() || versions.empty() || versions.size() % 2 != 0)
    return invalid("supported_versions");
  bool has_tls13 = false;
  for (ByteReader list(versions); !list.at_end();) has_tls13 |= list.take_u16() == kTls13;
  return has_tls13;
}

Result<void> take_extension(TlsHello& hello, std::uint16_t type, Bytes data) noexcept {
  if (type == kServerName) {
    const auto host = parse_server_name(data);
    if (!host) return fail(host);
    hello.host = *host;
  } else if (type == kAlpn) {
    const auto alpn = parse_alpn(data);
    if (!alpn) return fail(alpn);
    hello.alpn = *alpn;
  } else if (type == kSupportedVersions) {
    const auto has_tls13 = parse_supported_versions(data);
    if (!has_tls13) return fail(has_tls13);
    hello.offers_tls13 = *has_tls13;
  }
  return {};
}

Result<void> take_extensions(TlsHello& hello, Bytes extensions) noexcept {
  std::bitset<1U << 16U>
      seen;  // 8 KiB of stack: comparing each with each would be a stranger's to exploit
  for (ByteReader reader(extensions); !reader.at_end();) {
    const std::uint16_t type = reader.take_u16();
    const Bytes data = reader.take_vector16();
    if (!reader.ok()) return invalid("an extension reaches beyond the message");
    if (seen[type]) return invalid("an extension comes twice");
    seen[type] = true;
    const auto taken = take_extension(hello, type, data);
    if (!taken) return fail(taken);
  }
  return {};
}

// `body` is the message without its header.
Result<TlsHello> parse_client_hello(Bytes body) noexcept {
  TlsHello hello;
  ByteReader reader(body);
  hello.legacy_version = reader.take_u16();
  reader.take(kRandomBytes);
  const Bytes session_id = reader.take_vector8();
  const Bytes cipher_suites = reader.take_vector16();
  const Bytes compressions = reader.take_vector8();
  if (!reader.ok()) return invalid("the message is too short");
  if ((hello.legacy_version >> 8U) != kMajorVersion) return invalid("legacy_version");
  if (session_id.size() > kSessionIdBytesMax) return invalid("legacy_session_id");
  if (cipher_suites.empty() || cipher_suites.size() % 2 != 0) return invalid("cipher_suites");
  if (std::ranges::find(compressions, std::byte{0}) == compressions.end()) {
    return invalid(
        "legacy_compression_methods");  // RFC 5246 section 7.4.1.2: null is always among them
  }
  if (reader.at_end()) return hello;  // before TLS 1.3 there may be no extensions at all

  const Bytes extensions = reader.take_vector16();
  if (!reader.ended_well()) return invalid("extensions do not fill the message");
  const auto taken = take_extensions(hello, extensions);
  if (!taken) return fail(taken);
  return hello;
}

// The length of a record's payload, from its header.
Result<std::size_t> parse_record_header(Bytes header) noexcept {
  ByteReader reader(header);
  const bool is_handshake = reader.take_u8() == kHandshakeRecord;
  const std::uint16_t version = reader.take_u16();
  const std::size_t size = reader.take_u16();
  if (!is_handshake) return invalid("another record interrupts the message");
  if ((version >> 8U) != kMajorVersion) return invalid("legacy_record_version");
  if (size == 0 || size > kRecordBytesMax) return invalid("length of the record");
  return size;
}

// Checks what is known of `message`, whose latest record lacks `missing_bytes` yet, after
// `taken_bytes` of the connection. True: it is whole.
Result<bool> is_whole(const Message& message, std::size_t missing_bytes,
                      std::size_t taken_bytes) noexcept {
  const Bytes bytes = message.bytes();
  if (!bytes.empty() && static_cast<std::uint8_t>(bytes[0]) != kClientHello) {
    return invalid("not a ClientHello");
  }
  const auto size = message.size();
  if (!size) return false;
  // Nothing may follow a ClientHello in its record: the downstream has to wait for the answer, and
  // early data has records of its own.
  if (bytes.size() + missing_bytes > *size)
    return invalid("the record does not end with the message");
  if (taken_bytes + (*size - bytes.size()) > kTlsHelloBytesMax)
    return fail(Errc::tls_hello_too_large);
  return bytes.size() == *size;
}

}  // namespace

bool AlpnList::contains(std::string_view protocol) const noexcept {
  return std::ranges::find(begin(), end(), protocol) != end();
}

Result<TlsHelloDecoded> decode_tls_hello(Bytes received, TlsHelloScratch& scratch) noexcept {
  received = received.first(std::min(received.size(), kTlsHelloBytesMax));
  Bytes left = received;
  if (!left.empty() && static_cast<std::uint8_t>(left[0]) != kHandshakeRecord) {
    return TlsHelloDecoded{.outcome = Outcome::not_tls};
  }

  Message message(scratch);
  while (left.size() >= kRecordHeaderBytes) {
    const auto record_bytes = parse_record_header(left.first(kRecordHeaderBytes));
    if (!record_bytes) return fail(record_bytes);
    left = left.subspan(kRecordHeaderBytes);
    const std::size_t here = std::min(left.size(), *record_bytes);
    message.append(left.first(here));
    left = left.subspan(here);

    const std::size_t taken_bytes = received.size() - left.size();
    const auto whole = is_whole(message, *record_bytes - here, taken_bytes);
    if (!whole) return fail(whole);
    if (!*whole) continue;
    const auto hello = parse_client_hello(message.bytes().subspan(kMessageHeaderBytes));
    if (!hello) return fail(hello);
    return TlsHelloDecoded{.outcome = Outcome::hello, .hello = *hello};
  }
  if (received.size() == kTlsHelloBytesMax) return fail(Errc::tls_hello_too_large);
  return TlsHelloDecoded{.outcome = Outcome::need_more};
}

}  // namespace causeway::wire
