// SPDX-License-Identifier: Apache-2.0
#include "proxy/tcp_connection.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/address.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/result.h"
#include "base/time.h"
#include "model/listener.h"
#include "model/pool.h"
#include "net/dialer.h"
#include "net/network.h"
#include "net/stream.h"
#include "proxy/admission.h"
#include "proxy/backlog.h"
#include "proxy/preface.h"
#include "proxy/relay.h"
#include "proxy/worker.h"
#include "runtime/limits.h"
#include "runtime/task.h"
#include "upstream/attempts.h"
#include "upstream/pool.h"
#include "wire/proxy_header.h"

namespace causeway::proxy {
namespace {

// What is known of a connection for its whole life. Small, because an idle connection carries it.
struct Record {
  Instant began;
  base::SocketAddress source{};  // the real one, once the PROXY header is read
  const model::Pool* pool = nullptr;
};

struct Established {
  upstream::Lease lease;
  net::StreamPtr stream;
  Backlog first_bytes{};  // for the upstream, before anything that is read from now on
};

struct Moved {
  std::uint64_t up_bytes = 0;
  std::uint64_t down_bytes = 0;
};

net::ConnectOptions connect_options(const model::Listener& listener) noexcept {
  return {.stream = {.no_delay = listener.socket.tcp_nodelay,
                     .quick_ack = listener.socket.tcp_quickack,
                     .keepalive = listener.timeouts.keepalive,
                     .receive_buffer_bytes = listener.socket.receive_buffer_bytes,
                     .send_buffer_bytes = listener.socket.send_buffer_bytes},
          .fast_open = listener.socket.tcp_fast_open};
}

Task<Result<Arrival>> arrive(const TcpService& service, net::Stream& downstream,
                             base::SocketAddress source) {
  if (needs_preface(service.listener, source.ip)) {
    co_return co_await read_preface(service.worker, service.listener, service.routes, downstream,
                                    source);
  }
  Arrival arrival{.route = service.routes.find({.source = source.ip}), .source = source};
  if (arrival.route == nullptr) co_return fail(Errc::no_route, Side::downstream);
  co_return arrival;
}

// Tries endpoints of the pool until one accepts, none is left, or the attempts are used up. Only
// connecting is repeated: nothing of the downstream's has been sent yet.
Task<Result<Established>> connect_upstream(const TcpService& service, upstream::Pool& pool,
                                           base::IpAddress source) {
  Worker& worker = service.worker;
  const Duration limit = pool.spec().connect_timeout.value_or(service.listener.timeouts.connect);
  upstream::Attempts attempts(pool.spec(), source, service.listener.timeouts.queue);
  Error last;
  for (;;) {
    auto lease = co_await pool.acquire(attempts);
    if (!lease) {
      // When every endpoint was tried, why the last one failed says more than that none is left.
      const bool tried_all = lease.error().code == Errc::no_endpoint && attempts.count() > 0;
      co_return fail(tried_all ? last : lease.error());
    }
    const Instant began = worker.loop.now();
    auto stream = co_await runtime::within(
        limit, worker.dialer.dial(lease->endpoint().address(), connect_options(service.listener)));
    if (stream) {
      lease->on_connected(worker.loop.now() - began);
      co_return Established{.lease = *std::move(lease), .stream = *std::move(stream)};
    }
    last = stream.error();
    if (last.code == Errc::deadline) last = {.code = Errc::connect_timeout, .side = Side::upstream};
    if (last.code == Errc::cancelled) co_return fail(last);
    lease->on_connect_failed(last);
    if (last.side != Side::upstream || !attempts.may_try_again()) co_return fail(last);
  }
}

Bytes proxy_header(model::SendProxy version, const wire::ProxyAddresses& addresses,
                   wire::ProxyHeaderBuffer& buffer) {
  const bool known = addresses.source.port != 0;
  switch (version) {
    case model::SendProxy::off:
      return {};
    case model::SendProxy::v1:
      return known ? wire::encode_proxy_v1(addresses, buffer)
                   : wire::encode_proxy_v1_unknown(buffer);
    case model::SendProxy::v2:
      return known ? wire::encode_proxy_v2(addresses, wire::ProxyTransport::stream, buffer)
                   : wire::encode_proxy_v2_unknown(buffer);
  }
  return {};
}

// What the upstream gets before anything that the downstream sends from now on.
Result<void> queue_first_bytes(Worker& worker, model::SendProxy send_proxy,
                               const net::Stream& downstream, Arrival& arrival, Backlog& backlog) {
  if (send_proxy != model::SendProxy::off) {
    wire::ProxyAddresses addresses{.source = arrival.source, .destination = arrival.destination};
    if (addresses.destination.port == 0) {
      const base::Address local = downstream.local();
      if (const auto* socket = local.socket()) addresses.destination = *socket;
    }
    wire::ProxyHeaderBuffer buffer;
    const auto queued = backlog.append(worker.chunks, proxy_header(send_proxy, addresses, buffer));
    if (!queued) return fail(queued);
  }
  if (arrival.first_bytes) backlog.append(std::move(arrival.first_bytes));
  return {};
}

// Everything that comes before the first byte is relayed. Not inlined: the compiler would make its
// frame a part of the connection's own, and an idle connection would carry it for life.
[[gnu::noinline]] Task<Result<Established>> establish(const TcpService& service,
                                                      net::Stream& downstream, Record& record) {
  auto arrival = co_await arrive(service, downstream, record.source);
  if (!arrival) co_return fail(arrival);
  record.source = arrival->source;
  upstream::Pool& pool = service.worker.pool(arrival->route->pool);
  record.pool = &pool.spec();

  auto established = co_await connect_upstream(service, pool, arrival->source.ip);
  if (!established) co_return fail(established);
  const auto queued = queue_first_bytes(service.worker, pool.spec().send_proxy, downstream,
                                        *arrival, established->first_bytes);
  if (!queued) co_return fail(queued);
  co_return established;
}

// Counts how the connection ended, and says so where the listener asks for it. `endpoint` is null
// when none was reached.
void conclude(const TcpService& service, const Record& record, const upstream::Endpoint* endpoint,
              Moved moved, const Result<void>& ended) {
  if (!ended) service.metrics.refused.add(ended.error().code);
  if (!service.listener.log_connections) return;
  using observe::field;
  const std::string reached =
      endpoint != nullptr ? endpoint->address().to_text() : std::string("none");
  const Error error = ended ? Error{.code = Errc::closed} : ended.error();
  service.worker.log.info(
      "connection {source} -> {endpoint} ended", field("source", record.source),
      field("endpoint", std::string_view(reached)),
      field("listener", std::string_view(service.listener.name)),
      field("pool",
            record.pool != nullptr ? std::string_view(record.pool->name) : std::string_view()),
      field("received_bytes", moved.up_bytes), field("sent_bytes", moved.down_bytes),
      field("duration", service.worker.loop.now() - record.began),
      field("reason", ended ? std::string_view("ended") : base::describe(error.code).name),
      field("side", ended ? std::string_view("none") : base::name_of(error.side)));
}

// Silence is an orderly end; a side that broke, and the end of our patience, are told to the other
// as a reset.
bool ends_abruptly(const Result<void>& ended) {
  return !ended && ended.error().code != Errc::idle_timeout;
}

}  // namespace

Task<void> serve_tcp(const TcpService& service, net::StreamPtr downstream,
                     base::SocketAddress source, Ticket /*ticket*/) {
  service.metrics.active.add(1);
  Record record{.began = service.worker.loop.now(), .source = source};
  auto established = co_await establish(service, *downstream, record);
  if (!established) {
    downstream->reset();
    conclude(service, record, nullptr, {}, fail(established));
    service.metrics.active.subtract(1);
    co_return;
  }
  Relay relay(service.worker, *downstream, *established->stream, service.listener.timeouts,
              service.metrics);
  relay.up().backlog() = std::move(established->first_bytes);
  const auto ended = co_await relay.run();
  const Moved moved{.up_bytes = relay.up().moved_bytes(), .down_bytes = relay.down().moved_bytes()};
  established->lease.add_bytes(moved.up_bytes, moved.down_bytes);
  if (ends_abruptly(ended)) {
    established->stream->reset();
    downstream->reset();
  }
  conclude(service, record, &established->lease.endpoint(), moved, ended);
  service.metrics.active.subtract(1);
}

}  // namespace causeway::proxy
