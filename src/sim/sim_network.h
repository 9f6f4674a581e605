// SPDX-License-Identifier: Apache-2.0
// The net::Network of one simulated host on one loop.
#pragma once

#include <memory>

#include "net/network.h"
#include "runtime/loop.h"
#include "sim/host.h"
#include "sim/internet.h"

namespace causeway::sim {

class SimNetwork final : public net::Network {
 public:
  SimNetwork(Internet& internet, Host& host, runtime::Loop& loop) noexcept
      : internet_(internet), host_(host), loop_(loop) {}

  // With port 0 a free one is chosen.
  [[nodiscard]] Result<net::ListenerPtr> listen(const base::Address& address,
                                                const net::ListenOptions& options) override;
  [[nodiscard]] Task<Result<net::StreamPtr>> connect(base::Address address,
                                                     net::ConnectOptions options) override;
  [[nodiscard]] Result<net::DatagramPtr> bind_datagram(
      const base::SocketAddress& address, const net::DatagramOptions& options) override;
  [[nodiscard]] Result<net::DatagramPtr> connect_datagram(
      const base::SocketAddress& peer, const net::DatagramOptions& options) override;
  [[nodiscard]] std::unique_ptr<net::UnreachableSender> unreachable_sender() override;

  [[nodiscard]] Host& host() noexcept { return host_; }

 private:
  Internet& internet_;
  Host& host_;
  runtime::Loop& loop_;
};

}  // namespace causeway::sim
