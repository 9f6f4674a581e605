// SPDX-License-Identifier: Apache-2.0
// Sends datagrams to one peer and keeps none: what the kernel does not take now is dropped and
// counted by its reason. Used by the UDP listener for both ways.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/error.h"
#include "net/datagram.h"
#include "observe/reason_counters.h"

namespace causeway::proxy {

struct UdpSent {
  std::uint64_t datagrams = 0;
  std::uint64_t bytes = 0;
  // The peer cannot be reached: it said so, or there is no way to it. The rest was dropped.
  std::optional<Error> lost_peer{};
};

// How many datagrams `packet` is.
[[nodiscard]] std::uint64_t datagrams_in(const net::Packet& packet) noexcept;

// All of `packets` are for one peer.
[[nodiscard]] UdpSent send_packets(net::DatagramSocket& socket,
                                   std::span<const net::Packet> packets,
                                   observe::ReasonCounters& dropped);

// The same, with `header` in front of each datagram. They are put together in `scratch`.
[[nodiscard]] UdpSent send_packets_behind(Bytes header, MutableBytes scratch,
                                          net::DatagramSocket& socket,
                                          std::span<const net::Packet> packets,
                                          observe::ReasonCounters& dropped);

}  // namespace causeway::proxy
