// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_datagram_socket.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/result.h"
#include "base/time.h"
#include "net/datagram.h"
#include "runtime/limits.h"
#include "runtime/task.h"
#include "sim/datagram_counts.h"
#include "sim/link.h"
#include "sim/seeds.h"
#include "sim/world.h"

namespace causeway::sim {
namespace {

base::SocketAddress at(std::string_view text) { return base::SocketAddress::parse(text).value(); }

struct Heard {
  std::string text;
  base::SocketAddress peer;
  base::IpAddress local_ip;
};

// The next datagrams, at least one, each by itself.
Task<Result<std::vector<Heard>>> hear(net::DatagramSocket& socket) {
  std::array<net::Packet, 4> packets;
  for (;;) {
    const auto got = socket.receive_now(packets);
    if (!got && got.error().code != Errc::would_block) co_return fail(got);
    if (!got) {
      const auto ready = co_await socket.readable();
      if (!ready) co_return fail(ready);
      continue;
    }
    std::vector<Heard> heard;
    for (const net::Packet& packet : std::span(packets).first(*got)) {
      Bytes rest = packet.payload;
      do {
        const std::size_t step = packet.segment_bytes > 0 ? packet.segment_bytes : rest.size();
        const Bytes cut = rest.first(std::min(step, rest.size()));
        heard.push_back({std::string(base::as_text(cut)), packet.peer, packet.local_ip});
        rest = rest.subspan(cut.size());
      } while (!rest.empty());
    }
    co_return heard;
  }
}

Task<Result<std::vector<Heard>>> hear_for(net::DatagramSocket& socket, Duration limit) {
  std::vector<Heard> all;
  const auto context = co_await runtime::this_task();
  const Instant end = context.loop->now() + limit;
  for (;;) {
    auto next = runtime::within(end - context.loop->now(), hear(socket));
    const auto heard = co_await std::move(next);
    if (!heard && heard.error().code == Errc::deadline) co_return all;
    if (!heard) co_return fail(heard);
    all.insert(all.end(), heard->begin(), heard->end());
  }
}

net::Packet packet_to(const base::SocketAddress& peer, std::string_view text) {
  return {.payload = base::as_bytes(text), .segment_bytes = 0, .peer = peer, .local_ip = {}};
}

class SimDatagramTest : public ::testing::Test {
 protected:
  void set_links(const LinkOptions& options) {
    world_.internet().set_links(near_.host().first_address(), far_.host().first_address(), options);
  }
  World world_{1};
  SimNetwork& near_ = world_.network("10.0.0.1");
  SimNetwork& far_ = world_.network("10.0.0.2");
};

TEST_F(SimDatagramTest, a_question_is_heard_and_answered) {
  auto server = far_.bind_datagram(at("10.0.0.2:53"), {}).value();
  auto asking = near_.connect_datagram(at("10.0.0.2:53"), {}).value();
  const auto question = packet_to({}, "who?");
  EXPECT_EQ(asking->send_now({&question, 1}), 1U);
  const auto heard = world_.run(hear(*server));
  ASSERT_TRUE(heard.has_value());
  ASSERT_EQ(heard->size(), 1U);
  EXPECT_EQ(heard->front().text, "who?");
  EXPECT_EQ(base::Address(heard->front().peer), asking->local());
  EXPECT_EQ(heard->front().local_ip, far_.host().first_address());

  const auto answer = packet_to(heard->front().peer, "me");
  EXPECT_EQ(server->send_now({&answer, 1}), 1U);
  const auto back = world_.run(hear(*asking));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->front().text, "me");
}

TEST_F(SimDatagramTest, an_empty_datagram_is_a_datagram) {
  auto server = far_.bind_datagram(at("10.0.0.2:53"), {}).value();
  auto asking = near_.connect_datagram(at("10.0.0.2:53"), {}).value();
  const auto empty = packet_to({}, "");
  EXPECT_EQ(asking->send_now({&empty, 1}), 1U);
  const auto heard = world_.run(hear(*server));
  ASSERT_TRUE(heard.has_value());
  EXPECT_EQ(heard->front().text, "");
}

TEST_F(SimDatagramTest, a_wildcard_socket_answers_from_the_address_that_was_asked) {
  world_.internet().add_address(far_.host(), base::IpAddress::parse("10.0.0.3").value());
  auto server = far_.bind_datagram(at("0.0.0.0:53"), {}).value();
  auto asking = near_.connect_datagram(at("10.0.0.3:53"), {}).value();
  const auto question = packet_to({}, "who?");
  EXPECT_EQ(asking->send_now({&question, 1}), 1U);
  const auto heard = world_.run(hear(*server));
  ASSERT_TRUE(heard.has_value());
  EXPECT_EQ(heard->front().local_ip, base::IpAddress::parse("10.0.0.3").value());

  auto answer = packet_to(heard->front().peer, "wrong face");
  EXPECT_EQ(server->send_now({&answer, 1}),
            1U);  // leaves from the host's first address: not for us
  answer = packet_to(heard->front().peer, "right face");
  answer.local_ip = heard->front().local_ip;
  EXPECT_EQ(server->send_now({&answer, 1}), 1U);
  const auto back = world_.run(hear_for(*asking, std::chrono::seconds(1)));
  ASSERT_TRUE(back.has_value());
  ASSERT_EQ(back->size(), 1U);
  EXPECT_EQ(back->front().text, "right face");

  answer.local_ip = base::IpAddress::parse("10.7.7.7").value();
  const auto sent = server->send_now({&answer, 1});
  ASSERT_FALSE(sent.has_value());
  EXPECT_EQ(sent.error().code, Errc::address_not_available);
}

TEST_F(SimDatagramTest, a_connected_socket_hears_once_that_nobody_is_there) {
  auto asking = near_.connect_datagram(at("10.0.0.2:53"), {}).value();
  const auto question = packet_to({}, "who?");
  EXPECT_EQ(asking->send_now({&question, 1}), 1U);
  const auto refused = world_.run(hear(*asking));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::refused);
  EXPECT_EQ(asking->send_now({&question, 1}), 1U);
}

TEST_F(SimDatagramTest, a_refusal_can_be_sent_for_the_address_that_was_asked) {
  auto server = far_.bind_datagram(at("10.0.0.2:53"), {}).value();
  auto asking = near_.connect_datagram(at("10.0.0.2:53"), {}).value();
  auto sender = far_.unreachable_sender();
  ASSERT_NE(sender, nullptr);
  EXPECT_TRUE(sender->send(*asking->local().socket(), at("10.0.0.2:53")).has_value());
  const auto refused = world_.run(hear(*asking));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::refused);
}

TEST_F(SimDatagramTest, loss_and_doubling_are_as_frequent_as_asked_and_accounted_for) {
  set_links({.lost_per_mille = 300, .doubled_per_mille = 100});
  auto server = far_.bind_datagram(at("10.0.0.2:53"), {.receive_buffer_bytes = 1'000'000}).value();
  auto asking = near_.connect_datagram(at("10.0.0.2:53"), {}).value();
  const auto packet = packet_to({}, "x");
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(asking->send_now({&packet, 1}), 1U);
  const auto heard = world_.run(hear_for(*server, std::chrono::seconds(1)));
  ASSERT_TRUE(heard.has_value());
  const DatagramCounts& counts = world_.internet().datagrams();
  EXPECT_EQ(counts.sent, 10'000U);
  EXPECT_NEAR(static_cast<double>(counts.doubled), 1000, 200);
  EXPECT_NEAR(static_cast<double>(counts.lost), 3300, 300);
  EXPECT_EQ(heard->size(), counts.received);
  EXPECT_TRUE(counts.are_accounted());
}

TEST_F(SimDatagramTest, jitter_reorders) {
  set_links({.jitter = std::chrono::milliseconds(20)});
  auto server = far_.bind_datagram(at("10.0.0.2:53"), {}).value();
  auto asking = near_.connect_datagram(at("10.0.0.2:53"), {}).value();
  for (char c = 'a'; c <= 'z'; ++c) {
    const auto packet = packet_to({}, std::string_view(&c, 1));
    ASSERT_EQ(asking->send_now({&packet, 1}), 1U);
  }
  const auto heard = world_.run(hear_for(*server, std::chrono::seconds(1)));
  ASSERT_TRUE(heard.has_value());
  ASSERT_EQ(heard->size(), 26U);
  EXPECT_FALSE(std::ranges::is_sorted(*heard, {}, &Heard::text));
}

TEST_F(SimDatagramTest, a_partition_drops_and_says_so) {
  auto server = far_.bind_datagram(at("10.0.0.2:53"), {}).value();
  auto asking = near_.connect_datagram(at("10.0.0.2:53"), {}).value();
  const auto packet = packet_to({}, "x");
  world_.internet().partition(near_.host().first_address(), far_.host().first_address());
  EXPECT_EQ(asking->send_now({&packet, 1}), 1U);
  world_.run_until_quiet();
  EXPECT_EQ(world_.internet().datagrams().cut, 1U);
  world_.internet().heal(near_.host().first_address(), far_.host().first_address());
  EXPECT_EQ(asking->send_now({&packet, 1}), 1U);
  EXPECT_TRUE(world_.run(hear(*server)).has_value());
}

TEST_F(SimDatagramTest, what_does_not_fit_the_buffer_is_dropped_and_counted) {
  auto server = far_.bind_datagram(at("10.0.0.2:53"), {.receive_buffer_bytes = 1000}).value();
  auto asking = near_.connect_datagram(at("10.0.0.2:53"), {}).value();
  const std::string block(100, 'x');
  const auto packet = packet_to({}, block);
  for (int i = 0; i < 15; ++i) ASSERT_EQ(asking->send_now({&packet, 1}), 1U);
  world_.run_until_quiet();
  EXPECT_EQ(world_.internet().datagrams().waiting, 10U);
  EXPECT_EQ(world_.internet().datagrams().overflow, 5U);
  server.reset();
  EXPECT_EQ(world_.internet().datagrams().unread, 10U);
}

TEST_F(SimDatagramTest, joined_datagrams_come_apart_as_they_were_sent) {
  for (const std::uint64_t seed : seeds(20)) {
    World own(seed);
    auto server = own.network("10.0.0.2").bind_datagram(at("10.0.0.2:53"), {}).value();
    auto asking = own.network("10.0.0.1").connect_datagram(at("10.0.0.2:53"), {}).value();
    auto joined = packet_to({}, "aaabbbcc");
    joined.segment_bytes = 3;
    ASSERT_EQ(asking->send_now({&joined, 1}), 1U);
    const auto heard = own.run(hear_for(*server, std::chrono::seconds(1)));
    ASSERT_TRUE(heard.has_value());
    ASSERT_EQ(heard->size(), 3U);
    EXPECT_EQ(heard->at(0).text + heard->at(1).text + heard->at(2).text, "aaabbbcc");
  }
}

TEST_F(SimDatagramTest, a_slow_link_blocks_the_sender_until_its_buffer_has_room) {
  set_links({.bytes_per_second = 1000});
  auto server = far_.bind_datagram(at("10.0.0.2:53"), {}).value();
  auto asking = near_.connect_datagram(at("10.0.0.2:53"), {.send_buffer_bytes = 500}).value();
  const std::string block(100, 'x');
  const auto packet = packet_to({}, block);
  std::size_t sent = 0;
  while (asking->send_now({&packet, 1}).has_value()) ++sent;
  EXPECT_EQ(sent, 6U);
  EXPECT_FALSE(asking->writable_state().is_raised());
  world_.run_for(std::chrono::seconds(1));
  EXPECT_TRUE(asking->writable_state().is_raised());
  EXPECT_EQ(asking->send_now({&packet, 1}), 1U);
  world_.run_until_quiet();
}

TEST_F(SimDatagramTest, too_large_is_said_at_once) {
  set_links({.datagram_bytes_max = 1472});
  auto asking = near_.connect_datagram(at("10.0.0.2:53"), {}).value();
  const std::string block(1473, 'x');
  const auto packet = packet_to({}, block);
  const auto sent = asking->send_now({&packet, 1});
  ASSERT_FALSE(sent.has_value());
  EXPECT_EQ(sent.error().code, Errc::datagram_too_large);
}

}  // namespace
}  // namespace causeway::sim
