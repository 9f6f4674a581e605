// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_network.h"

#include <memory>
#include <optional>
#include <utility>

#include "base/address.h"
#include "base/error.h"
#include "base/result.h"
#include "net/datagram.h"
#include "net/listener.h"
#include "net/network.h"
#include "net/stream.h"
#include "runtime/task.h"
#include "sim/host.h"
#include "sim/sim_datagram_socket.h"
#include "sim/sim_listener.h"

namespace causeway::sim {
namespace {

class SimUnreachableSender final : public net::UnreachableSender {
 public:
  SimUnreachableSender(Internet& internet, Host& host) noexcept
      : internet_(internet), host_(host) {}
  Result<void> send(const base::SocketAddress& downstream,
                    const base::SocketAddress& asked) override {
    internet_.send_refusal(host_, downstream, asked);
    return {};
  }

 private:
  Internet& internet_;
  Host& host_;
};

}  // namespace

Result<net::ListenerPtr> SimNetwork::listen(const base::Address& address,
                                            const net::ListenOptions& options) {
  if (address.named() != nullptr)
    return fail(Errc::unsupported, Side::local, "a name must be resolved first");
  base::Address bound = address;
  if (const auto* socket = address.socket()) {
    if (!socket->ip.is_unspecified() && !host_.has(socket->ip)) {
      return fail(Errc::address_not_available, Side::local, "listen");
    }
    if (socket->port == 0) bound = base::SocketAddress{.ip = socket->ip, .port = host_.take_port()};
  }
  if (!options.reuse_port && internet_.has_listener(host_, bound)) {
    return fail(Errc::address_in_use, Side::local, "listen");
  }
  if (!host_.may_open()) return fail(Errc::descriptor_limit, Side::local, "listen");
  return std::make_unique<SimListener>(internet_, loop_, host_, std::move(bound), options.backlog);
}

Task<Result<net::StreamPtr>> SimNetwork::connect(base::Address address,
                                                 net::ConnectOptions /*options*/) {
  if (address.named() != nullptr)
    co_return fail(Errc::unsupported, Side::local, "a name must be resolved first");
  if (!host_.may_open()) co_return fail(Errc::descriptor_limit, Side::local, "connect");
  auto stream = internet_.dial(loop_, host_, address);
  const auto ready = co_await stream->writable();
  if (!ready) co_return fail(ready, Side::upstream);
  const auto broken = stream->take_error();
  if (broken) co_return fail(*broken, Side::upstream, "connect");
  co_return stream;
}

Result<net::DatagramPtr> SimNetwork::bind_datagram(const base::SocketAddress& address,
                                                   const net::DatagramOptions& options) {
  if (!address.ip.is_unspecified() && !host_.has(address.ip)) {
    return fail(Errc::address_not_available, Side::local, "bind");
  }
  base::SocketAddress bound = address;
  if (bound.port == 0) bound.port = host_.take_port();
  if (bound.port == 0) return fail(Errc::address_not_available, Side::local, "bind");
  if (!options.reuse_port && SimDatagramSocket::is_bound(host_, bound)) {
    return fail(Errc::address_in_use, Side::local, "bind");
  }
  if (!host_.may_open()) return fail(Errc::descriptor_limit, Side::local, "bind");
  return std::make_unique<SimDatagramSocket>(internet_, loop_, host_, bound, std::nullopt, options);
}

Result<net::DatagramPtr> SimNetwork::connect_datagram(const base::SocketAddress& peer,
                                                      const net::DatagramOptions& options) {
  if (!host_.may_open()) return fail(Errc::descriptor_limit, Side::local, "connect");
  const base::SocketAddress local{.ip = peer.ip.is_loopback() ? peer.ip : host_.first_address(),
                                  .port = host_.take_port()};
  if (local.port == 0) return fail(Errc::address_not_available, Side::local, "connect");
  return std::make_unique<SimDatagramSocket>(internet_, loop_, host_, local, peer, options);
}

std::unique_ptr<net::UnreachableSender> SimNetwork::unreachable_sender() {
  return std::make_unique<SimUnreachableSender>(internet_, host_);
}

}  // namespace causeway::sim
