// SPDX-License-Identifier: Apache-2.0
// The PROXY protocol, versions 1 and 2 (HAProxy's specification "The PROXY protocol"): the header
// in front of a connection, or of a datagram, that names the two ends it had before it was proxied.
// Decoding and encoding of bytes, without I/O or state. Whether the sender is trusted to say so is
// the listener's question, not ours.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"

namespace causeway::wire {

// The longest line of version 1, with its CR LF.
inline constexpr std::size_t kProxyV1BytesMax = 107;
// The longest header of either version that is accepted. Version 2 allows 64 KiB; real ones with
// certificate names stay far below this.
inline constexpr std::size_t kProxyHeaderBytesMax = 4096;
// The longest header that the encoders write: version 1 above, version 2 with IPv6 addresses.
inline constexpr std::size_t kProxyEncodedBytesMax = kProxyV1BytesMax;

enum class ProxyTransport : std::uint8_t { unspecified, stream, datagram };

// The ends of a proxied connection over IP.
struct ProxyAddresses {
  base::SocketAddress source;
  base::SocketAddress destination;
  friend bool operator==(const ProxyAddresses&, const ProxyAddresses&) = default;
};

// What the sender says about TLS on its downstream side (PP2_TYPE_SSL).
struct ProxyTls {
  bool is_tls = false;               // the connection was made over TLS
  bool has_connection_cert = false;  // a certificate was shown on this connection
  bool has_session_cert = false;     // or earlier in this TLS session
  bool is_verified = false;          // and it was good
  std::string_view version;
  std::string_view common_name;
  std::string_view cipher;
  std::string_view signature_algorithm;
  std::string_view key_algorithm;
};

// All views lie in the bytes that were decoded. Empty views were not sent.
struct ProxyHeader {
  enum class Command : std::uint8_t {
    local,  // the proxy's own connection, such as a health check: it stands for nobody else
    proxy,
  };

  std::size_t size_bytes = 0;  // of the header; what follows belongs to the connection
  std::uint8_t version = 0;
  Command command = Command::proxy;
  ProxyTransport transport = ProxyTransport::unspecified;
  // Absent for `local`, for unix sockets, and where the sender did not know.
  std::optional<ProxyAddresses> addresses;
  // Paths of unix sockets; an abstract name begins with a zero byte.
  std::string_view source_path;
  std::string_view destination_path;

  std::string_view alpn;
  std::string_view authority;  // the host name the sender was asked for, as in SNI; not validated
  Bytes unique_id;
  std::string_view netns;
  std::optional<ProxyTls> tls;
};

// Decodes the header at the front of a stream. Nothing: more bytes are needed, and never more than
// kProxyHeaderBytesMax of them. It can be asked again from the start whenever more has arrived.
// Errors: proxy_header_missing as soon as the bytes cannot begin a header, proxy_header_invalid
// when they begin one and break the rules of the specification, including its checksum.
[[nodiscard]] Result<std::optional<ProxyHeader>> decode_proxy_header(Bytes received) noexcept;

// Decodes the header at the front of a datagram: version 2 only, and all of it in this datagram.
// The payload is what follows `size_bytes`. Errors as above.
[[nodiscard]] Result<ProxyHeader> decode_proxy_datagram(Bytes datagram) noexcept;

using ProxyHeaderBuffer = std::array<std::byte, kProxyEncodedBytesMax>;

// Each writes a header to the front of `out` and returns that part of it, valid as long as `out`.
// When source and destination are of two families, both are written as IPv6, IPv4 in mapped form.
[[nodiscard]] Bytes encode_proxy_v1(const ProxyAddresses& addresses,
                                    ProxyHeaderBuffer& out) noexcept;
[[nodiscard]] Bytes encode_proxy_v2(const ProxyAddresses& addresses, ProxyTransport transport,
                                    ProxyHeaderBuffer& out) noexcept;

// For a downstream that has no IP address: "PROXY UNKNOWN", and PROXY with AF_UNSPEC.
[[nodiscard]] Bytes encode_proxy_v1_unknown(ProxyHeaderBuffer& out) noexcept;
[[nodiscard]] Bytes encode_proxy_v2_unknown(ProxyHeaderBuffer& out) noexcept;

// For a connection of our own, such as a health check; version 1 has no word for it.
[[nodiscard]] Bytes encode_proxy_v2_local(ProxyHeaderBuffer& out) noexcept;

}  // namespace causeway::wire
