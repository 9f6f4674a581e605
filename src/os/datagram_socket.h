// SPDX-License-Identifier: Apache-2.0
// Datagram sockets over IP: opening them, and receiving and sending in batches. One system call
// moves many datagrams, and many datagrams of one peer and one size travel as one (GRO on the way
// in, GSO on the way out). A batch belongs to a loop and serves all of its sockets. Nothing here
// waits.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"
#include "os/fd.h"
#include "os/socket_name.h"

namespace causeway::os {

struct DatagramSocketOptions {
  bool reuse_port = false;  // several sockets on one address, the kernel spreads sources
  std::uint32_t receive_buffer_bytes = 0;  // 0: the kernel's own sizing
  std::uint32_t send_buffer_bytes = 0;
};

// Bound to `address`. The IPv6 wildcard also takes IPv4. On a wildcard every datagram tells which
// address it was sent to. Errors: address_in_use, address_not_available, permission,
// descriptor_limit.
[[nodiscard]] Result<Fd> bind_datagram(const base::SocketAddress& address,
                                       const DatagramSocketOptions& options);

// Connected to `peer`: only its datagrams come in, and its refusals become errors of the socket.
// Errors: unreachable, permission, descriptor_limit.
[[nodiscard]] Result<Fd> connect_datagram(const base::SocketAddress& peer,
                                          const DatagramSocketOptions& options);

// AF_INET or AF_INET6.
[[nodiscard]] int family_of(const base::SocketAddress& address) noexcept;

// Where datagrams land. The slots are address space: the kernel touches only the pages that it
// fills, one for each small datagram, so that a loop which sees none but small ones has 64 KiB
// resident, and one under bulk load 1 MiB.
class ReceiveBatch {
 public:
  static constexpr std::size_t kSlots = 16;
  // What the kernel joins into one (GRO) is never longer, and so no datagram is.
  static constexpr std::size_t kSlotBytes = 65536;

  // A smaller slot is for tests of what does not fit.
  explicit ReceiveBatch(std::size_t slot_bytes = kSlotBytes);
  ReceiveBatch(const ReceiveBatch&) = delete;
  ReceiveBatch& operator=(const ReceiveBatch&) = delete;
  ~ReceiveBatch() = default;

  // Receives into the first `slots_max` slots at most, returns how many are filled. Errors:
  // would_block, refused and others of a connected socket.
  [[nodiscard]] Result<std::size_t> receive(const Fd& fd, std::size_t slots_max) noexcept;

  struct Received {
    Bytes payload;                    // valid until the next receive()
    std::uint16_t segment_bytes = 0;  // size of each datagram in it but the last; 0: it is one
    base::IpAddress local_ip{};       // unspecified where the socket does not tell
    bool is_cut = false;              // the slot was too small: what is there is not the datagram
  };
  // Slot `index` of those that the last receive() filled.
  [[nodiscard]] Received at(std::size_t index) const noexcept;
  [[nodiscard]] base::SocketAddress peer(std::size_t index) const noexcept {
    return names_[index].to_socket_address();
  }

 private:
  // Room for IP(V6)_PKTINFO and UDP_GRO.
  static constexpr std::size_t kControlBytes =
      CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(int));
  struct alignas(cmsghdr) Control {
    std::array<std::byte, kControlBytes> bytes;
  };

  std::size_t slot_bytes_;
  std::unique_ptr<std::byte[]> memory_;
  std::array<mmsghdr, kSlots> headers_{};
  std::array<iovec, kSlots> vectors_{};
  std::array<SocketName, kSlots> names_;
  std::array<Control, kSlots> controls_{};
};

// Datagrams on their way out: messages are added, then sent. A message of several datagrams is cut
// by the kernel (GSO).
class SendBatch {
 public:
  static constexpr std::size_t kMessages = 32;
  static constexpr std::size_t kParts = 64;
  // Of one message that is cut: what fits an IPv4 packet, and what every kernel with GSO takes.
  static constexpr std::size_t kCutBytesMax = 65507;
  static constexpr std::size_t kCutDatagramsMax = 64;

  struct Route {
    int family = 0;                             // of the socket
    const base::SocketAddress* peer = nullptr;  // nullptr: the socket is connected
    base::IpAddress local_ip{};                 // to send from; unspecified: the kernel's choice
  };

  SendBatch() = default;
  SendBatch(const SendBatch&) = delete;
  SendBatch& operator=(const SendBatch&) = delete;
  ~SendBatch() = default;

  void clear() noexcept;
  [[nodiscard]] bool is_full() const noexcept { return messages_ == kMessages || parts_ == kParts; }
  // How many payloads it still takes.
  [[nodiscard]] std::size_t parts_left() const noexcept { return kParts - parts_; }

  // Begins a message; the batch must not be full. `payload` is borrowed until send(). With
  // `segment_bytes` it is several datagrams.
  void add(Bytes payload, std::uint16_t segment_bytes, const Route& route) noexcept;
  // Puts one more datagram to the last message, which becomes one that is cut every
  // `segment_bytes`. The batch must not be full.
  void join(Bytes payload, std::uint16_t segment_bytes) noexcept;

  // Sends the messages in order, returns how many. Errors are those of the first message:
  // would_block, refused, datagram_too_large, ...; see cannot_cut().
  [[nodiscard]] Result<std::size_t> send(const Fd& fd) noexcept;

 private:
  // Room for IP(V6)_PKTINFO and UDP_SEGMENT.
  static constexpr std::size_t kControlBytes =
      CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(std::uint16_t));
  struct alignas(cmsghdr) Control {
    std::array<std::byte, kControlBytes> bytes;
  };

  void put_control(int level, int type, Bytes value) noexcept;
  void put_segment(std::uint16_t segment_bytes) noexcept;

  std::size_t messages_ = 0;
  std::size_t parts_ = 0;
  std::array<mmsghdr, kMessages> headers_{};
  std::array<iovec, kParts> vectors_{};
  std::array<SocketName, kMessages> names_;
  std::array<Control, kMessages> controls_{};
};

// Whether this error of a message that was to be cut says that kernel, device or path cannot do it:
// the same datagrams one by one may still go.
[[nodiscard]] bool cannot_cut(const Error& error) noexcept;

}  // namespace causeway::os
