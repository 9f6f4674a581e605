// SPDX-License-Identifier: Apache-2.0
// The codecs of names and addresses.
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/address.h"
#include "base/error.h"
#include "base/host_name.h"
#include "base/result.h"
#include "control/codec.h"
#include "control/codec_parts.h"
#include "control/codecs.h"
#include "control/diagnostic.h"
#include "control/document.h"

namespace causeway::control {
namespace {

using detail::scalar_text;
using detail::Takes;
using detail::text_schema;

constexpr std::size_t kAlpnBytesMax = 255;  // RFC 7301 section 3.1
constexpr std::uint16_t kDnsPort = 53;

// Text that one function turns into a value and another back.
template <class T>
class TextCodec final : public ValueCodec<T> {
 public:
  struct Traits {
    std::string_view kind;    // "network": for the reference
    std::string_view wanted;  // "a network such as `10.0.0.0/8`"
    std::string_view pattern;
    Result<T> (*parse)(std::string_view text);
    std::string (*format)(const T& value);
  };
  explicit TextCodec(Traits traits) : traits_(traits) {}

  bool decode(const Node& node, T& value, Reader& reader) const override {
    const auto* text = scalar_text(node, Takes::text, traits_.wanted, reader);
    if (text == nullptr) return false;
    auto parsed = traits_.parse(*text);
    if (!parsed) {
      const std::string_view note = parsed.error().note;
      reader.report(
          parsed.error().code == Errc::out_of_range ? Code::out_of_range : Code::bad_value, node,
          fmt::format("`{}` is not {}{}{}", *text, traits_.wanted, note.empty() ? "" : ": ", note));
      return false;
    }
    value = std::move(*parsed);
    return true;
  }
  [[nodiscard]] Node encode(const T& value) const override {
    return string_node(traits_.format(value));
  }
  [[nodiscard]] Node schema() const override { return text_schema(traits_.pattern); }
  [[nodiscard]] std::string kind() const override { return std::string(traits_.kind); }

 private:
  Traits traits_;
};

template <class T>
CodecOf<T> text(typename TextCodec<T>::Traits traits) {
  return std::make_unique<const TextCodec<T>>(traits);
}

std::string same(const std::string& text) { return text; }

bool is_name_byte(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

Result<std::string> parse_name(std::string_view text) {
  if (text.empty() || text.size() > kNameBytesMax) {
    return fail(Errc::bad_syntax, Side::none, "1 to 64 characters");
  }
  if (!std::ranges::all_of(text, is_name_byte) || text.front() == '-' || text.front() == '.') {
    return fail(Errc::bad_syntax, Side::none, "letters, digits, `_`, `-` and `.`");
  }
  return std::string(text);
}

Result<std::string> parse_target(std::string_view text) {
  const bool is_path = text.starts_with('/') || text.starts_with("./") || text.starts_with("../");
  if (text != "stderr" && text != "stdout" && !is_path) {
    return fail(Errc::bad_syntax, Side::none, "a path begins with `/` or `./`");
  }
  return std::string(text);
}

Result<std::string> parse_server_name(std::string_view text) {
  std::string_view host = text;
  if (host.starts_with("*.")) host.remove_prefix(2);
  if (!base::is_host_name(host)) return fail(Errc::bad_syntax);
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

Result<std::string> parse_alpn(std::string_view text) {
  if (text.empty() || text.size() > kAlpnBytesMax) return fail(Errc::bad_syntax);
  return std::string(text);
}

Result<base::Address> parse_bind(std::string_view text) {
  auto address = base::Address::parse(text);
  if (address && address->named() != nullptr) {
    return fail(Errc::bad_syntax, Side::none, "a listener takes an address, not a name");
  }
  return address;
}

Result<base::Address> parse_endpoint(std::string_view text) {
  auto address = base::Address::parse(text);
  if (!address) return address;
  const bool has_no_port = (address->socket() != nullptr && address->socket()->port == 0) ||
                           (address->named() != nullptr && address->named()->port == 0);
  if (has_no_port) return fail(Errc::bad_syntax, Side::none, "nothing answers on port 0");
  const bool has_no_host = address->socket() != nullptr && address->socket()->ip.is_unspecified();
  if (has_no_host) {
    return fail(Errc::bad_syntax, Side::none, "an endpoint is one host, not every address");
  }
  return address;
}

Result<base::SocketAddress> parse_dns_server(std::string_view text) {
  const auto ip = base::IpAddress::parse(text);
  if (ip) return base::SocketAddress{.ip = *ip, .port = kDnsPort};
  return base::SocketAddress::parse(text);
}

template <class T>
std::string to_text(const T& value) {
  return value.to_text();
}

}  // namespace

CodecOf<std::string> name() {
  return text<std::string>({.kind = "name",
                            .wanted = "a name",
                            .pattern = "^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$",
                            .parse = parse_name,
                            .format = same});
}

CodecOf<std::string> log_target() {
  return text<std::string>({.kind = "`stderr`, `stdout` or path",
                            .wanted = "`stderr`, `stdout` or a path",
                            .pattern = "^(stderr|stdout|\\.{0,2}/.*)$",
                            .parse = parse_target,
                            .format = same});
}

CodecOf<std::string> server_name() {
  return text<std::string>({.kind = "host name",
                            .wanted = "a host name or `*.` and one",
                            .pattern = "^(\\*\\.)?[A-Za-z0-9_.-]+$",
                            .parse = parse_server_name,
                            .format = same});
}

CodecOf<std::string> alpn_name() {
  return text<std::string>({.kind = "protocol name",
                            .wanted = "a protocol name of 1 to 255 bytes",
                            .pattern = "^.{1,255}$",
                            .parse = parse_alpn,
                            .format = same});
}

CodecOf<base::Address> bind_address() {
  return text<base::Address>({.kind = "address",
                              .wanted = "an address such as `0.0.0.0:80`, `:80` or `unix:/path`",
                              .pattern = "^(.*:[0-9]{1,5}|unix:.+)$",
                              .parse = parse_bind,
                              .format = to_text});
}

CodecOf<base::Address> endpoint_address() {
  return text<base::Address>(
      {.kind = "address or host name with a port",
       .wanted = "an address such as `10.0.0.5:80`, `db:5432` or `unix:/path`",
       .pattern = "^(.+:[0-9]{1,5}|unix:.+)$",
       .parse = parse_endpoint,
       .format = to_text});
}

CodecOf<base::SocketAddress> dns_server() {
  return text<base::SocketAddress>({.kind = "address",
                                    .wanted = "the address of a server such as `10.0.0.2:53`",
                                    .pattern = "^[0-9A-Fa-f.:\\[\\]]+$",
                                    .parse = parse_dns_server,
                                    .format = to_text});
}

CodecOf<base::Network> network() {
  return text<base::Network>({.kind = "network",
                              .wanted = "a network such as `10.0.0.0/8`",
                              .pattern = "^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$",
                              .parse = base::Network::parse,
                              .format = to_text});
}

}  // namespace causeway::control
