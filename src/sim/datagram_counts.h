// SPDX-License-Identifier: Apache-2.0
// What became of the datagrams of a simulated network. Each that was sent or doubled ends in
// exactly one of the others, or is under way.
#pragma once

#include <cstdint>

namespace causeway::sim {

struct DatagramCounts {
  std::uint64_t sent = 0;
  std::uint64_t doubled = 0;   // copies beyond the one that was sent
  std::uint64_t received = 0;  // given to whoever asked its socket
  std::uint64_t lost = 0;      // by chance
  std::uint64_t cut = 0;       // at a partition
  std::uint64_t nobody = 0;    // no host, or no socket there
  std::uint64_t overflow = 0;  // the socket's buffer was full
  std::uint64_t unread = 0;    // in the buffer of a socket that was closed
  std::uint64_t refusals = 0;  // answers to those that found nobody, and those sent as such
  std::uint64_t under_way = 0;
  std::uint64_t waiting = 0;  // in buffers

  [[nodiscard]] bool are_accounted() const noexcept {
    return sent + doubled ==
           received + lost + cut + nobody + overflow + unread + under_way + waiting;
  }
};

}  // namespace causeway::sim
