// SPDX-License-Identifier: Apache-2.0
// The closed list of everything that can go wrong, and the value that carries it.
// Each code has one text, one name for counters and logs, and one HTTP status. An Error never
// allocates: it is a code, the side that broke it, the errno of the system call if there was one,
// and a note with static lifetime.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace causeway::base {

enum class Errc : std::uint8_t {
  // Flow, not failure: the caller waits and tries again.
  would_block,
  // Ended by us.
  cancelled,
  deadline,
  connect_timeout,
  idle_timeout,
  queue_timeout,
  peek_timeout,
  drain_timeout,
  // Ended by the other side or the network.
  closed,
  reset,
  refused,
  unreachable,
  // Refused for want of room.
  total_limit,
  listener_limit,
  source_limit,
  accept_rate,
  descriptor_limit,
  memory_limit,
  queue_full,
  session_limit,
  // Refused for want of somewhere to go.
  no_route,
  no_endpoint,
  // Refused for what was sent.
  proxy_header_invalid,
  proxy_header_missing,
  tls_hello_invalid,
  tls_hello_too_large,
  datagram_too_large,
  // Names.
  dns_not_found,
  dns_failed,
  // Text that a person wrote.
  bad_syntax,
  out_of_range,
  // The machine.
  address_in_use,
  address_not_available,
  permission,
  not_found,
  unsupported,
  system,
};

inline constexpr std::size_t kErrcCount = static_cast<std::size_t>(Errc::system) + 1;

// What a code is called. All views have static lifetime.
struct ErrcInfo {
  Errc code;
  std::string_view name;  // for counters, logs and JSON: `connect_timeout`
  std::string_view text;  // for people: "the endpoint did not accept in time"
  std::uint16_t http_status;
};

[[nodiscard]] const ErrcInfo& describe(Errc code) noexcept;

// Who broke it: whom to blame and whether another endpoint may be tried.
enum class Side : std::uint8_t { none, downstream, upstream, local };

[[nodiscard]] std::string_view name_of(Side side) noexcept;

struct Error {
  Errc code = Errc::system;
  Side side = Side::none;
  std::int32_t os_errno = 0;  // 0 when no system call was involved
  const char* note = "";      // static lifetime; which step it was, never what a stranger sent

  friend bool operator==(const Error&, const Error&) = default;
};

// The code that fits an errno value, with the errno kept. `note` names the call that failed.
[[nodiscard]] Error from_errno(int os_errno, const char* note, Side side = Side::none) noexcept;

// "upstream: connection refused (connect: ECONNREFUSED)"; for logs and the terminal.
[[nodiscard]] std::string to_text(const Error& error);

}  // namespace causeway::base

namespace causeway {
using base::Errc;
using base::Error;
using base::Side;
}  // namespace causeway
