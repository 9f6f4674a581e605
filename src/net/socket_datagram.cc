// SPDX-License-Identifier: Apache-2.0
#include "net/socket_datagram.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "base/address.h"
#include "base/error.h"
#include "base/result.h"
#include "net/datagram.h"
#include "os/datagram_socket.h"
#include "os/epoll.h"
#include "os/fd.h"
#include "os/stream_socket.h"
#include "runtime/epoll_poller.h"
#include "runtime/loop.h"

namespace causeway::net {
namespace {

// A run of packets that leaves as one message.
struct Run {
  std::size_t packets = 1;
  std::size_t bytes = 0;
};

// How many packets from the front of `packets` can be joined: all but the last of one size, which
// may be shorter, and all to one peer.
Run run_of(std::span<const Packet> packets, std::size_t parts_left, bool is_connected) {
  const Packet& first = packets.front();
  Run run{.bytes = first.payload.size()};
  if (first.segment_bytes > 0 || first.payload.empty()) return run;
  const std::size_t packets_max =
      std::min({packets.size(), parts_left, std::size_t{os::SendBatch::kCutDatagramsMax}});
  while (run.packets < packets_max) {
    const Packet& next = packets[run.packets];
    const std::size_t size = next.payload.size();
    const bool is_alike =
        next.segment_bytes == 0 && size > 0 && size <= first.payload.size() &&
        (is_connected || (next.peer == first.peer && next.local_ip == first.local_ip));
    if (!is_alike || run.bytes + size > os::SendBatch::kCutBytesMax) break;
    ++run.packets;
    run.bytes += size;
    if (size < first.payload.size()) break;
  }
  return run;
}

// An error of the call and not of a peer: to ask again at once would tell the same, and again. The
// next datagram wakes us.
bool is_of_the_call(const Error& error) noexcept {
  return error.code == Errc::would_block || error.code == Errc::memory_limit ||
         error.code == Errc::system;
}

}  // namespace

SocketDatagram::SocketDatagram(runtime::Loop& loop, DatagramBuffers& buffers, os::Fd fd, Kind kind,
                               const base::SocketAddress& address) noexcept
    : loop_(loop), buffers_(buffers), fd_(std::move(fd)), kind_(kind), address_(address) {
  writable_state().raise(loop_);
}

Result<void> SocketDatagram::watch(runtime::EpollPoller& poller) { return poller.add(fd_, *this); }

void SocketDatagram::on_events(os::Events events) noexcept {
  error_pending_ = error_pending_ || events.error;
  if (events.readable) readable_state().raise(loop_);
  if (events.writable) writable_state().raise(loop_);
}

Result<std::size_t> SocketDatagram::receive_now(std::span<Packet> into) {
  if (cut_short_ > 0) {
    --cut_short_;
    return fail(Errc::datagram_too_large, Side::none, "receive");
  }
  if (!readable_state().is_raised()) return fail(Errc::would_block);
  const std::size_t slots = std::min(into.size(), os::ReceiveBatch::kSlots);
  const auto got = buffers_.receive.receive(fd_, slots);
  if (!got) {
    error_pending_ = false;  // it was this one, or there is none
    if (is_of_the_call(got.error())) readable_state().lower();
    return got;
  }
  // A short batch emptied the socket, unless an error waits behind it: that came with this same
  // edge.
  if (*got < slots && !error_pending_) readable_state().lower();

  std::size_t filled = 0;
  for (std::size_t i = 0; i < *got; ++i) {
    const auto received = buffers_.receive.at(i);
    if (received.is_cut) {
      ++cut_short_;
      continue;
    }
    into[filled++] = {.payload = received.payload,
                      .segment_bytes = received.segment_bytes,
                      .peer = is_connected() ? address_ : buffers_.receive.peer(i),
                      .local_ip = is_bound_to_one() ? address_.ip : received.local_ip};
  }
  if (filled == 0 && cut_short_ > 0) {
    --cut_short_;
    return fail(Errc::datagram_too_large, Side::none, "receive");
  }
  return filled;
}

SocketDatagram::Filled SocketDatagram::fill(std::span<const Packet> packets, Joining joining) {
  os::SendBatch& batch = buffers_.send;
  batch.clear();
  Filled filled;
  while (!packets.empty() && !batch.is_full()) {
    const Packet& first = packets.front();
    if (first.segment_bytes > 0 && !can_cut_) break;
    os::SendBatch::Route route{.family = os::family_of(address_)};
    if (!is_connected()) route.peer = &first.peer;
    if (is_wildcard()) route.local_ip = first.local_ip;
    const Run run =
        joining == Joining::on ? run_of(packets, batch.parts_left(), is_connected()) : Run{};
    batch.add(first.payload, first.segment_bytes, route);
    for (const Packet& next : packets.subspan(1, run.packets - 1)) {
      batch.join(next.payload, static_cast<std::uint16_t>(first.payload.size()));
    }
    filled.packets_of[filled.messages++] = static_cast<std::uint8_t>(run.packets);
    packets = packets.subspan(run.packets);
  }
  return filled;
}

Result<std::size_t> SocketDatagram::send_filled(const Filled& filled) {
  const auto sent = buffers_.send.send(fd_);
  if (!sent) {
    if (sent.error().code == Errc::would_block) writable_state().lower();
    return sent;
  }
  std::size_t packets = 0;
  for (std::size_t i = 0; i < *sent; ++i) packets += filled.packets_of[i];
  return packets;
}

Result<std::size_t> SocketDatagram::send_now(std::span<const Packet> packets) {
  if (packets.empty()) return std::size_t{0};
  if (!writable_state().is_raised()) return fail(Errc::would_block);
  const Filled filled = fill(packets, can_cut_ ? Joining::on : Joining::off);
  if (filled.messages == 0) return fail(Errc::unsupported, Side::local, "cut");
  const auto sent = send_filled(filled);
  const bool was_cut = packets.front().segment_bytes > 0 || filled.packets_of[0] > 1;
  if (sent || !was_cut || !os::cannot_cut(sent.error())) return sent;
  // A connected socket has one path, and it stays what it is. A bound one has as many as peers.
  if (is_connected()) can_cut_ = false;
  if (packets.front().segment_bytes > 0) return fail(Errc::unsupported, Side::local, "cut");
  return send_filled(fill(packets, Joining::off));
}

base::Address SocketDatagram::local() const {
  const auto name = os::local_address(fd_);
  return name ? *name : base::Address(address_);
}

}  // namespace causeway::net
