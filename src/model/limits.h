// SPDX-License-Identifier: Apache-2.0
// Bounds and waits of the configuration. Every field has the default that is safe towards the open
// internet; a value of zero means "off" only where the comment says so.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace causeway::model {

using namespace std::chrono_literals;

// Bounds of the whole process.
struct Limits {
  std::uint64_t max_connections = 0;             // 0: what the descriptor limit allows
  std::uint32_t max_connections_per_source = 0;  // one source address, all listeners; 0: no bound
  std::uint32_t accept_rate = 0;  // new connections per second, all listeners; 0: no bound
  std::uint32_t descriptor_reserve =
      64;  // descriptors kept back for logs, probes and the control side
  std::uint64_t memory_bytes = 512ULL << 20U;  // buffers of all workers together
  std::uint32_t buffer_size_bytes = 16U
                                    << 10U;  // what one stalled direction of a connection may hold
  std::uint32_t max_buffer_size_bytes = 256U
                                        << 10U;  // the largest single read of a busy connection
  friend bool operator==(const Limits&, const Limits&) = default;
};

// How long to wait for what. Set for all listeners, overridden by one listener or pool.
struct Timeouts {
  Duration connect = 5s;     // one attempt to reach an endpoint
  Duration read = 0s;        // longest silence of the upstream while the connection is open; 0: off
  Duration write = 60s;      // how long a side may refuse bytes that wait for it; 0: off
  Duration idle = 10min;     // no byte in either direction; for UDP the life of a silent session
  Duration keepalive = 75s;  // silence before TCP keepalive probes begin; 0: off
  Duration peek = 10s;       // for a PROXY header or a ClientHello to arrive
  Duration queue = 5s;       // for a free slot of an endpoint at its max_connections
  Duration drain = 30s;      // for open connections to end after SIGTERM
  friend bool operator==(const Timeouts&, const Timeouts&) = default;
};

}  // namespace causeway::model
