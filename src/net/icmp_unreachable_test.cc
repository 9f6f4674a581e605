// SPDX-License-Identifier: Apache-2.0
#include "net/icmp_unreachable.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/address.h"
#include "base/bytes.h"
#include "base/error.h"

namespace causeway::net {
namespace {

base::SocketAddress address(std::string_view text) {
  return base::SocketAddress::parse(text).value();
}

std::uint16_t folded_sum(Bytes bytes, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    sum += std::to_integer<std::uint32_t>(bytes[i]) * 256 +
           std::to_integer<std::uint32_t>(bytes[i + 1]);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

int at(Bytes bytes, std::size_t offset) { return std::to_integer<int>(bytes[offset]); }
int word_at(Bytes bytes, std::size_t offset) {
  return at(bytes, offset) * 256 + at(bytes, offset + 1);
}

TEST(IcmpUnreachable, an_ipv4_message_quotes_the_datagram_as_it_was_sent) {
  const auto message = port_unreachable_v4(address("192.0.2.9:4660"), address("198.51.100.7:53"));
  const Bytes icmp(message);
  EXPECT_EQ(at(icmp, 0), 3);
  EXPECT_EQ(at(icmp, 1), 3);
  EXPECT_EQ(folded_sum(icmp), 0xffff);  // RFC 1071: the sum with its checksum in it

  const Bytes ip = icmp.subspan(8, 20);
  EXPECT_EQ(at(ip, 0), 0x45);
  EXPECT_EQ(word_at(ip, 2), 28);
  EXPECT_EQ(at(ip, 9), 17);
  EXPECT_EQ(folded_sum(ip), 0xffff);
  EXPECT_EQ(word_at(ip, 12), 192 * 256 + 0);
  EXPECT_EQ(word_at(ip, 14), 2 * 256 + 9);
  EXPECT_EQ(word_at(ip, 16), 198 * 256 + 51);
  EXPECT_EQ(word_at(ip, 18), 100 * 256 + 7);

  const Bytes udp = icmp.subspan(28);
  EXPECT_EQ(word_at(udp, 0), 4660);
  EXPECT_EQ(word_at(udp, 2), 53);
  EXPECT_EQ(word_at(udp, 4), 8);
}

TEST(IcmpUnreachable, an_ipv6_message_quotes_a_datagram_with_a_right_checksum) {
  const auto message =
      port_unreachable_v6(address("[2001:db8::9]:4660"), address("[2001:db8::7]:53"));
  const Bytes icmp(message);
  EXPECT_EQ(at(icmp, 0), 1);
  EXPECT_EQ(at(icmp, 1), 4);
  EXPECT_EQ(word_at(icmp, 2), 0);  // the kernel's to fill in

  const Bytes ip = icmp.subspan(8, 40);
  EXPECT_EQ(at(ip, 0), 0x60);
  EXPECT_EQ(word_at(ip, 4), 8);
  EXPECT_EQ(at(ip, 6), 17);
  EXPECT_EQ(at(ip, 23), 9);
  EXPECT_EQ(at(ip, 39), 7);

  const Bytes udp = icmp.subspan(48);
  EXPECT_EQ(word_at(udp, 0), 4660);
  EXPECT_EQ(word_at(udp, 2), 53);
  EXPECT_NE(word_at(udp, 6), 0);
  const std::uint32_t pseudo_header = folded_sum(ip.subspan(8));
  EXPECT_EQ(folded_sum(udp, pseudo_header + 8 + 17), 0xffff);
}

TEST(IcmpUnreachable, addresses_of_two_families_are_refused) {
  IcmpUnreachable sender(std::nullopt, std::nullopt);
  const auto sent = sender.send(address("192.0.2.9:1"), address("[2001:db8::7]:2"));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, Errc::unsupported);
}

TEST(IcmpUnreachable, a_family_without_a_socket_is_unsupported) {
  IcmpUnreachable sender(std::nullopt, std::nullopt);
  const auto sent = sender.send(address("192.0.2.9:1"), address("192.0.2.1:2"));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, Errc::unsupported);
}

}  // namespace
}  // namespace causeway::net
