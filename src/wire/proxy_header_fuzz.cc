// SPDX-License-Identifier: Apache-2.0
// The decoder of the PROXY protocol: it reads nothing outside its bytes, its views lie in them, the
// answer does not depend on how the bytes arrive, and what is encoded is decoded to the same.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/assert.h"
#include "base/bytes.h"
#include "base/result.h"
#include "wire/proxy_header.h"

namespace causeway::wire {
namespace {

bool lies_in(Bytes inner, Bytes outer) {
  return inner.empty() || (inner.data() >= outer.data() &&
                           inner.data() + inner.size() <= outer.data() + outer.size());
}

void check_views(const ProxyHeader& header, Bytes received) {
  CW_ASSERT(header.size_bytes > 0 && header.size_bytes <= received.size());
  CW_ASSERT(header.size_bytes <= kProxyHeaderBytesMax);
  const Bytes whole = received.first(header.size_bytes);
  for (const auto view :
       {header.source_path, header.destination_path, header.alpn, header.authority, header.netns}) {
    CW_ASSERT(lies_in(base::as_bytes(view), whole));
  }
  CW_ASSERT(lies_in(header.unique_id, whole));
  if (!header.tls) return;
  for (const auto view : {header.tls->version, header.tls->common_name, header.tls->cipher,
                          header.tls->signature_algorithm, header.tls->key_algorithm}) {
    CW_ASSERT(lies_in(base::as_bytes(view), whole));
  }
}

void check_encoders(const ProxyAddresses& addresses) {
  ProxyHeaderBuffer buffer;
  const auto v1 = decode_proxy_header(encode_proxy_v1(addresses, buffer));
  CW_ASSERT(v1 && *v1 && (*v1)->addresses == addresses);
  for (const auto transport : {ProxyTransport::stream, ProxyTransport::datagram}) {
    const auto v2 = decode_proxy_datagram(encode_proxy_v2(addresses, transport, buffer));
    CW_ASSERT(v2 && v2->addresses == addresses && v2->transport == transport);
  }
}

// `size` of the bytes in memory of their own, so that a read beyond them is seen.
Result<std::optional<ProxyHeader>> decode_first(Bytes bytes, std::size_t size) {
  const std::vector<std::byte> exact(bytes.begin(),
                                     bytes.begin() + static_cast<std::ptrdiff_t>(size));
  const auto decoded = decode_proxy_header(exact);
  if (decoded && *decoded) check_views(**decoded, exact);
  return decoded;
}

void check_decoder(Bytes bytes) {
  const auto whole = decode_first(bytes, bytes.size());
  const auto datagram = decode_proxy_datagram(bytes);
  const std::size_t step = 1 + bytes.size() / 256;
  for (std::size_t size = 0; size < bytes.size(); size += step) {
    const auto part = decode_first(bytes, size);
    if (part && !*part) continue;  // it waits for more; anything else it says is its last word
    CW_ASSERT(part.has_value() == whole.has_value());
    if (!part) {
      CW_ASSERT(part.error() == whole.error());
      continue;
    }
    CW_ASSERT(*whole && (*part)->size_bytes == (*whole)->size_bytes);
    CW_ASSERT((*part)->addresses == (*whole)->addresses);
  }
  if (datagram) CW_ASSERT(whole && *whole && (*whole)->size_bytes == datagram->size_bytes);
  if (whole && *whole && (*whole)->addresses) check_encoders(*(*whole)->addresses);
}

ProxyAddresses addresses_from(std::span<const std::uint8_t, 36> bytes) {
  std::array<std::uint8_t, 16> source{};
  std::array<std::uint8_t, 16> destination{};
  std::ranges::copy(bytes.subspan<0, 16>(), source.begin());
  std::ranges::copy(bytes.subspan<16, 16>(), destination.begin());
  const auto port = [&](std::size_t at) {
    return static_cast<std::uint16_t>(bytes[at] << 8U | bytes[at + 1]);
  };
  return {.source = {.ip = base::IpAddress::from_v6(source), .port = port(32)},
          .destination = {.ip = base::IpAddress::from_v6(destination), .port = port(34)}};
}

}  // namespace
}  // namespace causeway::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::uint8_t> input(data, size);
  causeway::wire::check_decoder(std::as_bytes(input));
  if (size >= 36) causeway::wire::check_encoders(causeway::wire::addresses_from(input.first<36>()));
  return 0;
}
