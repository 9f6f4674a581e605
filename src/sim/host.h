// SPDX-License-Identifier: Apache-2.0
// A simulated machine, as far as the network sees it: its addresses, its free ports, how many
// descriptors it may hold. Owned by the Internet. Several hosts may be served by one loop.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <vector>

#include "base/address.h"

namespace causeway::sim {

class SimDatagramSocket;

struct Host {
  explicit Host(const base::IpAddress& first) : addresses{first} {}
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host() = default;

  [[nodiscard]] const base::IpAddress& first_address() const { return addresses.front(); }
  // Its own, or the loopback of every host.
  [[nodiscard]] bool has(const base::IpAddress& ip) const {
    return ip.is_loopback() || std::ranges::find(addresses, ip) != addresses.end();
  }
  [[nodiscard]] bool may_open() const noexcept { return open_descriptors < descriptors_max; }
  // One of Linux's default range of ephemeral ports that no datagram socket has; 0 when all are
  // taken.
  [[nodiscard]] std::uint16_t take_port() noexcept {
    for (unsigned tries = 0; tries <= kPortMax - kPortMin; ++tries) {
      const std::uint16_t port = next_port;
      next_port = port == kPortMax ? kPortMin : static_cast<std::uint16_t>(port + 1);
      if (!sockets.contains(port)) return port;
    }
    return 0;
  }

  static constexpr std::uint16_t kPortMin = 32768;
  static constexpr std::uint16_t kPortMax = 60999;

  std::vector<base::IpAddress> addresses;
  std::uint16_t next_port = kPortMin;
  std::multimap<std::uint16_t, SimDatagramSocket*> sockets;  // by port
  std::size_t open_descriptors = 0;
  // Lower it to see what happens at the limit: accept, dial, listen and bind say descriptor_limit.
  std::size_t descriptors_max = std::numeric_limits<std::size_t>::max();
};

}  // namespace causeway::sim
