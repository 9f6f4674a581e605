// SPDX-License-Identifier: Apache-2.0
#include "proxy/preface.h"

#include <optional>
#include <utility>

#include "base/address.h"
#include "base/chunk_pool.h"
#include "base/error.h"
#include "base/result.h"
#include "model/listener.h"
#include "net/stream.h"
#include "proxy/route_table.h"
#include "proxy/worker.h"
#include "runtime/limits.h"
#include "runtime/task.h"
#include "wire/proxy_header.h"
#include "wire/tls_hello.h"

namespace causeway::proxy {
namespace {

bool is_trusted(const model::Listener& listener, const base::IpAddress& source) noexcept {
  return base::any_contains(listener.accept_proxy.from, source);
}

// Waits for more of the downstream's first bytes. Errors: closed when it ended instead; `when_full`
// when the chunk has no room for more.
Task<Result<void>> read_more(net::Stream& downstream, Chunk& chunk, Errc when_full) {
  if (chunk.space().empty()) chunk.compact();
  if (chunk.space().empty()) co_return fail(when_full, Side::downstream);
  const auto got = co_await net::read_some(downstream, chunk.space());
  if (!got) co_return fail(got, Side::downstream);
  if (*got == 0)
    co_return fail(Errc::closed, Side::downstream, "before its first bytes were complete");
  chunk.commit(*got);
  co_return {};
}

// Takes the PROXY header off the front of `arrival.first_bytes`.
Task<Result<void>> read_proxy_header(net::Stream& downstream, const model::AcceptProxy& rule,
                                     Arrival& arrival) {
  for (;;) {
    const auto header = wire::decode_proxy_header(arrival.first_bytes.content());
    if (!header) {
      const bool may_lack = header.error().code == Errc::proxy_header_missing && !rule.required;
      if (may_lack) co_return {};
      co_return fail(header, Side::downstream);
    }
    if (*header) {
      if ((*header)->addresses) {
        arrival.source = (*header)->addresses->source;
        arrival.destination = (*header)->addresses->destination;
      }
      arrival.first_bytes.consume((*header)->size_bytes);
      co_return {};
    }
    const auto more =
        co_await read_more(downstream, arrival.first_bytes, Errc::proxy_header_invalid);
    if (!more) co_return fail(more);
  }
}

// Chooses the route by the ClientHello at the front of `arrival.first_bytes`, and leaves it there.
Task<Result<void>> route_by_hello(Worker& worker, const RouteTable& routes, net::Stream& downstream,
                                  Arrival& arrival) {
  for (;;) {
    const auto decoded =
        wire::decode_tls_hello(arrival.first_bytes.content(), worker.hello_scratch);
    if (!decoded) co_return fail(decoded, Side::downstream);
    switch (decoded->outcome) {
      case wire::TlsHelloDecoded::Outcome::hello:
        arrival.route = routes.find(
            {.sni = decoded->hello.host, .alpn = decoded->hello.alpn, .source = arrival.source.ip});
        co_return {};
      case wire::TlsHelloDecoded::Outcome::not_tls:
        co_return fail(Errc::tls_hello_invalid, Side::downstream, "not a TLS handshake");
      case wire::TlsHelloDecoded::Outcome::need_more:
        break;
    }
    const auto more =
        co_await read_more(downstream, arrival.first_bytes, Errc::tls_hello_too_large);
    if (!more) co_return fail(more);
  }
}

Task<Result<Arrival>> read_all(Worker& worker, const model::Listener& listener,
                               const RouteTable& routes, net::Stream& downstream,
                               base::SocketAddress source) {
  std::optional<Chunk> chunk = worker.chunks.borrow();
  if (!chunk) co_return fail(Errc::memory_limit, Side::local, "buffers of this worker");
  Arrival arrival{.source = source, .first_bytes = *std::move(chunk)};
  if (is_trusted(listener, source.ip)) {
    const auto header = co_await read_proxy_header(downstream, listener.accept_proxy, arrival);
    if (!header) co_return fail(header);
  }
  if (listener.tls == model::TlsMode::passthrough) {
    const auto routed = co_await route_by_hello(worker, routes, downstream, arrival);
    if (!routed) co_return fail(routed);
  } else {
    arrival.route = routes.find({.source = arrival.source.ip});
  }
  if (arrival.first_bytes.empty()) arrival.first_bytes.reset();
  if (arrival.route == nullptr) co_return fail(Errc::no_route, Side::downstream);
  co_return arrival;
}

}  // namespace

bool needs_preface(const model::Listener& listener, const base::IpAddress& source) noexcept {
  return listener.tls == model::TlsMode::passthrough || is_trusted(listener, source);
}

Task<Result<Arrival>> read_preface(Worker& worker, const model::Listener& listener,
                                   const RouteTable& routes, net::Stream& downstream,
                                   base::SocketAddress source) {
  auto arrival = co_await runtime::within(listener.timeouts.peek,
                                          read_all(worker, listener, routes, downstream, source));
  if (!arrival && arrival.error().code == Errc::deadline)
    co_return fail(Errc::peek_timeout, Side::downstream);
  co_return arrival;
}

}  // namespace causeway::proxy
