// SPDX-License-Identifier: Apache-2.0
#include "net/socket_listener.h"

#include <memory>
#include <utility>

#include "base/address.h"
#include "base/error.h"
#include "base/result.h"
#include "net/socket_stream.h"
#include "net/stream.h"
#include "os/epoll.h"
#include "os/fd.h"
#include "os/stream_socket.h"
#include "runtime/epoll_poller.h"
#include "runtime/loop.h"

namespace causeway::net {

SocketListener::SocketListener(runtime::Loop& loop, runtime::EpollPoller& poller, os::Fd fd,
                               base::Address bound, bool quick_ack) noexcept
    : loop_(loop),
      poller_(poller),
      fd_(std::move(fd)),
      bound_(std::move(bound)),
      quick_ack_(quick_ack) {}

SocketListener::~SocketListener() {
  if (const auto* path = bound_.unix_socket()) os::remove_socket_file(*path);
}

Result<void> SocketListener::watch() { return poller_.add(fd_, *this); }

void SocketListener::on_events(os::Events events) noexcept {
  if (events.readable) acceptable_state().raise(loop_);
}

Result<StreamPtr> SocketListener::accept_now() {
  if (!acceptable_state().is_raised()) return fail(Errc::would_block);
  auto accepted = os::accept_stream(fd_);
  if (!accepted) {
    if (accepted.error().code == Errc::would_block) acceptable_state().lower();
    return fail(accepted);
  }
  auto stream =
      std::make_unique<SocketStream>(loop_, std::move(accepted->fd), SocketStream::State::connected,
                                     accepted->peer.to_socket_address(), quick_ack_);
  const auto watched = stream->watch(poller_);
  if (!watched) return fail(watched);
  return stream;
}

base::Address SocketListener::local() const {
  const auto name = os::local_address(fd_);
  return name ? *name : bound_;
}

}  // namespace causeway::net
