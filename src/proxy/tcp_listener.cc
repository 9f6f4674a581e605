// SPDX-License-Identifier: Apache-2.0
#include "proxy/tcp_listener.h"

#include <memory>
#include <string_view>
#include <utility>

#include "base/address.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "model/listener.h"
#include "model/snapshot.h"
#include "net/listener.h"
#include "net/network.h"
#include "net/stream.h"
#include "proxy/tcp_connection.h"
#include "proxy/worker.h"
#include "runtime/sleep.h"
#include "runtime/task.h"

namespace causeway::proxy {
namespace {

using namespace std::chrono_literals;

constexpr int kAcceptsPerTurn = 64;       // before the connections that are here get their turn
constexpr Duration kPauseLength = 100ms;  // between looks for room when there is none

net::ListenOptions listen_options(const model::Listener& listener) noexcept {
  return {.backlog = listener.backlog,
          .reuse_port = listener.bind.socket() != nullptr,
          .fast_open = listener.socket.tcp_fast_open,
          .unix_mode = listener.unix_mode,
          .accepted = {.no_delay = listener.socket.tcp_nodelay,
                       .quick_ack = listener.socket.tcp_quickack,
                       .keepalive = listener.timeouts.keepalive,
                       .receive_buffer_bytes = listener.socket.receive_buffer_bytes,
                       .send_buffer_bytes = listener.socket.send_buffer_bytes}};
}

base::SocketAddress source_of(const net::Stream& downstream) {
  const base::Address peer = downstream.peer();
  const auto* socket = peer.socket();
  return socket != nullptr ? *socket : base::SocketAddress{};
}

}  // namespace

Result<std::unique_ptr<TcpListener>> TcpListener::open(Worker& worker, model::SnapshotPtr snapshot,
                                                       base::ListenerId id,
                                                       const base::Address& address) {
  auto socket = worker.network.listen(address, listen_options(snapshot->listeners.at(id.index())));
  if (!socket) return fail(socket);
  return std::make_unique<TcpListener>(worker, std::move(snapshot), id, *std::move(socket));
}

TcpListener::TcpListener(Worker& worker, model::SnapshotPtr snapshot, base::ListenerId id,
                         net::ListenerPtr socket)
    : snapshot_(std::move(snapshot)),
      id_(id),
      model_(snapshot_->listeners.at(id.index())),
      routes_(model_),
      socket_(std::move(socket)),
      local_(socket_->local()),
      service_{.worker = worker, .listener = model_, .routes = routes_, .metrics = metrics_},
      accepting_(worker.loop),
      serving_(worker.loop) {}

void TcpListener::start() { accepting_.spawn(accept_loop()); }

void TcpListener::stop_accepting() { accepting_.cancel(); }

Task<void> TcpListener::close_all() {
  serving_.cancel();
  co_await accepting_.join();
  co_await serving_.join();
}

Task<void> TcpListener::accept_loop() {
  for (;;) {
    const auto accepted = accept_some();
    if (accepted) {
      const auto went_on = co_await runtime::yield();
      if (!went_on) break;
      continue;
    }
    if (accepted.error().code == Errc::would_block) {
      const auto ready = co_await socket_->acceptable();
      if (!ready) break;
      continue;
    }
    const auto rested = co_await pause(accepted.error());
    if (!rested) break;
  }
  socket_.reset();
}

Result<void> TcpListener::accept_some() {
  Worker& worker = service_.worker;
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    // Whom we could not serve stays in the kernel's queue, where it may still be served in time.
    if (worker.admission.connections() >= worker.admission.connections_max())
      return fail(Errc::total_limit);
    auto stream = socket_->accept_now();
    if (stream) {
      take(*std::move(stream));
      continue;
    }
    if (stream.error().code != Errc::closed) return fail(stream);
  }
  return {};
}

void TcpListener::take(net::StreamPtr downstream) {
  Worker& worker = service_.worker;
  metrics_.accepted.add(1);
  const base::SocketAddress source = source_of(*downstream);
  auto ticket = worker.admission.enter(id_, source.ip, worker.loop.now());
  if (!ticket) {
    metrics_.refused.add(ticket.error().code);
    downstream->reset();
    return;
  }
  serving_.spawn(serve_tcp(service_, std::move(downstream), source, *std::move(ticket)));
}

Task<Result<void>> TcpListener::pause(Error why) {
  metrics_.accept_pauses.add(1);
  metrics_.accept_paused.set(1);
  if (const auto suppressed = pause_limit_.admit(service_.worker.loop.now())) {
    using observe::field;
    service_.worker.log.warn("listener {listener} stops accepting for a while: {reason}",
                             field("listener", std::string_view(model_.name)),
                             field("reason", base::describe(why.code).text),
                             field("suppressed", *suppressed));
  }
  const auto rested = co_await runtime::sleep_for(kPauseLength);
  metrics_.accept_paused.set(0);
  co_return rested;
}

}  // namespace causeway::proxy
