// SPDX-License-Identifier: Apache-2.0
// What counts as a host name, wherever one is read: in a configuration, in the SNI of a
// ClientHello, in a request. It is a question about spelling only; nothing is resolved here.
#pragma once

#include <cstddef>
#include <string_view>

namespace causeway::base {

inline constexpr std::size_t kHostNameBytesMax = 253;  // RFC 1035 section 2.3.4, in dotted text

// Whether `text` is a host name without a final dot: labels of 1 to 63 letters, digits, hyphens and
// underscores, no hyphen at either end of a label (RFC 1123 section 2.1; underscores are not in it,
// but names of services and containers have them). A last label of digits alone is refused: it can
// only be an IPv4 address, well-formed or not. Letters of either case are accepted.
[[nodiscard]] bool is_host_name(std::string_view text) noexcept;

}  // namespace causeway::base
