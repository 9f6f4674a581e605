// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <fmt/format.h>
#include <string.h>  // strerrorname_np is glibc's, not the standard's

#include <array>
#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/assert.h"

namespace causeway::base {
namespace {

constexpr std::array<ErrcInfo, kErrcCount> kTable = {{
    {Errc::would_block, "would_block", "not ready yet", 503},
    {Errc::cancelled, "cancelled", "cancelled before it was done", 503},
    {Errc::deadline, "deadline", "took longer than allowed", 504},
    {Errc::connect_timeout, "connect_timeout", "the endpoint did not accept in time", 504},
    {Errc::idle_timeout, "idle_timeout", "nothing moved for too long", 408},
    {Errc::queue_timeout, "queue_timeout", "waited too long for a free endpoint", 503},
    {Errc::peek_timeout, "peek_timeout", "the first bytes did not come in time", 408},
    {Errc::drain_timeout, "drain_timeout", "still open when the time to drain was over", 503},
    {Errc::closed, "closed", "closed by the other side", 502},
    {Errc::reset, "reset", "connection reset by the other side", 502},
    {Errc::refused, "refused", "connection refused", 502},
    {Errc::unreachable, "unreachable", "the network cannot reach it", 502},
    {Errc::total_limit, "total_limit", "the process holds as many connections as it may", 503},
    {Errc::listener_limit, "listener_limit", "the listener holds as many connections as it may",
     503},
    {Errc::source_limit, "source_limit", "too many connections from one address", 429},
    {Errc::accept_rate, "accept_rate", "connections arrive faster than allowed", 429},
    {Errc::descriptor_limit, "descriptor_limit", "no file descriptor is left", 503},
    {Errc::memory_limit, "memory_limit", "the memory budget is used up", 503},
    {Errc::queue_full, "queue_full", "the queue is full", 503},
    {Errc::session_limit, "session_limit", "as many sessions are open as are allowed", 503},
    {Errc::no_route, "no_route", "no route matches", 404},
    {Errc::no_endpoint, "no_endpoint", "no endpoint of the pool can be used", 503},
    {Errc::proxy_header_invalid, "proxy_header_invalid", "the PROXY header is malformed", 400},
    {Errc::proxy_header_missing, "proxy_header_missing", "a PROXY header was expected", 400},
    {Errc::tls_hello_invalid, "tls_hello_invalid", "the TLS ClientHello is malformed", 400},
    {Errc::tls_hello_too_large, "tls_hello_too_large", "the TLS ClientHello is too large", 431},
    {Errc::datagram_too_large, "datagram_too_large", "the datagram is too large", 413},
    {Errc::dns_not_found, "dns_not_found", "the name does not exist", 502},
    {Errc::dns_failed, "dns_failed", "the name could not be resolved", 502},
    {Errc::bad_syntax, "bad_syntax", "it is not written as it must be", 400},
    {Errc::out_of_range, "out_of_range", "the value is out of range", 400},
    {Errc::address_in_use, "address_in_use", "the address is already in use", 500},
    {Errc::address_not_available, "address_not_available", "this machine has no such free address",
     503},
    {Errc::permission, "permission", "permission denied", 500},
    {Errc::not_found, "not_found", "it does not exist", 502},
    {Errc::unsupported, "unsupported", "not supported by this machine", 501},
    {Errc::system, "system", "a system call failed", 500},
}};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kTable.size(); ++i) {
    if (static_cast<std::size_t>(kTable[i].code) != i) return false;
  }
  return true;
}
static_assert(is_in_order(), "kTable is indexed by code: keep the order of Errc");

Errc code_of(int os_errno) noexcept {
  switch (os_errno) {
    case EAGAIN:
    case EINPROGRESS:
    case EALREADY:
      return Errc::would_block;
    case ECANCELED:
      return Errc::cancelled;
    case EPIPE:
    case ENOTCONN:
    case ESHUTDOWN:
      return Errc::closed;
    case ECONNRESET:
    case ECONNABORTED:
      return Errc::reset;
    case ECONNREFUSED:
      return Errc::refused;
    case ETIMEDOUT:  // the kernel's own: packets went unanswered; our deadlines have their own
                     // codes
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENETUNREACH:
    case ENETDOWN:
      return Errc::unreachable;
    case EMFILE:
    case ENFILE:
      return Errc::descriptor_limit;
    case ENOMEM:
    case ENOBUFS:
      return Errc::memory_limit;
    case EMSGSIZE:
      return Errc::datagram_too_large;
    case EADDRINUSE:
      return Errc::address_in_use;
    case EADDRNOTAVAIL:
      return Errc::address_not_available;
    case EACCES:
    case EPERM:
      return Errc::permission;
    case ENOENT:
    case ENODEV:
      return Errc::not_found;
    case ENOSYS:
    case EOPNOTSUPP:
    case ENOPROTOOPT:
    case EPROTONOSUPPORT:
    case EAFNOSUPPORT:
      return Errc::unsupported;
    default:  // errno is an open list
      return Errc::system;
  }
}

}  // namespace

const ErrcInfo& describe(Errc code) noexcept {
  const auto index = static_cast<std::size_t>(code);
  CW_ASSERT(index < kTable.size());
  return kTable[index];
}

std::string_view name_of(Side side) noexcept {
  switch (side) {
    case Side::none:
      return "none";
    case Side::downstream:
      return "downstream";
    case Side::upstream:
      return "upstream";
    case Side::local:
      return "local";
  }
  CW_ASSERT(false);  // not a Side
}

Error from_errno(int os_errno, const char* note, Side side) noexcept {
  return {.code = code_of(os_errno), .side = side, .os_errno = os_errno, .note = note};
}

std::string to_text(const Error& error) {
  std::string text;
  if (error.side != Side::none) text.append(name_of(error.side)).append(": ");
  text.append(describe(error.code).text);

  const std::string_view note = error.note;
  if (note.empty() && error.os_errno == 0) return text;
  text.append(" (").append(note);
  if (error.os_errno != 0) {
    if (!note.empty()) text.append(": ");
    const char* const name = strerrorname_np(error.os_errno);
    text.append(name != nullptr ? std::string(name) : fmt::format("errno {}", error.os_errno));
  }
  return text.append(")");
}

}  // namespace causeway::base
