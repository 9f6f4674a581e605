// SPDX-License-Identifier: Apache-2.0
#include "proxy/udp_listener.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/address.h"
#include "base/assert.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "model/listener.h"
#include "model/pool.h"
#include "model/snapshot.h"
#include "net/datagram.h"
#include "net/dialer.h"
#include "net/network.h"
#include "observe/log.h"
#include "observe/log_field.h"
#include "proxy/route_table.h"
#include "proxy/udp_send.h"
#include "proxy/udp_session.h"
#include "proxy/worker.h"
#include "runtime/sleep.h"
#include "runtime/task.h"
#include "upstream/attempts.h"
#include "upstream/pool.h"
#include "wire/proxy_header.h"

namespace causeway::proxy {
namespace {

using namespace std::chrono_literals;

// Batches of one socket before the others get their turn.
constexpr int kBatchesPerTurn = 4;
constexpr Duration kShortageSilence = 10s;  // between two lines about a want of descriptors

net::DatagramOptions socket_options(const model::Listener& listener) noexcept {
  return {.receive_buffer_bytes = listener.socket.receive_buffer_bytes,
          .send_buffer_bytes = listener.socket.send_buffer_bytes};
}

std::uint64_t bytes_in(std::span<const net::Packet> packets) noexcept {
  std::uint64_t bytes = 0;
  for (const net::Packet& packet : packets) bytes += packet.payload.size();
  return bytes;
}

std::uint64_t datagrams_in(std::span<const net::Packet> packets) noexcept {
  std::uint64_t datagrams = 0;
  for (const net::Packet& packet : packets) datagrams += proxy::datagrams_in(packet);
  return datagrams;
}

bool is_lost_peer(const Error& error) noexcept {
  return error.code == Errc::refused || error.code == Errc::unreachable;
}

}  // namespace

Result<std::unique_ptr<UdpListener>> UdpListener::open(Worker& worker, model::SnapshotPtr snapshot,
                                                       base::ListenerId id,
                                                       const base::Address& address) {
  const auto* socket_address = address.socket();
  if (socket_address == nullptr)
    return fail(Errc::unsupported, Side::local, "datagrams come to IP addresses");
  net::DatagramOptions options = socket_options(snapshot->listeners.at(id.index()));
  options.reuse_port = true;
  auto socket = worker.network.bind_datagram(*socket_address, options);
  if (!socket) return fail(socket);
  return std::make_unique<UdpListener>(worker, std::move(snapshot), id, *std::move(socket));
}

UdpListener::UdpListener(Worker& worker, model::SnapshotPtr snapshot, base::ListenerId id,
                         net::DatagramPtr socket)
    : worker_(worker),
      snapshot_(std::move(snapshot)),
      id_(id),
      model_(snapshot_->listeners.at(id.index())),
      routes_(model_),
      socket_(std::move(socket)),
      local_(socket_->local()),
      unreachable_(worker.network.unreachable_sender()),
      shortage_limit_(kShortageSilence),
      sessions_(worker.loop.random().next()),
      receiving_(worker.loop),
      serving_(worker.loop) {
  CW_ASSERT(local_.socket() != nullptr);
  if (!unreachable_) {
    worker_.log.debug(
        "listener {listener} may not send ICMP: downstreams of a refusing endpoint are not told",
        observe::field("listener", std::string_view(model_.name)));
  }
}

void UdpListener::start() { receiving_.spawn(receive_loop()); }

Task<void> UdpListener::close_all() {
  is_accepting_ = false;
  receiving_.cancel();
  serving_.cancel();
  co_await receiving_.join();
  co_await serving_.join();
}

Task<void> UdpListener::receive_loop() {
  for (;;) {
    if (forward_some()) {
      const auto went_on = co_await runtime::yield();
      if (!went_on) break;
    } else {
      const auto ready = co_await socket_->readable();
      if (!ready) break;
    }
  }
}

bool UdpListener::forward_some() {
  for (int i = 0; i < kBatchesPerTurn; ++i) {
    const auto got = socket_->receive_now(received_);
    if (got) {
      forward(std::span(received_).first(*got));
    } else if (got.error().code == Errc::would_block) {
      return false;
    } else {
      metrics_.dropped.add(got.error().code);
    }
  }
  return true;
}

void UdpListener::forward(std::span<const net::Packet> packets) {
  metrics_.received_datagrams.add(datagrams_in(packets));
  metrics_.received_bytes.add(bytes_in(packets));
  std::array<UdpSession*, net::DatagramSocket::kBatchMax> owners{};
  for (std::size_t i = 0; i < packets.size(); ++i) owners[i] = session_of(packets[i]);

  // Those of one session go together, in their order: what is of one size then travels as one.
  std::array<net::Packet, net::DatagramSocket::kBatchMax> of_one;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    UdpSession* const session = owners[i];
    if (session == nullptr) continue;
    std::size_t count = 0;
    for (std::size_t k = i; k < packets.size(); ++k) {
      if (owners[k] != session) continue;
      of_one[count++] = packets[k];
      owners[k] = nullptr;
    }
    forward_of(*session, std::span(of_one).first(count));
  }
}

void UdpListener::forward_of(UdpSession& session, std::span<const net::Packet> packets) {
  session.touch();
  session.add_bytes(bytes_in(packets), 0);
  const UdpSent sent = send_upstream(session, packets);
  session.lease().add_bytes(sent.bytes, 0);
  if (sent.lost_peer) on_endpoint_lost(session, *sent.lost_peer);
}

UdpSent UdpListener::send_upstream(UdpSession& session, std::span<const net::Packet> packets) {
  if (!session.wants_header()) return send_packets(session.socket(), packets, metrics_.dropped);
  const wire::ProxyAddresses addresses{
      .source = session.key().source,
      .destination = {.ip = session.key().asked, .port = local_.socket()->port}};
  wire::ProxyHeaderBuffer buffer;
  const Bytes header = wire::encode_proxy_v2(addresses, wire::ProxyTransport::datagram, buffer);
  return send_packets_behind(header, worker_.scratch, session.socket(), packets, metrics_.dropped);
}

UdpSession* UdpListener::session_of(const net::Packet& packet) {
  const UdpSessionKey key{.source = packet.peer, .asked = packet.local_ip};
  // Only sessions are ever inserted.
  if (auto* known = static_cast<UdpSession*>(sessions_.find(key))) return known;
  const auto opened = open_session(key);
  if (opened) return *opened;
  refuse(packet, opened.error());
  return nullptr;
}

Result<UdpSession*> UdpListener::open_session(const UdpSessionKey& key) {
  if (!is_accepting_) return fail(Errc::cancelled, Side::local, "drain");
  auto ticket = worker_.admission.enter(id_, key.source.ip, worker_.loop.now());
  if (!ticket) {
    const bool is_full = ticket.error().code == Errc::listener_limit;
    return fail(is_full ? Errc::session_limit : ticket.error().code, ticket.error().side);
  }
  const model::Route* route = routes_.find(RouteInput{.source = key.source.ip});
  if (route == nullptr) return fail(Errc::no_route, Side::downstream);
  auto upstream = reach(worker_.pool(route->pool), key.source.ip);
  if (!upstream) return fail(upstream);

  auto session = std::make_unique<UdpSession>(worker_.loop, key, *std::move(ticket),
                                              *std::move(upstream), model_.timeouts.idle);
  UdpSession* const opened = session.get();
  sessions_.insert(*opened);
  metrics_.sessions_opened.add();
  metrics_.sessions_active.add();
  serving_.spawn(serve(std::move(session)));
  return opened;
}

// Endpoints are tried until one can be dialled. Whether it is there, only its answer or its refusal
// will tell.
Result<UdpUpstream> UdpListener::reach(upstream::Pool& pool, const base::IpAddress& source) {
  const model::SendProxy send_proxy = pool.spec().send_proxy;
  // Version 1 is a line of a stream; the check of the configuration refuses it here.
  if (send_proxy == model::SendProxy::v1)
    return fail(Errc::unsupported, Side::local, "PROXY v1 over UDP");
  upstream::Attempts attempts(pool.spec(), source, model_.timeouts.queue);
  Error last;
  for (;;) {
    auto lease = pool.try_acquire(attempts);
    if (!lease) {
      // When every endpoint was tried, why the last one failed says more than that none is left.
      const bool tried_all = lease.error().code == Errc::no_endpoint && attempts.count() > 0;
      return fail(tried_all ? last : lease.error());
    }
    auto socket = worker_.dialer.dial_datagram(lease->endpoint().address(), socket_options(model_));
    if (socket) {
      return UdpUpstream{.lease = *std::move(lease),
                         .socket = *std::move(socket),
                         .wants_header = send_proxy == model::SendProxy::v2};
    }
    last = socket.error();
    lease->on_connect_failed(last);
    if (last.side != Side::upstream || !attempts.may_try_again()) return fail(last);
  }
}

void UdpListener::refuse(const net::Packet& packet, const Error& why) {
  metrics_.sessions_refused.add(why.code);
  metrics_.dropped.add(why.code, proxy::datagrams_in(packet));
  if (why.code == Errc::no_endpoint || is_lost_peer(why)) {
    send_unreachable({.source = packet.peer, .asked = packet.local_ip});
  }
  if (why.code != Errc::descriptor_limit && why.code != Errc::memory_limit) return;
  if (const auto suppressed = shortage_limit_.admit(worker_.loop.now())) {
    using observe::field;
    worker_.log.warn("listener {listener} refuses new sessions: {reason}",
                     field("listener", std::string_view(model_.name)),
                     field("reason", base::describe(why.code).text),
                     field("suppressed", *suppressed));
  }
}

Task<void> UdpListener::serve(std::unique_ptr<UdpSession> session) {
  while (!session->has_ended()) {
    if (answer_some(*session)) {
      const auto went_on = co_await runtime::yield();
      if (!went_on) break;
    } else {
      const auto woken = co_await session->wait();
      if (!woken) break;
    }
  }
  conclude(*session);
}

bool UdpListener::answer_some(UdpSession& session) {
  for (int i = 0; i < kBatchesPerTurn && !session.has_ended(); ++i) {
    const auto got = session.socket().receive_now(received_);
    if (!got) {
      if (got.error().code == Errc::would_block) return false;
      metrics_.dropped.add(got.error().code);
      if (is_lost_peer(got.error())) on_endpoint_lost(session, got.error());
      continue;
    }
    const auto packets = std::span(received_).first(*got);
    for (net::Packet& packet : packets) {
      packet.peer = session.key().source;
      packet.local_ip = session.key().asked;
    }
    session.touch();
    session.on_answered();
    session.lease().add_bytes(0, bytes_in(packets));
    // An unreachable downstream is no reason to end: it may come back, and silence ends the
    // session.
    const UdpSent sent = send_packets(*socket_, packets, metrics_.dropped);
    session.add_bytes(0, sent.bytes);
    metrics_.sent_datagrams.add(sent.datagrams);
    metrics_.sent_bytes.add(sent.bytes);
  }
  return true;
}

void UdpListener::on_endpoint_lost(UdpSession& session, Error error) {
  if (session.has_ended()) return;
  error.side = Side::upstream;
  session.lease().on_connect_failed(error);
  send_unreachable(session.key());
  // Out of the table at once: the next datagram opens a session with an endpoint that is picked
  // anew.
  sessions_.remove(session);
  session.end(error.code);
}

void UdpListener::send_unreachable(const UdpSessionKey& key) {
  if (!unreachable_ || !unreachable_rate_.try_take(worker_.loop.now())) return;
  const auto sent =
      unreachable_->send(key.source, {.ip = key.asked, .port = local_.socket()->port});
  if (sent) metrics_.icmp_errors.add();
}

void UdpListener::conclude(UdpSession& session) {
  if (session.is_listed()) sessions_.remove(session);
  metrics_.sessions_active.subtract();
  if (session.ended_because() == Errc::idle_timeout) metrics_.sessions_expired.add();
  if (!model_.log_connections) return;
  using observe::field;
  const std::string endpoint = session.lease().endpoint().address().to_text();
  worker_.log.info("session {source} -> {endpoint} ended", field("source", session.key().source),
                   field("endpoint", std::string_view(endpoint)),
                   field("listener", std::string_view(model_.name)),
                   field("received_bytes", session.received_bytes()),
                   field("sent_bytes", session.sent_bytes()), field("duration", session.age()),
                   field("reason", base::describe(session.ended_because()).name));
}

}  // namespace causeway::proxy
