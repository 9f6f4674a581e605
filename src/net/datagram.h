// SPDX-License-Identifier: Apache-2.0
// Datagrams, in batches. A socket is either bound (many peers; the answer leaves from the address
// that was asked) or connected (one peer; its refusals come back as errors). It belongs to one
// loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"
#include "net/readiness.h"

namespace causeway::net {

// One datagram, or several of one peer and one size that the kernel joined (GRO on receive, GSO on
// send). `payload` borrows from receive buffers that all sockets of the loop share, until the next
// receive_now of any of them: nothing is awaited in between. Or it borrows from the sender.
struct Packet {
  Bytes payload;
  std::uint16_t segment_bytes = 0;  // 0: one datagram; else size of each but the last
  base::SocketAddress peer{};       // from whom, or to whom on a bound socket
  base::IpAddress local_ip{};       // the address asked; unspecified: the kernel chooses
};

class DatagramSocket {
 public:
  static constexpr std::size_t kBatchMax = 32;

  DatagramSocket() = default;
  DatagramSocket(const DatagramSocket&) = delete;
  DatagramSocket& operator=(const DatagramSocket&) = delete;
  virtual ~DatagramSocket() = default;

  // Fills the front of `into`, returns how many. Errors: would_block; datagram_too_large for one
  // that found no room and is gone; refused or unreachable on a connected socket whose peer said
  // so. After any but would_block more may follow: try again.
  [[nodiscard]] virtual Result<std::size_t> receive_now(std::span<Packet> into) = 0;

  // Sends the front of `packets`, returns how many. Neighbours of one peer and one size travel
  // together where that is cheaper. Errors: would_block when none went out, and the error of the
  // first packet otherwise; the caller drops that one and goes on. `unsupported` says that the
  // first is several datagrams which cannot travel as one on this path: send them one by one.
  [[nodiscard]] virtual Result<std::size_t> send_now(std::span<const Packet> packets) = 0;

  [[nodiscard]] virtual base::Address local() const = 0;

  [[nodiscard]] Ready& readable_state() noexcept { return readable_; }
  [[nodiscard]] Ready& writable_state() noexcept { return writable_; }
  [[nodiscard]] WaitAny readable() noexcept { return wait_any({&readable_}); }
  [[nodiscard]] WaitAny writable() noexcept { return wait_any({&writable_}); }

 private:
  Ready readable_;
  Ready writable_;
};

using DatagramPtr = std::unique_ptr<DatagramSocket>;

// Tells a downstream that nobody is behind the port it asked, as the endpoint told us (ICMP or
// ICMPv6 port unreachable quoting the datagram's addresses). Needs the right to send raw packets;
// without it the downstream finds out by its own timeout.
class UnreachableSender {
 public:
  UnreachableSender() = default;
  UnreachableSender(const UnreachableSender&) = delete;
  UnreachableSender& operator=(const UnreachableSender&) = delete;
  virtual ~UnreachableSender() = default;

  // `asked` is our address that the downstream had sent to. Errors: permission, would_block,
  // system.
  [[nodiscard]] virtual Result<void> send(const base::SocketAddress& downstream,
                                          const base::SocketAddress& asked) = 0;
};

}  // namespace causeway::net
