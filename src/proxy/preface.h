// SPDX-License-Identifier: Apache-2.0
// What a connection says before it is relayed: a PROXY header from a trusted sender, and the TLS
// ClientHello that names where it wants to go. Both are read within bounds of time and size; what
// was read beyond the header is kept and passed on as it came.
#pragma once

#include <optional>

#include "base/address.h"
#include "base/chunk_pool.h"
#include "base/result.h"
#include "model/listener.h"
#include "net/stream.h"
#include "proxy/route_table.h"
#include "proxy/worker.h"
#include "runtime/task.h"

namespace causeway::proxy {

// A connection that is ready to be passed on.
struct Arrival {
  const model::Route* route = nullptr;
  base::SocketAddress source{};  // the real one: from the PROXY header when there was one
  base::SocketAddress
      destination{};    // what the downstream had asked; only known with a PROXY header
  Chunk first_bytes{};  // for the upstream, before anything else; may hold nothing
};

// Whether a connection of `listener` from `source` has anything to be read before it can be routed.
[[nodiscard]] bool needs_preface(const model::Listener& listener,
                                 const base::IpAddress& source) noexcept;

// Errors: peek_timeout, proxy_header_invalid, proxy_header_missing, tls_hello_invalid,
// tls_hello_too_large, no_route, closed (went away first), memory_limit, reset, cancelled.
[[nodiscard]] Task<Result<Arrival>> read_preface(Worker& worker, const model::Listener& listener,
                                                 const RouteTable& routes, net::Stream& downstream,
                                                 base::SocketAddress source);

}  // namespace causeway::proxy
