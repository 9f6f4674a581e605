// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_datagram_socket.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ranges>
#include <span>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/error.h"
#include "base/result.h"
#include "base/time.h"
#include "net/datagram.h"
#include "net/network.h"
#include "runtime/loop.h"
#include "sim/host.h"
#include "sim/internet.h"
#include "sim/link.h"

namespace causeway::sim {

SimDatagramSocket::SimDatagramSocket(Internet& internet, runtime::Loop& loop, Host& host,
                                     base::SocketAddress local,
                                     std::optional<base::SocketAddress> peer,
                                     const net::DatagramOptions& options)
    : internet_(internet),
      id_(internet.take_id()),
      loop_(loop),
      host_(host),
      local_(local),
      peer_(peer),
      receive_bytes_max_(options.receive_buffer_bytes > 0 ? options.receive_buffer_bytes
                                                          : kBufferBytes),
      send_bytes_max_(options.send_buffer_bytes > 0 ? options.send_buffer_bytes : kBufferBytes) {
  ++host_.open_descriptors;
  host_.sockets.emplace(local_.port, this);
  writable_state().raise(loop_);
}

SimDatagramSocket::~SimDatagramSocket() {
  --host_.open_descriptors;
  const auto [first, last] = host_.sockets.equal_range(local_.port);
  host_.sockets.erase(
      std::find_if(first, last, [this](const auto& entry) { return entry.second == this; }));
  internet_.datagrams().waiting -= received_.size();
  internet_.datagrams().unread += received_.size();
}

SimDatagramSocket::Match SimDatagramSocket::match(const base::SocketAddress& from,
                                                  const base::SocketAddress& to) const {
  if (local_.port != to.port) return Match::none;
  if (local_.ip != to.ip && !local_.ip.is_unspecified()) return Match::none;
  if (peer_) return *peer_ == from ? Match::connected : Match::none;
  return local_.ip == to.ip ? Match::bound : Match::wildcard;
}

Result<std::size_t> SimDatagramSocket::receive_now(std::span<net::Packet> into) {
  if (!readable_state().is_raised()) return fail(Errc::would_block);
  lent_.clear();
  if (std::exchange(refused_, false)) return fail(Errc::refused, Side::none, "port unreachable");
  if (received_.empty()) {
    readable_state().lower();
    return fail(Errc::would_block);
  }
  std::size_t count = 0;
  lent_.reserve(into.size());
  while (count < into.size() && !received_.empty()) {
    into[count++] = take_packet();
    // A batch may end early although more waits; the flag then stays raised.
    if (internet_.random().below(8) == 0) break;
  }
  return count;
}

// The oldest datagram, sometimes with those of the same kind behind it, as the kernel joins them.
net::Packet SimDatagramSocket::take_packet() {
  Datagram first = std::move(received_.front());
  received_.pop_front();
  std::size_t taken = 1;
  std::vector<std::byte> payload = std::move(first.payload);
  const std::size_t segment_bytes = payload.size();
  std::size_t last_bytes = segment_bytes;
  constexpr std::size_t kJoinedBytesMax = 65'535;
  while (!received_.empty() && segment_bytes > 0 && last_bytes == segment_bytes) {
    const Datagram& next = received_.front();
    const bool alike = next.from == first.from && next.to == first.to && !next.payload.empty() &&
                       next.payload.size() <= segment_bytes;
    if (!alike || payload.size() + next.payload.size() > kJoinedBytesMax) break;
    if (internet_.random().below(2) == 0) break;
    payload.insert(payload.end(), next.payload.begin(), next.payload.end());
    last_bytes = next.payload.size();
    received_.pop_front();
    ++taken;
  }
  received_bytes_ -= payload.size();
  internet_.datagrams().waiting -= taken;
  internet_.datagrams().received += taken;
  lent_.push_back(std::move(payload));
  return {.payload = lent_.back(),
          .segment_bytes = taken > 1 ? static_cast<std::uint16_t>(segment_bytes) : std::uint16_t{0},
          .peer = first.from,
          .local_ip = first.to.ip};
}

Result<std::size_t> SimDatagramSocket::send_now(std::span<const net::Packet> packets) {
  if (!writable_state().is_raised()) return fail(Errc::would_block);
  std::size_t count = 0;
  for (const net::Packet& packet : packets) {
    const auto sent = send_one(packet);
    if (!sent && count > 0) return count;  // the error comes with the next call
    if (!sent) {
      if (sent.error().code == Errc::would_block) writable_state().lower();
      return fail(sent);
    }
    ++count;
  }
  return count;
}

Result<void> SimDatagramSocket::send_one(const net::Packet& packet) {
  if (std::exchange(refused_, false)) return fail(Errc::refused, Side::none, "port unreachable");
  const base::SocketAddress to = peer_ ? *peer_ : packet.peer;
  base::SocketAddress from = local_;
  if (!packet.local_ip.is_unspecified() && !peer_) from.ip = packet.local_ip;
  if (from.ip.is_unspecified()) from.ip = to.ip.is_loopback() ? to.ip : host_.first_address();
  if (!host_.has(from.ip)) return fail(Errc::address_not_available, Side::local, "send");

  Link& link = internet_.link_between(host_, to.ip);
  const std::size_t step = packet.segment_bytes > 0
                               ? packet.segment_bytes
                               : std::max<std::size_t>(packet.payload.size(), 1);
  if (step > link.options().datagram_bytes_max)
    return fail(Errc::datagram_too_large, Side::none, "send");
  if (link.queued_bytes(internet_.now()) > send_bytes_max_) {
    plan_writable(link.free_at());
    return fail(Errc::would_block);
  }
  Bytes rest = packet.payload;
  do {
    const Bytes cut = rest.first(std::min(step, rest.size()));
    internet_.send(host_, {.payload = {cut.begin(), cut.end()}, .from = from, .to = to});
    rest = rest.subspan(cut.size());
  } while (!rest.empty());
  return {};
}

// The socket may be gone by then, and another in its place.
void SimDatagramSocket::plan_writable(Instant at) {
  internet_.timeline().at(at, [&host = host_, port = local_.port, id = id_] {
    const auto [first, last] = host.sockets.equal_range(port);
    for (SimDatagramSocket* const socket :
         std::ranges::subrange(first, last) | std::views::values) {
      if (socket->id_ == id) socket->writable_state().raise(socket->loop_);
    }
  });
}

bool SimDatagramSocket::is_bound(const Host& host, const base::SocketAddress& address) {
  const auto [first, last] = host.sockets.equal_range(address.port);
  return std::any_of(first, last,
                     [&](const auto& entry) { return entry.second->local_ == address; });
}

void SimDatagramSocket::arrive(Datagram datagram) {
  if (received_bytes_ + datagram.payload.size() > receive_bytes_max_) {
    ++internet_.datagrams().overflow;
    return;
  }
  received_bytes_ += datagram.payload.size();
  ++internet_.datagrams().waiting;
  received_.push_back(std::move(datagram));
  readable_state().raise(loop_);
}

void SimDatagramSocket::arrive_refusal() {
  if (!peer_) return;
  refused_ = true;
  readable_state().raise(loop_);
  writable_state().raise(loop_);
}

}  // namespace causeway::sim
