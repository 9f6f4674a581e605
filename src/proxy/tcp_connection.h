// SPDX-License-Identifier: Apache-2.0
// The life of one TCP connection, from its arrival to its last byte: what it says first, the route,
// an endpoint, the relay, and one record of how it ended.
#pragma once

#include "base/address.h"
#include "model/listener.h"
#include "net/stream.h"
#include "observe/listener_metrics.h"
#include "proxy/admission.h"
#include "proxy/route_table.h"
#include "proxy/worker.h"
#include "runtime/task.h"

namespace causeway::proxy {

// What all connections of a listener share. The listener owns it and outlives them: it joins their
// scope before it goes.
struct TcpService {
  Worker& worker;
  const model::Listener& listener;
  const RouteTable& routes;
  observe::ListenerMetrics& metrics;
};

// Serves `downstream` until both sides have ended or one of them broke. Never fails: how it ended
// is counted, and logged where the listener asks for it.
[[nodiscard]] Task<void> serve_tcp(const TcpService& service, net::StreamPtr downstream,
                                   base::SocketAddress source, Ticket ticket);

}  // namespace causeway::proxy
