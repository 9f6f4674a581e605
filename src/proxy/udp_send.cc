// SPDX-License-Identifier: Apache-2.0
#include "proxy/udp_send.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/error.h"
#include "net/datagram.h"
#include "observe/reason_counters.h"

namespace causeway::proxy {
namespace {

// The datagrams of a packet, one by one.
class Cut {
 public:
  explicit Cut(const net::Packet& packet) noexcept
      : packet_(packet), left_(datagrams_in(packet)), rest_(packet.payload) {}

  [[nodiscard]] bool is_done() const noexcept { return left_ == 0; }
  [[nodiscard]] net::Packet next() noexcept {
    net::Packet one = packet_;
    const std::size_t bytes = packet_.segment_bytes > 0 ? packet_.segment_bytes : rest_.size();
    one.payload = rest_.first(std::min(bytes, rest_.size()));
    one.segment_bytes = 0;
    rest_ = rest_.subspan(one.payload.size());
    --left_;
    return one;
  }

 private:
  const net::Packet& packet_;
  std::uint64_t left_;
  Bytes rest_;
};

class Sending {
 public:
  Sending(net::DatagramSocket& socket, observe::ReasonCounters& dropped) noexcept
      : socket_(socket), dropped_(dropped) {}

  void send(std::span<const net::Packet> packets) {
    while (!packets.empty() && !stopped_by_) {
      const auto taken = socket_.send_now(packets);
      std::size_t settled = 0;
      if (taken) {
        CW_ASSERT(*taken > 0 && *taken <= packets.size());
        for (const net::Packet& packet : packets.first(*taken)) count(packet);
        settled = *taken;
      } else {
        settled = settle(packets.front(), taken.error());
      }
      packets = packets.subspan(settled);
    }
    for (const net::Packet& packet : packets) drop(packet, *stopped_by_);
  }

  [[nodiscard]] const UdpSent& sent() const noexcept { return sent_; }
  void drop(const net::Packet& packet, Errc reason) { dropped_.add(reason, datagrams_in(packet)); }

 private:
  void count(const net::Packet& packet) {
    sent_.datagrams += datagrams_in(packet);
    sent_.bytes += packet.payload.size();
  }

  // `first` was not taken. Returns 1 when all of it is accounted for, 0 when it and what is behind
  // it are not worth another try.
  std::size_t settle(const net::Packet& first, const Error& error) {
    if (error.code == Errc::unsupported && first.segment_bytes > 0) {
      send_one_by_one(first);
      return 1;
    }
    const bool is_peers = error.code == Errc::refused || error.code == Errc::unreachable;
    if (is_peers) sent_.lost_peer = error;
    if (is_peers || error.code == Errc::would_block) {
      stopped_by_ = error.code;
      return 0;
    }
    drop(first, error.code);
    return 1;
  }

  // One step deep: single datagrams are not cut again.
  void send_one_by_one(const net::Packet& packet) {
    std::array<net::Packet, net::DatagramSocket::kBatchMax> singles;
    for (Cut cut(packet); !cut.is_done();) {
      std::size_t filled = 0;
      while (filled < singles.size() && !cut.is_done()) singles[filled++] = cut.next();
      send(std::span(singles).first(filled));
    }
  }

  net::DatagramSocket& socket_;
  observe::ReasonCounters& dropped_;
  UdpSent sent_;
  std::optional<Errc> stopped_by_;  // nothing more will be taken
};

}  // namespace

std::uint64_t datagrams_in(const net::Packet& packet) noexcept {
  if (packet.segment_bytes == 0) return 1;
  return (packet.payload.size() + packet.segment_bytes - 1) / packet.segment_bytes;
}

UdpSent send_packets(net::DatagramSocket& socket, std::span<const net::Packet> packets,
                     observe::ReasonCounters& dropped) {
  Sending sending(socket, dropped);
  sending.send(packets);
  return sending.sent();
}

UdpSent send_packets_behind(Bytes header, MutableBytes scratch, net::DatagramSocket& socket,
                            std::span<const net::Packet> packets,
                            observe::ReasonCounters& dropped) {
  Sending sending(socket, dropped);
  std::array<net::Packet, net::DatagramSocket::kBatchMax> ready;
  std::size_t count = 0;
  MutableBytes space = scratch;
  const auto flush = [&] {
    sending.send(std::span(ready).first(count));
    count = 0;
    space = scratch;
  };
  for (const net::Packet& packet : packets) {
    for (Cut cut(packet); !cut.is_done();) {
      net::Packet one = cut.next();
      const std::size_t bytes = header.size() + one.payload.size();
      if (bytes > scratch.size()) {
        sending.drop(one, Errc::datagram_too_large);
        continue;
      }
      if (bytes > space.size() || count == ready.size()) flush();
      std::ranges::copy(header, space.begin());
      std::ranges::copy(one.payload, space.begin() + static_cast<std::ptrdiff_t>(header.size()));
      one.payload = space.first(bytes);
      space = space.subspan(bytes);
      ready[count++] = one;
    }
  }
  flush();
  return sending.sent();
}

}  // namespace causeway::proxy
