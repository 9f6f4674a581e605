// SPDX-License-Identifier: Apache-2.0
// A listener: where we accept, what we accept, and which pool takes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/ids.h"
#include "model/limits.h"

namespace causeway::model {

enum class Protocol : std::uint8_t { tcp, udp };

enum class TlsMode : std::uint8_t {
  off,          // bytes are bytes
  passthrough,  // the ClientHello is looked at for routing and passed on as it came
};

// All conditions that are set must hold; within one condition any value will do.
struct RouteMatch {
  std::vector<std::string>
      sni;  // lower case; exact, or "*.example.com" for one or more labels before it
  std::vector<std::string> alpn;      // a protocol the downstream offers
  std::vector<base::Network> source;  // where the downstream comes from (after a PROXY header)

  [[nodiscard]] bool is_default() const noexcept {
    return sni.empty() && alpn.empty() && source.empty();
  }
  friend bool operator==(const RouteMatch&, const RouteMatch&) = default;
};

// What an earlier, wider route leaves for a later one is decided by specificity, not by file order:
// exact name, then longer wildcard, then no name; with ALPN before without; longer source prefix
// first.
struct Route {
  RouteMatch match;
  base::PoolId pool;
  friend bool operator==(const Route&, const Route&) = default;
};

// Socket options of the connections of a listener, both sides.
struct SocketOptions {
  bool tcp_nodelay = true;
  bool tcp_quickack = false;               // re-armed after each read, as Linux wants it
  bool tcp_fast_open = false;              // on the listening socket, and towards endpoints
  std::uint32_t receive_buffer_bytes = 0;  // SO_RCVBUF; 0: the kernel's own sizing
  std::uint32_t send_buffer_bytes = 0;     // SO_SNDBUF; 0: the kernel's own sizing
  friend bool operator==(const SocketOptions&, const SocketOptions&) = default;
};

// From whom a PROXY header is taken. Everybody else's first bytes are ordinary data.
struct AcceptProxy {
  std::vector<base::Network> from;  // empty: nobody
  bool required = false;            // refuse a listed source that sends none
  friend bool operator==(const AcceptProxy&, const AcceptProxy&) = default;
};

struct Listener {
  std::string name;
  base::Address bind;
  Protocol protocol = Protocol::tcp;
  TlsMode tls = TlsMode::off;
  std::vector<Route> routes;          // at least one; a plain `pool:` is one default route
  std::uint32_t max_connections = 0;  // UDP: sessions; 0: no bound (UDP: 65536)
  std::uint32_t max_connections_per_source = 0;  // 0: no bound
  std::uint32_t accept_rate = 0;  // new connections (UDP: sessions) per second; 0: no bound
  std::uint32_t backlog = 4096;
  std::uint32_t unix_mode = 0660;  // of a unix socket's file
  bool log_connections = false;    // one line for each that ended
  AcceptProxy accept_proxy;
  SocketOptions socket;
  Timeouts timeouts;  // complete: defaults and overrides already joined
  friend bool operator==(const Listener&, const Listener&) = default;
};

}  // namespace causeway::model
