// SPDX-License-Identifier: Apache-2.0
#include "proxy/udp_send.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/result.h"
#include "net/datagram.h"
#include "observe/reason_counters.h"

namespace causeway::proxy {
namespace {

// Takes what it is told to take. Each answer is for one call of send_now: how many packets go, or
// the error. Without an answer left it takes everything.
class ScriptedSocket final : public net::DatagramSocket {
 public:
  void then_takes(std::size_t packets) { script_.push_back({.packets = packets}); }
  void then_fails(Errc code) { script_.push_back({.error = code}); }
  void never_cuts() { can_cut_ = false; }

  Result<std::size_t> receive_now(std::span<net::Packet> /*into*/) override {
    return fail(Errc::would_block);
  }
  Result<std::size_t> send_now(std::span<const net::Packet> packets) override {
    EXPECT_FALSE(packets.empty());
    EXPECT_LE(packets.size(), kBatchMax);
    Answer answer{.packets = packets.size()};
    if (!script_.empty()) {
      answer = script_.front();
      script_.pop_front();
    }
    if (answer.error != Errc::cancelled) return fail(answer.error);
    if (!can_cut_ && packets.front().segment_bytes > 0) return fail(Errc::unsupported);
    std::size_t taken = 0;
    for (const net::Packet& packet : packets.first(std::min(answer.packets, packets.size()))) {
      if (!can_cut_ && packet.segment_bytes > 0) break;
      sent.emplace_back(base::as_text(packet.payload));
      ++taken;
    }
    return taken;
  }
  base::Address local() const override { return {}; }

  std::vector<std::string> sent;

 private:
  struct Answer {
    std::size_t packets = 0;
    Errc error = Errc::cancelled;  // none
  };
  std::deque<Answer> script_;
  bool can_cut_ = true;
};

net::Packet packet(std::string_view text, std::uint16_t segment_bytes = 0) {
  return {.payload = base::as_bytes(text), .segment_bytes = segment_bytes};
}

using Strings = std::vector<std::string>;

TEST(UdpSend, counts_datagrams_and_not_packets) {
  EXPECT_EQ(datagrams_in(packet("")), 1U);
  EXPECT_EQ(datagrams_in(packet("abcd")), 1U);
  EXPECT_EQ(datagrams_in(packet("abcd", 2)), 2U);
  EXPECT_EQ(datagrams_in(packet("abcde", 2)), 3U);
}

TEST(UdpSend, goes_on_after_a_batch_that_was_taken_in_part) {
  ScriptedSocket socket;
  socket.then_takes(2);
  socket.then_takes(1);
  observe::ReasonCounters dropped;
  const std::array packets{packet("a"), packet("b"), packet("c"), packet("dddd", 2)};
  const UdpSent sent = send_packets(socket, packets, dropped);
  EXPECT_EQ(socket.sent, (Strings{"a", "b", "c", "dddd"}));
  EXPECT_EQ(sent.datagrams, 5U);
  EXPECT_EQ(sent.bytes, 7U);
  EXPECT_EQ(dropped.total(), 0U);
}

TEST(UdpSend, drops_one_that_is_refused_for_itself_and_sends_the_others) {
  ScriptedSocket socket;
  socket.then_takes(1);
  socket.then_fails(Errc::datagram_too_large);
  observe::ReasonCounters dropped;
  const std::array packets{packet("a"), packet("b"), packet("c")};
  const UdpSent sent = send_packets(socket, packets, dropped);
  EXPECT_EQ(socket.sent, (Strings{"a", "c"}));
  EXPECT_EQ(sent.datagrams, 2U);
  EXPECT_FALSE(sent.lost_peer);
  EXPECT_EQ(dropped.value(Errc::datagram_too_large), 1U);
  EXPECT_EQ(dropped.total(), 1U);
}

TEST(UdpSend, keeps_nothing_for_a_kernel_that_takes_nothing) {
  ScriptedSocket socket;
  socket.then_takes(1);
  socket.then_fails(Errc::would_block);
  observe::ReasonCounters dropped;
  const std::array packets{packet("a"), packet("bbbb", 2), packet("c")};
  const UdpSent sent = send_packets(socket, packets, dropped);
  EXPECT_EQ(socket.sent, (Strings{"a"}));
  EXPECT_EQ(sent.datagrams, 1U);
  EXPECT_EQ(dropped.value(Errc::would_block), 3U);
}

TEST(UdpSend, stops_when_the_peer_cannot_be_reached) {
  for (const Errc code : {Errc::refused, Errc::unreachable}) {
    ScriptedSocket socket;
    socket.then_fails(code);
    observe::ReasonCounters dropped;
    const std::array packets{packet("a"), packet("b")};
    const UdpSent sent = send_packets(socket, packets, dropped);
    EXPECT_TRUE(socket.sent.empty());
    ASSERT_TRUE(sent.lost_peer);
    EXPECT_EQ(sent.lost_peer->code, code);
    EXPECT_EQ(dropped.value(code), 2U);
  }
}

TEST(UdpSend, sends_one_by_one_what_cannot_be_cut_on_the_way) {
  ScriptedSocket socket;
  socket.never_cuts();
  observe::ReasonCounters dropped;
  const std::string many(100, 'x');
  const std::array packets{packet("a"), packet("bbcc1", 2), packet("d"), packet(many, 1)};
  const UdpSent sent = send_packets(socket, packets, dropped);
  ASSERT_EQ(socket.sent.size(), 105U);
  EXPECT_EQ(Strings(socket.sent.begin(), socket.sent.begin() + 5),
            (Strings{"a", "bb", "cc", "1", "d"}));
  EXPECT_EQ(sent.datagrams, 105U);
  EXPECT_EQ(sent.bytes, 107U);
  EXPECT_EQ(dropped.total(), 0U);
}

TEST(UdpSend, counts_the_rest_of_what_went_one_by_one_until_the_peer_was_lost) {
  ScriptedSocket socket;
  socket.then_fails(Errc::unsupported);
  socket.then_takes(1);
  socket.then_fails(Errc::refused);
  observe::ReasonCounters dropped;
  const std::array packets{packet("aabbcc", 2), packet("d")};
  const UdpSent sent = send_packets(socket, packets, dropped);
  EXPECT_EQ(socket.sent, (Strings{"aa"}));
  EXPECT_EQ(sent.datagrams, 1U);
  EXPECT_TRUE(sent.lost_peer);
  EXPECT_EQ(dropped.value(Errc::refused), 3U);  // every one has its reason
}

TEST(UdpSend, a_header_goes_before_every_datagram) {
  ScriptedSocket socket;
  observe::ReasonCounters dropped;
  std::array<std::byte, 64> scratch{};
  const std::array packets{packet("a"), packet("bbccd", 2), packet("")};
  const UdpSent sent = send_packets_behind(base::as_bytes("H:"), scratch, socket, packets, dropped);
  EXPECT_EQ(socket.sent, (Strings{"H:a", "H:bb", "H:cc", "H:d", "H:"}));
  EXPECT_EQ(sent.datagrams, 5U);
}

TEST(UdpSend, what_does_not_fit_behind_its_header_is_dropped_and_scratch_is_used_again) {
  ScriptedSocket socket;
  observe::ReasonCounters dropped;
  std::array<std::byte, 8> scratch{};
  const std::array packets{packet("123456"), packet("1234567"), packet("ab"), packet("cd"),
                           packet("ef")};
  const UdpSent sent = send_packets_behind(base::as_bytes("H:"), scratch, socket, packets, dropped);
  EXPECT_EQ(socket.sent, (Strings{"H:123456", "H:ab", "H:cd", "H:ef"}));
  EXPECT_EQ(sent.datagrams, 4U);
  EXPECT_EQ(dropped.value(Errc::datagram_too_large), 1U);
}

}  // namespace
}  // namespace causeway::proxy
