// SPDX-License-Identifier: Apache-2.0
// A net::DatagramSocket of the simulated network, bound or connected. What arrives beyond its
// buffer is dropped and counted; a peer's refusal reaches a connected socket once, as an error.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "base/address.h"
#include "net/datagram.h"
#include "net/network.h"
#include "runtime/loop.h"
#include "sim/host.h"

namespace causeway::sim {

class Internet;
class Link;

struct Datagram {
  std::vector<std::byte> payload;
  base::SocketAddress from;
  base::SocketAddress to;
};

class SimDatagramSocket final : public net::DatagramSocket {
 public:
  static constexpr std::size_t kBufferBytes = 212'992;  // Linux's rmem_default and wmem_default

  // With a `peer` it is connected.
  SimDatagramSocket(Internet& internet, runtime::Loop& loop, Host& host, base::SocketAddress local,
                    std::optional<base::SocketAddress> peer, const net::DatagramOptions& options);
  ~SimDatagramSocket() override;

  [[nodiscard]] Result<std::size_t> receive_now(std::span<net::Packet> into) override;
  [[nodiscard]] Result<std::size_t> send_now(std::span<const net::Packet> packets) override;
  [[nodiscard]] base::Address local() const override { return local_; }

  [[nodiscard]] const Host& host() const noexcept { return host_; }
  [[nodiscard]] const base::SocketAddress& bound() const noexcept { return local_; }
  // Whether `host` has a socket that is bound to `address`.
  [[nodiscard]] static bool is_bound(const Host& host, const base::SocketAddress& address);
  // Whether a datagram on this socket's host is for it; a connected socket goes before a bound one.
  enum class Match : unsigned char { none, wildcard, bound, connected };
  [[nodiscard]] Match match(const base::SocketAddress& from, const base::SocketAddress& to) const;

  void arrive(Datagram datagram);
  void arrive_refusal();

 private:
  [[nodiscard]] Result<void> send_one(const net::Packet& packet);
  [[nodiscard]] net::Packet take_packet();
  void plan_writable(Instant at);

  Internet& internet_;
  std::uint64_t id_;
  runtime::Loop& loop_;
  Host& host_;
  base::SocketAddress local_;
  std::optional<base::SocketAddress> peer_;
  std::size_t receive_bytes_max_;
  std::size_t send_bytes_max_;
  std::deque<Datagram> received_;
  std::size_t received_bytes_ = 0;
  std::vector<std::vector<std::byte>> lent_;  // what the last receive_now() handed out
  bool refused_ = false;                      // not yet told
};

}  // namespace causeway::sim
