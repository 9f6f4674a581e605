// SPDX-License-Identifier: Apache-2.0
#include "net/system_network.h"

#include <cstdint>
#include <memory>
#include <utility>

#include "base/address.h"
#include "base/error.h"
#include "base/result.h"
#include "net/datagram.h"
#include "net/icmp_unreachable.h"
#include "net/listener.h"
#include "net/network.h"
#include "net/socket_datagram.h"
#include "net/socket_listener.h"
#include "net/socket_stream.h"
#include "net/stream.h"
#include "os/datagram_socket.h"
#include "os/socket_name.h"
#include "os/stream_socket.h"
#include "runtime/task.h"

namespace causeway::net {
namespace {

constexpr std::uint32_t kFastOpenQueue =
    256;  // pending requests with data, before the handshake ends

}  // namespace

Result<ListenerPtr> SystemNetwork::listen(const base::Address& address,
                                          const ListenOptions& options) {
  auto fd =
      os::listen_stream(address, {.backlog = options.backlog,
                                  .reuse_port = options.reuse_port,
                                  .fast_open_queue = options.fast_open ? kFastOpenQueue : 0,
                                  .unix_mode = options.unix_mode,
                                  .receive_buffer_bytes = options.accepted.receive_buffer_bytes,
                                  .send_buffer_bytes = options.accepted.send_buffer_bytes});
  if (!fd) return fail(fd, Side::local);
  if (address.socket() != nullptr) apply_options(*fd, options.accepted);
  auto listener = std::make_unique<SocketListener>(loop_, poller_, *std::move(fd), address,
                                                   options.accepted.quick_ack);
  const auto watched = listener->watch();
  if (!watched) return fail(watched, Side::local);
  return listener;
}

Task<Result<StreamPtr>> SystemNetwork::connect(base::Address address, ConnectOptions options) {
  const auto peer = os::SocketName::of(address);
  if (!peer) co_return fail(peer, Side::local);
  auto fd = os::open_stream(*peer);
  if (!fd) co_return fail(fd, Side::local);
  const bool is_tcp = address.socket() != nullptr;
  if (is_tcp) {
    apply_options(*fd, options.stream);
    if (options.fast_open) os::set_fast_open_connect(*fd);
  }
  const auto done = os::begin_connect(*fd, *peer);
  if (!done) co_return fail(done, Side::upstream);
  auto stream = std::make_unique<SocketStream>(
      loop_, *std::move(fd),
      *done ? SocketStream::State::connected : SocketStream::State::connecting,
      is_tcp ? *address.socket() : base::SocketAddress{}, options.stream.quick_ack);
  const auto watched = stream->watch(poller_);
  if (!watched) co_return fail(watched, Side::local);
  if (!*done) {
    const auto ready = co_await stream->writable();
    if (!ready) co_return fail(ready, Side::upstream);
    // A connection that failed reports an error event, so only then is the kernel asked which.
    const int broken = stream->has_hung_up() ? os::take_error(stream->fd()) : 0;
    if (broken != 0) co_return fail(base::from_errno(broken, "connect", Side::upstream));
  }
  co_return stream;
}

DatagramBuffers& SystemNetwork::datagram_buffers() {
  if (!datagram_buffers_) datagram_buffers_ = std::make_unique<DatagramBuffers>();
  return *datagram_buffers_;
}

Result<DatagramPtr> SystemNetwork::bind_datagram(const base::SocketAddress& address,
                                                 const DatagramOptions& options) {
  auto fd = os::bind_datagram(address, {.reuse_port = options.reuse_port,
                                        .receive_buffer_bytes = options.receive_buffer_bytes,
                                        .send_buffer_bytes = options.send_buffer_bytes});
  if (!fd) return fail(fd, Side::local);
  auto socket = std::make_unique<SocketDatagram>(loop_, datagram_buffers(), *std::move(fd),
                                                 SocketDatagram::Kind::bound, address);
  const auto watched = socket->watch(poller_);
  if (!watched) return fail(watched, Side::local);
  return socket;
}

Result<DatagramPtr> SystemNetwork::connect_datagram(const base::SocketAddress& peer,
                                                    const DatagramOptions& options) {
  auto fd = os::connect_datagram(peer, {.receive_buffer_bytes = options.receive_buffer_bytes,
                                        .send_buffer_bytes = options.send_buffer_bytes});
  if (!fd) return fail(fd, fd.error().code == Errc::unreachable ? Side::upstream : Side::local);
  auto socket = std::make_unique<SocketDatagram>(loop_, datagram_buffers(), *std::move(fd),
                                                 SocketDatagram::Kind::connected, peer);
  const auto watched = socket->watch(poller_);
  if (!watched) return fail(watched, Side::local);
  return socket;
}

std::unique_ptr<UnreachableSender> SystemNetwork::unreachable_sender() {
  return IcmpUnreachable::open();
}

}  // namespace causeway::net
