// SPDX-License-Identifier: Apache-2.0
#include "os/datagram_socket.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/bytes.h"
#include "base/error.h"
#include "os/fd.h"
#include "os/stream_socket.h"

namespace causeway::os {
namespace {

base::SocketAddress address(std::string_view text) {
  return base::SocketAddress::parse(text).value();
}

base::SocketAddress local_of(const Fd& fd) { return *local_address(fd).value().socket(); }

bool wait_readable(const Fd& fd) {
  pollfd one{.fd = fd.number(), .events = POLLIN, .revents = 0};
  return ::poll(&one, 1, 5000) == 1;
}

Result<std::size_t> receive(ReceiveBatch& batch, const Fd& fd,
                            std::size_t slots = ReceiveBatch::kSlots) {
  EXPECT_TRUE(wait_readable(fd));
  return batch.receive(fd, slots);
}

void send_text(const Fd& fd, std::string_view text) {
  SendBatch batch;
  batch.add(base::as_bytes(text), 0, {});
  ASSERT_EQ(batch.send(fd), 1U);
}

TEST(DatagramSocket, a_wildcard_tells_which_address_was_asked) {
  const auto bound = bind_datagram(address("0.0.0.0:0"), {});
  ASSERT_TRUE(bound);
  ReceiveBatch batch;
  for (const std::string_view asked : {"127.0.0.1", "127.0.0.2"}) {
    const auto ip = base::IpAddress::parse(asked).value();
    const auto peer = connect_datagram({.ip = ip, .port = local_of(*bound).port}, {});
    ASSERT_TRUE(peer);
    send_text(*peer, "hello");
    ASSERT_EQ(receive(batch, *bound), 1U);
    EXPECT_EQ(base::as_text(batch.at(0).payload), "hello");
    EXPECT_EQ(batch.at(0).local_ip, ip);
    EXPECT_EQ(batch.at(0).segment_bytes, 0);
    EXPECT_FALSE(batch.at(0).is_cut);
    EXPECT_EQ(batch.peer(0), local_of(*peer));
  }
}

TEST(DatagramSocket, the_ipv6_wildcard_takes_both_families_and_answers_from_the_address_asked) {
  const auto bound = bind_datagram(address("[::]:0"), {});
  ASSERT_TRUE(bound);
  ReceiveBatch received;
  SendBatch answers;
  for (const std::string_view asked : {"127.0.0.1", "127.0.0.3", "::1"}) {
    const auto ip = base::IpAddress::parse(asked).value();
    const auto peer = connect_datagram({.ip = ip, .port = local_of(*bound).port}, {});
    ASSERT_TRUE(peer);
    send_text(*peer, "hello");
    ASSERT_EQ(receive(received, *bound), 1U);
    EXPECT_EQ(received.at(0).local_ip, ip);
    const base::SocketAddress source = received.peer(0);
    EXPECT_EQ(source, local_of(*peer));

    // Its socket is connected: from any other address it would not take the answer.
    answers.clear();
    answers.add(base::as_bytes("answer"), 0, {.family = AF_INET6, .peer = &source, .local_ip = ip});
    ASSERT_EQ(answers.send(*bound), 1U);
    ASSERT_EQ(receive(received, *peer), 1U);
    EXPECT_EQ(base::as_text(received.at(0).payload), "answer");
  }
}

TEST(DatagramSocket, a_message_of_several_is_cut_and_may_come_in_joined) {
  const auto bound = bind_datagram(address("127.0.0.1:0"), {});
  const auto peer = connect_datagram(local_of(*bound), {});
  ASSERT_TRUE(peer);
  const std::string payload = std::string(400, 'a') + std::string(400, 'b') + std::string(100, 'c');
  SendBatch out;
  out.add(base::as_bytes(payload), 400, {});
  ASSERT_EQ(out.send(*peer), 1U);

  ReceiveBatch in;
  std::string arrived;
  while (arrived.size() < payload.size()) {
    const auto got = receive(in, *bound);
    ASSERT_TRUE(got);
    for (std::size_t i = 0; i < *got; ++i) {
      if (in.at(i).segment_bytes > 0) EXPECT_EQ(in.at(i).segment_bytes, 400);
      if (in.at(i).segment_bytes == 0) EXPECT_LE(in.at(i).payload.size(), 400U);
      arrived += base::as_text(in.at(i).payload);
    }
  }
  EXPECT_EQ(arrived, payload);
}

TEST(DatagramSocket, parts_from_different_places_leave_as_one_message) {
  const auto bound = bind_datagram(address("127.0.0.1:0"), {});
  const auto peer = connect_datagram(local_of(*bound), {});
  ASSERT_TRUE(peer);
  SendBatch out;
  out.add(base::as_bytes("aaaa"), 0, {});
  out.join(base::as_bytes("bbbb"), 4);
  out.join(base::as_bytes("cc"), 4);
  out.add(base::as_bytes("another"), 0, {});
  ASSERT_EQ(out.send(*peer), 2U);

  ReceiveBatch in;
  std::string arrived;
  while (arrived.size() < 17) {
    const auto got = receive(in, *bound);
    ASSERT_TRUE(got);
    for (std::size_t i = 0; i < *got; ++i) arrived += base::as_text(in.at(i).payload);
  }
  EXPECT_EQ(arrived, "aaaabbbbccanother");
}

TEST(DatagramSocket, an_empty_datagram_is_one) {
  const auto bound = bind_datagram(address("127.0.0.1:0"), {});
  const auto peer = connect_datagram(local_of(*bound), {});
  ASSERT_TRUE(peer);
  send_text(*peer, "");
  ReceiveBatch in;
  ASSERT_EQ(receive(in, *bound), 1U);
  EXPECT_TRUE(in.at(0).payload.empty());
}

TEST(DatagramSocket, what_does_not_fit_a_slot_is_marked) {
  const auto bound = bind_datagram(address("127.0.0.1:0"), {});
  const auto peer = connect_datagram(local_of(*bound), {});
  ASSERT_TRUE(peer);
  send_text(*peer, "12345678");
  send_text(*peer, "123456789");
  ReceiveBatch in(8);
  ASSERT_EQ(receive(in, *bound), 2U);
  EXPECT_FALSE(in.at(0).is_cut);
  EXPECT_TRUE(in.at(1).is_cut);
}

TEST(DatagramSocket, the_largest_datagrams_fit_a_slot_and_larger_ones_are_refused) {
  const auto bound = bind_datagram(address("[::1]:0"), {});
  const auto peer = connect_datagram(local_of(*bound), {});
  ASSERT_TRUE(peer);
  const std::string largest(65527, 'x');
  send_text(*peer, largest);
  ReceiveBatch in;
  ASSERT_EQ(receive(in, *bound), 1U);
  EXPECT_EQ(base::as_text(in.at(0).payload), largest);

  const std::string larger(65528, 'x');
  SendBatch out;
  out.add(base::as_bytes(larger), 0, {});
  const auto sent = out.send(*peer);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, Errc::datagram_too_large);
}

TEST(DatagramSocket, no_more_slots_are_filled_than_asked) {
  const auto bound = bind_datagram(address("127.0.0.1:0"), {});
  const auto peer = connect_datagram(local_of(*bound), {});
  ASSERT_TRUE(peer);
  // Sizes that differ cannot be joined.
  for (const std::string_view text : {"1", "22", "333"}) send_text(*peer, text);
  ReceiveBatch in;
  EXPECT_EQ(receive(in, *bound, 2), 2U);
  EXPECT_EQ(receive(in, *bound, 2), 1U);
  const auto none = in.receive(*bound, 2);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::would_block);
}

TEST(DatagramSocket, a_connected_one_hears_that_nobody_is_there) {
  auto bound = bind_datagram(address("127.0.0.1:0"), {});
  const base::SocketAddress nobody = local_of(*bound);
  bound->close();
  const auto peer = connect_datagram(nobody, {});
  ASSERT_TRUE(peer);
  send_text(*peer, "hello");
  ReceiveBatch in;
  const auto got = receive(in, *peer);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::refused);
}

TEST(DatagramSocket, an_address_is_shared_only_where_both_want_it) {
  const auto first = bind_datagram(address("127.0.0.1:0"), {.reuse_port = true});
  ASSERT_TRUE(first);
  EXPECT_TRUE(bind_datagram(local_of(*first), {.reuse_port = true}));
  const auto other = bind_datagram(local_of(*first), {});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Errc::address_in_use);
}

TEST(DatagramSocket, an_address_of_another_machine_cannot_be_bound) {
  const auto bound = bind_datagram(address("192.0.2.1:0"), {});
  ASSERT_FALSE(bound);
  EXPECT_EQ(bound.error().code, Errc::address_not_available);
}

TEST(DatagramSocket, errors_that_say_a_message_cannot_be_cut_are_told_from_others) {
  for (const int code : {EINVAL, EMSGSIZE, EIO, ENOPROTOOPT, EOPNOTSUPP}) {
    EXPECT_TRUE(cannot_cut(base::from_errno(code, "")));
  }
  for (const int code : {EAGAIN, ECONNREFUSED, ENOBUFS, EPERM})
    EXPECT_FALSE(cannot_cut(base::from_errno(code, "")));
}

}  // namespace
}  // namespace causeway::os
