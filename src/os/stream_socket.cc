// SPDX-License-Identifier: Apache-2.0
#include "os/stream_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>

#include "base/address.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/result.h"
#include "base/time.h"
#include "os/fd.h"
#include "os/socket_name.h"

namespace causeway::os {
namespace {

void set_option(const Fd& fd, int level, int name, int value) noexcept {
  // These are wishes: a kernel or a socket kind that does not know one still carries bytes.
  std::ignore = ::setsockopt(fd.number(), level, name, &value, sizeof value);
}

Result<Fd> open_socket(int family) {
  const int number = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (number < 0) return fail(base::from_errno(errno, "socket"));
  return Fd(number);
}

// Removes the file of a unix socket that nobody listens on any more. What is not a socket stays.
void remove_stale(const std::string& path, const SocketName& name) {
  struct stat about{};
  if (::lstat(path.c_str(), &about) != 0 || !S_ISSOCK(about.st_mode)) return;
  const auto probe = open_socket(AF_UNIX);
  if (!probe) return;
  if (::connect(probe->number(), name.raw(), name.size()) != 0 && errno == ECONNREFUSED) {
    ::unlink(path.c_str());
  }
}

Result<void> bind_unix(const Fd& fd, const std::string& path, const SocketName& name,
                       std::uint32_t mode) {
  const bool is_file = !path.starts_with('@');
  if (is_file) remove_stale(path, name);
  if (::bind(fd.number(), name.raw(), name.size()) != 0)
    return fail(base::from_errno(errno, "bind"));
  if (is_file && ::chmod(path.c_str(), mode) != 0) return fail(base::from_errno(errno, "chmod"));
  return {};
}

}  // namespace

Result<Fd> listen_stream(const base::Address& address, const ListenOptions& options) {
  auto name = SocketName::of(address);
  if (!name) return fail(name);
  auto fd = open_socket(name->family());
  if (!fd) return fail(fd);
  set_buffers(*fd, options.receive_buffer_bytes, options.send_buffer_bytes);
  if (const auto* path = address.unix_socket()) {
    const auto bound = bind_unix(*fd, path->path, *name, options.unix_mode);
    if (!bound) return fail(bound);
  } else {
    set_option(*fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (options.reuse_port) set_option(*fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (name->family() == AF_INET6) {
      set_option(*fd, IPPROTO_IPV6, IPV6_V6ONLY, address.socket()->ip.is_unspecified() ? 0 : 1);
    }
    if (options.fast_open_queue > 0) {
      set_option(*fd, IPPROTO_TCP, TCP_FASTOPEN, static_cast<int>(options.fast_open_queue));
    }
    if (::bind(fd->number(), name->raw(), name->size()) != 0)
      return fail(base::from_errno(errno, "bind"));
  }
  if (::listen(fd->number(),
               static_cast<int>(std::min<std::uint32_t>(options.backlog, 1U << 30U))) != 0) {
    return fail(base::from_errno(errno, "listen"));
  }
  return fd;
}

Result<base::Address> local_address(const Fd& fd) {
  SocketName name;
  if (::getsockname(fd.number(), name.raw(), name.size_to_fill()) != 0) {
    return fail(base::from_errno(errno, "getsockname"));
  }
  return name.to_address();
}

Result<base::Address> peer_address(const Fd& fd) {
  SocketName name;
  if (::getpeername(fd.number(), name.raw(), name.size_to_fill()) != 0) {
    return fail(base::from_errno(errno, "getpeername"));
  }
  return name.to_address();
}

void remove_socket_file(const base::UnixAddress& address) noexcept {
  if (!address.path.empty() && !address.path.starts_with('@')) ::unlink(address.path.c_str());
}

Result<Accepted> accept_stream(const Fd& listener) {
  Accepted accepted;
  const int number = ::accept4(listener.number(), accepted.peer.raw(), accepted.peer.size_to_fill(),
                               SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (number >= 0) {
    accepted.fd = Fd(number);
    return accepted;
  }
  switch (errno) {
    case EAGAIN:
      return fail(Errc::would_block);
    // Linux hands over the pending error of the new connection, and it is that connection's alone
    // (accept(2), "Error handling").
    case ECONNABORTED:
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case EINTR:
    case EPERM:  // a firewall rule
      return fail(Error{
          .code = Errc::closed, .side = Side::downstream, .os_errno = errno, .note = "accept"});
    case ENOBUFS:
    case ENOMEM:
      return fail(Error{
          .code = Errc::memory_limit, .side = Side::local, .os_errno = errno, .note = "accept"});
    default:
      return fail(base::from_errno(errno, "accept"));
  }
}

Result<Fd> open_stream(const SocketName& peer) { return open_socket(peer.family()); }

Result<bool> begin_connect(const Fd& fd, const SocketName& peer) {
  if (::connect(fd.number(), peer.raw(), peer.size()) == 0) return true;
  if (errno == EINPROGRESS) return false;
  // A unix socket whose backlog is full says EAGAIN and will never become writable: that is a
  // refusal.
  if (errno == EAGAIN) {
    return fail(Error{
        .code = Errc::refused, .side = Side::upstream, .os_errno = EAGAIN, .note = "connect"});
  }
  return fail(base::from_errno(errno, "connect", Side::upstream));
}

int take_error(const Fd& fd) noexcept {
  int pending = 0;
  socklen_t size = sizeof pending;
  if (::getsockopt(fd.number(), SOL_SOCKET, SO_ERROR, &pending, &size) != 0) return errno;
  return pending;
}

Result<std::size_t> read_some(const Fd& fd, MutableBytes into) noexcept {
  // By its number: recv(), send() and splice() of the C library are cancellation points, and a
  // process with several threads pays two atomic operations for that in each call. Nobody here is
  // ever cancelled.
  const ssize_t got =
      ::syscall(SYS_recvfrom, fd.number(), into.data(), into.size(), 0, nullptr, nullptr);
  if (got >= 0) return static_cast<std::size_t>(got);
  if (errno == EAGAIN) return fail(Errc::would_block);
  return fail(base::from_errno(errno, "recv"));
}

Result<std::size_t> write_some(const Fd& fd, Bytes from) noexcept {
  const ssize_t put =
      ::syscall(SYS_sendto, fd.number(), from.data(), from.size(), MSG_NOSIGNAL, nullptr, 0);
  if (put >= 0) return static_cast<std::size_t>(put);
  if (errno == EAGAIN) return fail(Errc::would_block);
  return fail(base::from_errno(errno, "send"));
}

Result<void> shutdown_write(const Fd& fd) noexcept {
  if (::shutdown(fd.number(), SHUT_WR) != 0) return fail(base::from_errno(errno, "shutdown"));
  return {};
}

void reset_on_close(const Fd& fd) noexcept {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  std::ignore = ::setsockopt(fd.number(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void set_no_delay(const Fd& fd, bool on) noexcept {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, on ? 1 : 0);
}

void set_quick_ack(const Fd& fd) noexcept { set_option(fd, IPPROTO_TCP, TCP_QUICKACK, 1); }

void set_keepalive(const Fd& fd, Duration idle) noexcept {
  const auto seconds = static_cast<int>(
      std::clamp<std::int64_t>(std::chrono::ceil<std::chrono::seconds>(idle).count(), 1, 32767));
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, std::max(seconds / 5, 1));
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 5);
}

void set_fast_open_connect(const Fd& fd) noexcept {
  set_option(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
}

void set_buffers(const Fd& fd, std::uint32_t receive_bytes, std::uint32_t send_bytes) noexcept {
  if (receive_bytes > 0) set_option(fd, SOL_SOCKET, SO_RCVBUF, static_cast<int>(receive_bytes));
  if (send_bytes > 0) set_option(fd, SOL_SOCKET, SO_SNDBUF, static_cast<int>(send_bytes));
}

Result<StreamPair> stream_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fail(base::from_errno(errno, "socketpair"));
  }
  return StreamPair{.a = Fd(ends[0]), .b = Fd(ends[1])};
}

}  // namespace causeway::os
