// SPDX-License-Identifier: Apache-2.0
// A DatagramSocket that is a UDP socket. Neighbouring packets of one peer and one size leave
// together (GSO), however they came; packets that the kernel joined on the way in (GRO) leave as
// they are.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/address.h"
#include "net/datagram.h"
#include "os/datagram_socket.h"
#include "os/fd.h"
#include "runtime/epoll_poller.h"
#include "runtime/loop.h"

namespace causeway::net {

// What the datagram sockets of one loop share, since only one of them is busy at a time. Outlives
// them.
struct DatagramBuffers {
  os::ReceiveBatch receive;
  os::SendBatch send;
};

class SocketDatagram final : public DatagramSocket, private runtime::EventSink {
 public:
  enum class Kind : unsigned char { bound, connected };

  // `address` is what it is bound or connected to.
  SocketDatagram(runtime::Loop& loop, DatagramBuffers& buffers, os::Fd fd, Kind kind,
                 const base::SocketAddress& address) noexcept;

  // Registers with the poller; before this nothing is ever ready. Once.
  [[nodiscard]] Result<void> watch(runtime::EpollPoller& poller);

  [[nodiscard]] Result<std::size_t> receive_now(std::span<Packet> into) override;
  [[nodiscard]] Result<std::size_t> send_now(std::span<const Packet> packets) override;
  [[nodiscard]] base::Address local() const override;

 private:
  enum class Joining : bool { off, on };

  // What lies in the send batch.
  struct Filled {
    std::size_t messages = 0;
    std::array<std::uint8_t, os::SendBatch::kMessages> packets_of{};  // by message
  };

  void on_events(os::Events events) noexcept override;
  [[nodiscard]] bool is_connected() const noexcept { return kind_ == Kind::connected; }
  [[nodiscard]] bool is_wildcard() const noexcept {
    return !is_connected() && address_.ip.is_unspecified();
  }
  [[nodiscard]] bool is_bound_to_one() const noexcept { return !is_connected() && !is_wildcard(); }
  // Takes from the front of `packets` what the batch holds and the socket can send.
  [[nodiscard]] Filled fill(std::span<const Packet> packets, Joining joining);
  // Returns how many packets went out.
  [[nodiscard]] Result<std::size_t> send_filled(const Filled& filled);

  runtime::Loop& loop_;
  DatagramBuffers& buffers_;
  os::Fd fd_;
  Kind kind_;
  bool error_pending_ = false;  // the kernel has an error to tell, behind what can be received
  bool can_cut_ = true;         // connected only: whether the path takes what is to be cut
  std::uint8_t cut_short_ = 0;  // datagrams that did not fit a slot and have yet to be told of
  base::SocketAddress address_;
};

}  // namespace causeway::net
