// SPDX-License-Identifier: Apache-2.0
#include "net/socket_stream.h"

#include <cstddef>
#include <optional>
#include <utility>

#include "base/address.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/result.h"
#include "base/time.h"
#include "net/network.h"
#include "os/epoll.h"
#include "os/fd.h"
#include "os/pipe.h"
#include "os/stream_socket.h"
#include "runtime/epoll_poller.h"
#include "runtime/loop.h"

namespace causeway::net {

SocketStream::SocketStream(runtime::Loop& loop, os::Fd fd, State state,
                           const base::SocketAddress& peer, bool quick_ack) noexcept
    : loop_(loop), fd_(std::move(fd)), peer_(peer), quick_ack_(quick_ack) {
  // A connected socket takes bytes; whether it has some, the first event tells.
  if (state == State::connected) writable_state().raise(loop_);
}

Result<void> SocketStream::watch(runtime::EpollPoller& poller) { return poller.add(fd_, *this); }

void SocketStream::on_events(os::Events events) noexcept {
  peer_closed_ = peer_closed_ || events.peer_closed;
  has_error_ = has_error_ || events.error;
  if (events.readable) readable_state().raise(loop_);
  if (events.writable) writable_state().raise(loop_);
}

Result<std::size_t> SocketStream::read_now(MutableBytes into) {
  if (!readable_state().is_raised()) return fail(Errc::would_block);
  const auto got = os::read_some(fd_, into);
  if (!got) {
    if (got.error().code == Errc::would_block) readable_state().lower();
    return got;
  }
  // A short read emptied the socket, unless the end waits behind it: that came with this same edge
  // and will not be announced again.
  if (*got < into.size() && !peer_closed_) readable_state().lower();
  return got;
}

Result<std::size_t> SocketStream::write_now(Bytes from) {
  if (!writable_state().is_raised()) return fail(Errc::would_block);
  const auto put = os::write_some(fd_, from);
  if (!put) {
    if (put.error().code == Errc::would_block) writable_state().lower();
    return put;
  }
  if (*put < from.size()) writable_state().lower();
  return put;
}

Result<std::size_t> SocketStream::splice_in(os::PipeLease& pipe) {
  if (!readable_state().is_raised()) return fail(Errc::would_block);
  const auto got = pipe.fill(fd_);
  // would_block is ambiguous: the socket is empty or the pipe has no slot left although it has
  // room. The pipe is empty whenever we fill it, so it is the socket.
  if (!got && got.error().code == Errc::would_block) readable_state().lower();
  return got;
}

Result<std::size_t> SocketStream::splice_out(os::PipeLease& pipe) {
  if (!writable_state().is_raised()) return fail(Errc::would_block);
  const auto put = pipe.drain(fd_);
  if (!put && put.error().code == Errc::would_block) writable_state().lower();
  return put;
}

Result<void> SocketStream::shutdown_write() { return os::shutdown_write(fd_); }

void SocketStream::reset() noexcept { os::reset_on_close(fd_); }

std::optional<Errc> SocketStream::take_error() noexcept {
  if (!has_error_) return std::nullopt;
  has_error_ = false;
  const int pending = os::take_error(fd_);
  if (pending == 0) return std::nullopt;
  return base::from_errno(pending, "connection").code;
}

void SocketStream::acknowledge_reads() noexcept {
  if (quick_ack_) os::set_quick_ack(fd_);
}

base::Address SocketStream::peer() const {
  if (peer_.port != 0) return peer_;
  const auto name = os::peer_address(fd_);
  return name ? *name : base::Address();
}

base::Address SocketStream::local() const {
  const auto name = os::local_address(fd_);
  return name ? *name : base::Address();
}

void apply_options(const os::Fd& fd, const StreamOptions& options) noexcept {
  os::set_no_delay(fd, options.no_delay);
  if (options.keepalive > Duration::zero()) os::set_keepalive(fd, options.keepalive);
  os::set_buffers(fd, options.receive_buffer_bytes, options.send_buffer_bytes);
}

}  // namespace causeway::net
