// SPDX-License-Identifier: Apache-2.0
// The machine's network, on one loop.
#pragma once

#include <memory>

#include "net/network.h"
#include "net/socket_datagram.h"
#include "runtime/epoll_poller.h"
#include "runtime/loop.h"

namespace causeway::net {

class SystemNetwork final : public Network {
 public:
  SystemNetwork(runtime::Loop& loop, runtime::EpollPoller& poller) noexcept
      : loop_(loop), poller_(poller) {}

  [[nodiscard]] Result<ListenerPtr> listen(const base::Address& address,
                                           const ListenOptions& options) override;
  [[nodiscard]] Task<Result<StreamPtr>> connect(base::Address address,
                                                ConnectOptions options) override;
  [[nodiscard]] Result<DatagramPtr> bind_datagram(const base::SocketAddress& address,
                                                  const DatagramOptions& options) override;
  [[nodiscard]] Result<DatagramPtr> connect_datagram(const base::SocketAddress& peer,
                                                     const DatagramOptions& options) override;
  [[nodiscard]] std::unique_ptr<UnreachableSender> unreachable_sender() override;

 private:
  [[nodiscard]] DatagramBuffers& datagram_buffers();

  runtime::Loop& loop_;
  runtime::EpollPoller& poller_;
  std::unique_ptr<DatagramBuffers> datagram_buffers_;  // made for the first datagram socket
};

}  // namespace causeway::net
