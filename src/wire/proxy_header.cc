// SPDX-License-Identifier: Apache-2.0
// Which version it is, version 1, and datagrams. Version 2 is in proxy_header_v2.cc.
#include "wire/proxy_header.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

#include "base/address.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/number.h"
#include "base/result.h"
#include "wire/internal/proxy_header_v2.h"

namespace causeway::wire {
namespace {

using base::IpAddress;
using base::SocketAddress;

constexpr std::string_view kV1Signature = "PROXY ";
constexpr std::string_view kLineEnd = "\r\n";

// Whether one of the two is the beginning of the other.
bool agrees_with(Bytes received, Bytes signature) noexcept {
  const std::size_t size = std::min(received.size(), signature.size());
  return std::ranges::equal(received.first(size), signature.first(size));
}

std::unexpected<Error> invalid(const char* note) noexcept {
  return fail(Errc::proxy_header_invalid, Side::none, note);
}

// Takes text up to the next single space, or to the end, off `line`.
std::string_view take_word(std::string_view& line) noexcept {
  const auto space = line.find(' ');
  const auto word = line.substr(0, space);
  line.remove_prefix(space == std::string_view::npos ? line.size() : space + 1);
  return word;
}

Result<IpAddress> parse_ip(std::string_view text, bool is_v6) noexcept {
  const bool has_colon = text.find(':') != std::string_view::npos;
  const auto ip = IpAddress::parse(text);
  if (!ip || has_colon != is_v6) return invalid("version 1: address");
  return *ip;
}

Result<std::uint16_t> parse_port(std::string_view text) noexcept {
  const auto port = base::parse_number<std::uint16_t>(text);
  if (!port || (text.size() > 1 && text.front() == '0')) return invalid("version 1: port");
  return *port;
}

// "TCP4 192.0.2.1 198.51.100.1 56324 443", or 6, with single spaces and nothing else.
Result<ProxyAddresses> parse_v1_addresses(std::string_view line, bool is_v6) noexcept {
  if (std::ranges::count(line, ' ') != 3) return invalid("version 1: four words follow the family");
  const auto source_ip = parse_ip(take_word(line), is_v6);
  if (!source_ip) return fail(source_ip);
  const auto destination_ip = parse_ip(take_word(line), is_v6);
  if (!destination_ip) return fail(destination_ip);
  const auto source_port = parse_port(take_word(line));
  if (!source_port) return fail(source_port);
  const auto destination_port = parse_port(take_word(line));
  if (!destination_port) return fail(destination_port);
  return ProxyAddresses{.source = {.ip = *source_ip, .port = *source_port},
                        .destination = {.ip = *destination_ip, .port = *destination_port}};
}

// `line` is what follows "PROXY ", without the line's end.
Result<ProxyHeader> parse_v1_line(std::string_view line) noexcept {
  ProxyHeader header;
  header.version = 1;
  const auto family = take_word(line);
  if (family == "UNKNOWN") return header;  // the rest of the line must be ignored
  if (family != "TCP4" && family != "TCP6") return invalid("version 1: family");
  const auto addresses = parse_v1_addresses(line, family == "TCP6");
  if (!addresses) return fail(addresses);
  header.transport = ProxyTransport::stream;
  header.addresses = *addresses;
  return header;
}

Result<std::optional<ProxyHeader>> decode_v1(Bytes received) noexcept {
  const auto text = base::as_text(received.first(std::min(received.size(), kProxyV1BytesMax)));
  const auto stop = text.find_first_of(kLineEnd);
  if (stop != std::string_view::npos && text[stop] == '\n')
    return invalid("version 1: LF without CR");
  if (stop == std::string_view::npos || stop + 1 == text.size()) {
    if (text.size() == kProxyV1BytesMax) return invalid("version 1: longer than 107 bytes");
    return std::nullopt;
  }
  if (text[stop + 1] != '\n') return invalid("version 1: CR without LF");
  auto header = parse_v1_line(text.substr(kV1Signature.size(), stop - kV1Signature.size()));
  if (!header) return fail(header);
  header->size_bytes = stop + kLineEnd.size();
  return *header;
}

}  // namespace

Result<std::optional<ProxyHeader>> decode_proxy_header(Bytes received) noexcept {
  if (agrees_with(received, std::as_bytes(std::span(internal::kProxyV2Signature)))) {
    return internal::decode_proxy_v2(received);
  }
  if (!agrees_with(received, base::as_bytes(kV1Signature))) return fail(Errc::proxy_header_missing);
  if (received.size() < kV1Signature.size()) return std::nullopt;
  return decode_v1(received);
}

Result<ProxyHeader> decode_proxy_datagram(Bytes datagram) noexcept {
  const auto signature = std::as_bytes(std::span(internal::kProxyV2Signature));
  if (datagram.size() < signature.size() || !agrees_with(datagram, signature)) {
    return fail(Errc::proxy_header_missing);
  }
  const auto header = internal::decode_proxy_v2(datagram);
  if (!header) return fail(header);
  if (!header->has_value()) return invalid("version 2: it does not end in its datagram");
  return **header;
}

}  // namespace causeway::wire
