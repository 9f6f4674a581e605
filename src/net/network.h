// SPDX-License-Identifier: Apache-2.0
// Where streams, listeners and datagram sockets come from. One per loop. On a machine it is
// SystemNetwork; in tests the simulated one, with delay, loss, partitions and peers that stop
// reading.
#pragma once

#include <cstdint>
#include <memory>

#include "base/address.h"
#include "base/result.h"
#include "base/time.h"
#include "net/datagram.h"
#include "net/listener.h"
#include "net/stream.h"
#include "runtime/task.h"

namespace causeway::net {

// What a connection's socket is told; carriers without the notion ignore it.
struct StreamOptions {
  bool no_delay = true;
  bool quick_ack = false;
  Duration keepalive{};                    // silence before probes; 0: none
  std::uint32_t receive_buffer_bytes = 0;  // 0: the system's own sizing
  std::uint32_t send_buffer_bytes = 0;
};

struct ListenOptions {
  std::uint32_t backlog = 4096;
  bool reuse_port = false;  // one listener for each worker on the same address
  bool fast_open = false;
  std::uint32_t unix_mode = 0660;
  StreamOptions accepted;  // for the streams that come in
};

struct ConnectOptions {
  StreamOptions stream;
  bool fast_open = false;
};

struct DatagramOptions {
  bool reuse_port = false;
  std::uint32_t receive_buffer_bytes = 0;
  std::uint32_t send_buffer_bytes = 0;
};

class Network {
 public:
  Network() = default;
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  virtual ~Network() = default;

  // Errors: address_in_use, address_not_available, permission, descriptor_limit, unsupported (a
  // name).
  [[nodiscard]] virtual Result<ListenerPtr> listen(const base::Address& address,
                                                   const ListenOptions& options) = 0;

  // Waits until the connection stands or failed; the caller sets the limit (runtime::within).
  // Errors, all of Side::upstream but the machine's own: refused, unreachable, reset, cancelled,
  // ...
  [[nodiscard]] virtual Task<Result<StreamPtr>> connect(base::Address address,
                                                        ConnectOptions options) = 0;

  [[nodiscard]] virtual Result<DatagramPtr> bind_datagram(const base::SocketAddress& address,
                                                          const DatagramOptions& options) = 0;
  [[nodiscard]] virtual Result<DatagramPtr> connect_datagram(const base::SocketAddress& peer,
                                                             const DatagramOptions& options) = 0;

  // Nothing when the process may not send raw packets of that family.
  [[nodiscard]] virtual std::unique_ptr<UnreachableSender> unreachable_sender() = 0;
};

}  // namespace causeway::net
