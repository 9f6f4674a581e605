// SPDX-License-Identifier: Apache-2.0
#include "net/socket_datagram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/result.h"
#include "net/datagram.h"
#include "net/system_network.h"
#include "os/datagram_socket.h"
#include "os/system_clock.h"
#include "runtime/epoll_poller.h"
#include "runtime/limits.h"
#include "runtime/loop.h"
#include "runtime/scope.h"
#include "runtime/task.h"

namespace causeway::net {
namespace {

using namespace std::chrono_literals;

base::SocketAddress address(std::string_view text) {
  return base::SocketAddress::parse(text).value();
}

// What arrived, copied out of the shared buffers.
struct Got {
  std::string text;
  std::uint16_t segment_bytes = 0;
  base::SocketAddress peer{};
  base::IpAddress local_ip{};
};

Task<Result<std::vector<Got>>> receive_some(DatagramSocket& socket) {
  std::array<Packet, DatagramSocket::kBatchMax> packets;
  for (;;) {
    const auto count = socket.receive_now(packets);
    if (count) {
      std::vector<Got> got;
      for (const Packet& packet : std::span(packets).first(*count)) {
        got.push_back({std::string(base::as_text(packet.payload)), packet.segment_bytes,
                       packet.peer, packet.local_ip});
      }
      co_return got;
    }
    if (count.error().code != Errc::would_block) co_return fail(count);
    const auto ready = co_await socket.readable();
    if (!ready) co_return fail(ready);
  }
}

class SocketDatagramTest : public testing::Test {
 protected:
  DatagramPtr bind(std::string_view where) {
    auto socket = network_.bind_datagram(address(where), {});
    EXPECT_TRUE(socket);
    return *std::move(socket);
  }
  DatagramPtr connect(const base::SocketAddress& to) {
    auto socket = network_.connect_datagram(to, {});
    EXPECT_TRUE(socket);
    return *std::move(socket);
  }
  static base::SocketAddress local(const DatagramSocket& socket) {
    return *socket.local().socket();
  }

  Result<std::vector<Got>> receive(DatagramSocket& socket) {
    return runtime::run_until_done(loop_, runtime::within(5s, receive_some(socket)));
  }
  // Until `bytes` of payload are there.
  std::vector<Got> receive_all(DatagramSocket& socket, std::size_t bytes) {
    std::vector<Got> all;
    std::size_t received = 0;
    while (received < bytes) {
      auto some = receive(socket);
      EXPECT_TRUE(some);
      if (!some) break;
      for (Got& got : *some) {
        received += got.text.size();
        all.push_back(std::move(got));
      }
    }
    return all;
  }
  static void send(DatagramSocket& socket, std::string_view text,
                   const base::SocketAddress& to = {}, const base::IpAddress& from = {}) {
    const Packet packet{.payload = base::as_bytes(text), .peer = to, .local_ip = from};
    ASSERT_EQ(socket.send_now({&packet, 1}), 1U);
  }

  os::SystemClock clock_;
  std::unique_ptr<runtime::EpollPoller> poller_ = *runtime::EpollPoller::create(clock_);
  runtime::Loop loop_{clock_, *poller_, 1};
  SystemNetwork network_{loop_, *poller_};
};

TEST_F(SocketDatagramTest, the_answer_comes_from_the_address_that_was_asked) {
  const auto bound = bind("0.0.0.0:0");
  const std::uint16_t port = local(*bound).port;
  for (const std::string_view asked : {"127.0.0.1", "127.0.0.2"}) {
    const auto ip = base::IpAddress::parse(asked).value();
    const auto peer = connect({.ip = ip, .port = port});
    send(*peer, "question");
    const auto question = receive(*bound);
    ASSERT_TRUE(question);
    ASSERT_EQ(question->size(), 1U);
    EXPECT_EQ(question->front().peer, local(*peer));
    EXPECT_EQ(question->front().local_ip, ip);
    send(*bound, "answer", question->front().peer, question->front().local_ip);
    const auto answer = receive(*peer);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->front().text, "answer");
    EXPECT_EQ(answer->front().peer, (base::SocketAddress{.ip = ip, .port = port}));
  }
}

TEST_F(SocketDatagramTest, a_socket_bound_to_one_address_was_asked_there) {
  const auto bound = bind("127.0.0.2:0");
  const auto peer = connect(local(*bound));
  send(*peer, "question");
  const auto question = receive(*bound);
  ASSERT_TRUE(question);
  EXPECT_EQ(question->front().local_ip, local(*bound).ip);
  send(*bound, "answer", question->front().peer, question->front().local_ip);
  const auto answer = receive(*peer);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->front().text, "answer");
}

TEST_F(SocketDatagramTest, a_short_batch_lowers_the_flag_and_the_next_datagram_raises_it) {
  const auto bound = bind("127.0.0.1:0");
  const auto peer = connect(local(*bound));
  for (int i = 0; i < 3; ++i) {
    send(*peer, "hello");
    ASSERT_TRUE(receive(*bound));
    EXPECT_FALSE(bound->readable_state().is_raised());
    std::array<Packet, 1> none;
    EXPECT_EQ(bound->receive_now(none).error().code, Errc::would_block);
  }
}

TEST_F(SocketDatagramTest, a_full_batch_leaves_the_flag_raised) {
  const auto bound = bind("127.0.0.1:0");
  const auto peer = connect(local(*bound));
  send(*peer, "1");
  send(*peer, "22");
  send(*peer, "333");
  std::array<Packet, 2> two;
  while (!bound->readable_state().is_raised()) loop_.turn();
  EXPECT_EQ(bound->receive_now(two), 2U);
  EXPECT_TRUE(bound->readable_state().is_raised());
  EXPECT_EQ(bound->receive_now(two), 1U);
  EXPECT_FALSE(bound->readable_state().is_raised());
}

TEST_F(SocketDatagramTest, a_batch_keeps_boundaries_whatever_travels_together) {
  const auto bound = bind("127.0.0.1:0");
  const auto peer = connect(local(*bound));
  std::vector<std::string> texts;
  for (int i = 0; i < 10; ++i) texts.emplace_back(1000, static_cast<char>('a' + i));
  texts.emplace_back(300, 'y');  // shorter: ends a run
  texts.emplace_back(1000, 'z');
  texts.emplace_back();  // empty
  texts.emplace_back(1200, 'x');
  std::vector<Packet> packets;
  std::size_t bytes = 0;
  for (const std::string& text : texts) {
    packets.push_back({.payload = base::as_bytes(text)});
    bytes += text.size();
  }
  ASSERT_EQ(peer->send_now(packets), packets.size());

  std::vector<std::string> arrived;
  for (const Got& got : receive_all(*bound, bytes)) {
    const std::size_t step =
        got.segment_bytes > 0 ? got.segment_bytes : std::max<std::size_t>(got.text.size(), 1);
    std::size_t at = 0;
    do {
      arrived.push_back(got.text.substr(at, step));
      at += step;
    } while (at < got.text.size());
  }
  EXPECT_EQ(arrived, texts);
}

TEST_F(SocketDatagramTest, what_came_in_joined_goes_out_as_it_is) {
  const auto bound = bind("127.0.0.1:0");
  const auto peer = connect(local(*bound));
  const std::string text = std::string(500, 'a') + std::string(500, 'b') + std::string(20, 'c');
  const Packet joined{.payload = base::as_bytes(text), .segment_bytes = 500};
  ASSERT_EQ(peer->send_now({&joined, 1}), 1U);
  std::string arrived;
  for (const Got& got : receive_all(*bound, text.size())) arrived += got.text;
  EXPECT_EQ(arrived, text);
}

TEST_F(SocketDatagramTest, packets_of_several_peers_are_not_mixed) {
  const auto bound = bind("127.0.0.1:0");
  const auto first = connect(local(*bound));
  const auto second = connect(local(*bound));
  std::vector<Packet> packets;
  for (int i = 0; i < 6; ++i) {
    packets.push_back({.payload = base::as_bytes(i % 2 == 0 ? "for first" : "for other"),
                       .peer = local(i % 2 == 0 ? *first : *second)});
  }
  ASSERT_EQ(bound->send_now(packets), 6U);
  std::string to_first;
  std::string to_second;
  for (const Got& got : receive_all(*first, 27)) to_first += got.text;
  for (const Got& got : receive_all(*second, 27)) to_second += got.text;
  EXPECT_EQ(to_first, "for firstfor firstfor first");
  EXPECT_EQ(to_second, "for otherfor otherfor other");
}

// What the kernel says to a message whose parts are larger than its path takes. The loopback takes
// all there is, so it is made to refuse by parts of more than 64 KiB together.
TEST_F(SocketDatagramTest, what_cannot_be_cut_is_told_apart_from_what_cannot_be_sent) {
  const auto bound = bind("127.0.0.1:0");
  const auto peer = connect(local(*bound));
  const std::string text(65'530, 'x');
  const Packet joined{.payload = base::as_bytes(text), .segment_bytes = 1000};
  const auto sent = peer->send_now({&joined, 1});
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, Errc::unsupported);

  const Packet single{.payload = base::as_bytes(text)};
  const auto single_sent = peer->send_now({&single, 1});
  ASSERT_FALSE(single_sent);
  EXPECT_EQ(single_sent.error().code, Errc::datagram_too_large);

  // From now on this path is spared the attempt, and what is single still goes, in order.
  const std::array<Packet, 3> three{
      {{.payload = base::as_bytes("aa")},
       {.payload = base::as_bytes("bb")},
       {.payload = base::as_bytes(text).first(20), .segment_bytes = 10}}};
  ASSERT_EQ(peer->send_now(three), 2U);
  const auto cut = peer->send_now(std::span(three).subspan(2));
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, Errc::unsupported);
  std::string arrived;
  for (const Got& got : receive_all(*bound, 4)) arrived += got.text;
  EXPECT_EQ(arrived, "aabb");
}

TEST_F(SocketDatagramTest, a_datagram_that_finds_no_room_is_told_and_not_handed_out) {
  auto fd = os::bind_datagram(address("127.0.0.1:0"), {});
  ASSERT_TRUE(fd);
  DatagramBuffers small{.receive = os::ReceiveBatch(8), .send = {}};
  SocketDatagram bound(loop_, small, *std::move(fd), SocketDatagram::Kind::bound,
                       address("127.0.0.1:0"));
  ASSERT_TRUE(bound.watch(*poller_));
  const auto peer = connect(local(bound));
  send(*peer, "too large for it");
  send(*peer, "fits");
  send(*peer, "neither does this");
  while (!bound.readable_state().is_raised()) loop_.turn();
  std::array<Packet, 8> packets;
  EXPECT_EQ(bound.receive_now(packets), 1U);
  EXPECT_EQ(base::as_text(packets[0].payload), "fits");
  EXPECT_EQ(bound.receive_now(packets).error().code, Errc::datagram_too_large);
  EXPECT_EQ(bound.receive_now(packets).error().code, Errc::datagram_too_large);
  EXPECT_EQ(bound.receive_now(packets).error().code, Errc::would_block);
}

TEST_F(SocketDatagramTest, a_peer_s_refusal_wakes_the_receiver) {
  auto bound = bind("127.0.0.1:0");
  const auto peer = connect(local(*bound));
  bound.reset();
  send(*peer, "anybody there?");
  const auto got = receive(*peer);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::refused);
  // It is told once.
  std::array<Packet, 1> none;
  EXPECT_EQ(peer->receive_now(none).error().code, Errc::would_block);
}

// Needs the right to send raw packets.
TEST_F(SocketDatagramTest, an_unreachable_message_reaches_the_socket_that_asked) {
  const auto sender = network_.unreachable_sender();
  if (!sender) GTEST_SKIP() << "raw sockets are not permitted";
  for (const std::string_view where : {"127.0.0.2:0", "[::1]:0"}) {
    const auto bound = bind(where);
    const auto asking = connect(local(*bound));
    send(*asking, "question");
    ASSERT_TRUE(receive(*bound));
    ASSERT_TRUE(sender->send(local(*asking), local(*bound)));
    const auto got = receive(*asking);
    ASSERT_FALSE(got) << where;
    EXPECT_EQ(got.error().code, Errc::refused);
  }
}

}  // namespace
}  // namespace causeway::net
