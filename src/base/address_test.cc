// SPDX-License-Identifier: Apache-2.0
#include "base/address.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace causeway::base {
namespace {

using namespace std::string_view_literals;

IpAddress ip(std::string_view text) {
  const auto parsed = IpAddress::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(IpAddress());
}

Network network(std::string_view text) {
  const auto parsed = Network::parse(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(Network());
}

TEST(IpAddress, canonical_text_survives_a_round_trip) {
  for (const auto text : {"0.0.0.0"sv, "127.0.0.1"sv, "192.0.2.1"sv, "255.255.255.255"sv, "::"sv,
                          "::1"sv, "2001:db8::1"sv, "2001:db8:0:1:1:1:1:1"sv, "fe80::1:0:0:1"sv,
                          "1:2:3:4:5:6:7:8"sv, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"sv}) {
    EXPECT_EQ(ip(text).to_text(), text);
  }
}

TEST(IpAddress, ipv6_text_is_written_as_rfc_5952_says) {
  EXPECT_EQ(ip("2001:0DB8:0000:0000:0000:0000:0000:0001").to_text(), "2001:db8::1");
  EXPECT_EQ(ip("2001:db8:0:0:1:0:0:1").to_text(), "2001:db8::1:0:0:1");
  EXPECT_EQ(ip("2001:db8::1:1:1:1:1").to_text(), "2001:db8:0:1:1:1:1:1");
}

TEST(IpAddress, anything_else_is_refused) {
  for (const auto text : {""sv,          "1.2.3"sv,         "1.2.3.4.5"sv,
                          "1.2.3.256"sv, "01.2.3.4"sv,      "1.2.3.4 "sv,
                          " 1.2.3.4"sv,  "1.2.3.4:80"sv,    "0x7f.1"sv,
                          "127.1"sv,     "1.2.3.-4"sv,      "[::1]"sv,
                          "::1%lo"sv,    ":::"sv,           "1::2::3"sv,
                          "12345::"sv,   "1:2:3:4:5:6:7"sv, "1:2:3:4:5:6:7:8:9"sv,
                          "g::"sv,       "localhost"sv,     "1.2.3.4\0"sv,
                          "::1\0junk"sv}) {
    const auto parsed = IpAddress::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Errc::bad_syntax);
  }
  EXPECT_FALSE(IpAddress::parse(std::string(4096, '1')));
}

TEST(IpAddress, a_mapped_address_is_the_ipv4_address_it_stands_for) {
  const auto mapped = ip("::ffff:192.0.2.1");
  EXPECT_EQ(mapped, ip("192.0.2.1"));
  EXPECT_TRUE(mapped.is_v4());
  EXPECT_EQ(mapped.to_text(), "192.0.2.1");
  EXPECT_EQ(mapped.v4_octets(), (std::array<std::uint8_t, 4>{192, 0, 2, 1}));
  EXPECT_EQ(IpAddress::from_v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1}), mapped);
  EXPECT_EQ(IpAddress::from_v4({192, 0, 2, 1}), mapped);
}

TEST(IpAddress, special_addresses_of_both_families_are_known) {
  EXPECT_TRUE(ip("0.0.0.0").is_unspecified());
  EXPECT_TRUE(ip("::").is_unspecified());
  EXPECT_FALSE(ip("::1").is_unspecified());
  EXPECT_TRUE(ip("127.0.0.1").is_loopback());
  EXPECT_TRUE(ip("127.255.0.9").is_loopback());
  EXPECT_TRUE(ip("::1").is_loopback());
  EXPECT_FALSE(ip("128.0.0.1").is_loopback());
  EXPECT_FALSE(ip("1::1").is_loopback());
  EXPECT_FALSE(ip("::2").is_loopback());
}

TEST(IpAddress, is_not_v4_by_a_hair) {
  EXPECT_FALSE(ip("::fffe:1.2.3.4").is_v4());
  EXPECT_FALSE(ip("::1.2.3.4").is_v4());
  EXPECT_FALSE(ip("64:ff9b::1.2.3.4").is_v4());
}

TEST(SocketAddress, survives_a_round_trip) {
  for (const auto text : {"192.0.2.1:80"sv, "0.0.0.0:0"sv, "[2001:db8::1]:65535"sv, "[::]:1"sv}) {
    const auto parsed = SocketAddress::parse(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->to_text(), text);
  }
}

TEST(SocketAddress, anything_else_is_refused) {
  for (const auto text :
       {""sv, ":80"sv, "1.2.3.4"sv, "1.2.3.4:"sv, "1.2.3.4:080"sv, "1.2.3.4:-1"sv, "1.2.3.4:+1"sv,
        "1.2.3.4: 1"sv, "1.2.3.4:80x"sv, "::1:80"sv, "[::1]"sv, "[::1]80"sv, "[]:80"sv,
        "[1.2.3.4]:80"sv, "[::1:80"sv, "::1]:80"sv, "[[::1]]:80"sv, "localhost:80"sv}) {
    const auto parsed = SocketAddress::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Errc::bad_syntax) << text;
  }
  const auto too_high = SocketAddress::parse("1.2.3.4:65536");
  ASSERT_FALSE(too_high);
  EXPECT_EQ(too_high.error().code, Errc::out_of_range);
}

TEST(Address, every_kind_survives_a_round_trip) {
  for (const auto text :
       {"192.0.2.1:80"sv, "[2001:db8::1]:80"sv, "unix:/run/app.sock"sv, "unix:./app.sock"sv,
        "unix:@name"sv, "db.internal:5432"sv, "localhost:0"sv}) {
    const auto parsed = Address::parse(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->to_text(), text);
    EXPECT_EQ(Address::parse(parsed->to_text()), parsed);
  }
}

TEST(Address, knows_its_kind) {
  const auto address = Address::parse("192.0.2.1:80").value();
  ASSERT_NE(address.socket(), nullptr);
  EXPECT_EQ(address.socket()->port, 80);
  EXPECT_EQ(address.unix_socket(), nullptr);
  EXPECT_EQ(address.named(), nullptr);

  const auto local = Address::parse("unix:@x").value();
  ASSERT_NE(local.unix_socket(), nullptr);
  EXPECT_EQ(local.unix_socket()->path, "@x");
  EXPECT_EQ(local.socket(), nullptr);
}

TEST(Address, a_bare_port_is_every_address_of_both_families) {
  const auto address = Address::parse(":8080").value();
  ASSERT_NE(address.socket(), nullptr);
  EXPECT_EQ(address.socket()->ip, IpAddress());
  EXPECT_EQ(address.socket()->port, 8080);
  EXPECT_EQ(address.to_text(), "[::]:8080");
}

TEST(Address, names_lose_case_and_the_final_dot) {
  const auto address = Address::parse("DB.Internal.:5432").value();
  ASSERT_NE(address.named(), nullptr);
  EXPECT_EQ(address.named()->host, "db.internal");
  EXPECT_EQ(address.named()->port, 5432);
}

TEST(Address, anything_else_is_refused) {
  for (const auto text : {""sv,
                          ":"sv,
                          "80"sv,
                          "localhost"sv,
                          "localhost:"sv,
                          "localhost:http"sv,
                          "local host:80"sv,
                          "300.1.2.3:80"sv,
                          "1.2.3:80"sv,
                          "a..b:80"sv,
                          "a.b..:80"sv,
                          "-a:80"sv,
                          "unix:"sv,
                          "unix:/"sv,
                          "unix:@"sv,
                          "unix:80"sv,
                          "unix:app.sock"sv,
                          "unix:/a\0b"sv,
                          "::1:80"sv,
                          "[localhost]:80"sv,
                          "http://a:80"sv,
                          ":080"sv}) {
    EXPECT_FALSE(Address::parse(text)) << text;
  }
  EXPECT_EQ(Address::parse("a:65536").error().code, Errc::out_of_range);
  EXPECT_EQ(Address::parse(":65536").error().code, Errc::out_of_range);
}

TEST(Address, a_unix_path_fits_the_kernels_buffer) {
  EXPECT_TRUE(Address::parse("unix:/" + std::string(106, 'a')));
  EXPECT_EQ(Address::parse("unix:/" + std::string(107, 'a')).error().code, Errc::out_of_range);
  EXPECT_TRUE(Address::parse("unix:@" + std::string(107, 'a')));
  EXPECT_EQ(Address::parse("unix:@" + std::string(108, 'a')).error().code, Errc::out_of_range);
}

TEST(Address, errors_say_what_is_missing) {
  EXPECT_STREQ(Address::parse("localhost").error().note, "the port is missing");
  EXPECT_STREQ(Address::parse("unix:80").error().note, "unix: takes /path, ./path or @name");
}

TEST(Network, survives_a_round_trip) {
  for (const auto text : {"10.0.0.0/8"sv, "0.0.0.0/0"sv, "192.0.2.1/32"sv, "::/0"sv,
                          "2001:db8::/32"sv, "::1/128"sv, "128.0.0.0/1"sv}) {
    EXPECT_EQ(network(text).to_text(), text);
  }
}

TEST(Network, contains_what_shares_its_prefix) {
  const auto ten = network("10.0.0.0/8");
  EXPECT_TRUE(ten.contains(ip("10.0.0.0")));
  EXPECT_TRUE(ten.contains(ip("10.255.255.255")));
  EXPECT_FALSE(ten.contains(ip("11.0.0.0")));
  EXPECT_FALSE(ten.contains(ip("9.255.255.255")));

  const auto odd = network("192.0.2.128/25");
  EXPECT_TRUE(odd.contains(ip("192.0.2.128")));
  EXPECT_FALSE(odd.contains(ip("192.0.2.127")));

  const auto six = network("2001:db8::/33");
  EXPECT_TRUE(six.contains(ip("2001:db8:7fff::1")));
  EXPECT_FALSE(six.contains(ip("2001:db8:8000::1")));
}

TEST(Network, a_bare_address_is_a_network_of_one) {
  const auto one = network("192.0.2.1");
  EXPECT_EQ(one, network("192.0.2.1/32"));
  EXPECT_TRUE(one.contains(ip("192.0.2.1")));
  EXPECT_FALSE(one.contains(ip("192.0.2.0")));
  EXPECT_EQ(network("::1"), network("::1/128"));
}

TEST(Network, families_do_not_contain_each_other) {
  EXPECT_FALSE(network("::/0").contains(ip("192.0.2.1")));
  EXPECT_TRUE(network("::/0").contains(ip("2001:db8::1")));
  EXPECT_TRUE(network("0.0.0.0/0").contains(ip("192.0.2.1")));
  EXPECT_FALSE(network("0.0.0.0/0").contains(ip("::1")));
  EXPECT_FALSE(network("0.0.0.0/0").contains(ip("::")));
}

TEST(Network, mapped_spelling_is_the_ipv4_network) {
  EXPECT_EQ(network("::ffff:10.0.0.0/104"), network("10.0.0.0/8"));
  EXPECT_TRUE(network("10.0.0.0/8").contains(ip("::ffff:10.1.2.3")));
  EXPECT_EQ(network("::ffff:0:0/96"), network("0.0.0.0/0"));
}

TEST(Network, bits_beyond_the_prefix_are_a_mistake) {
  for (const auto text : {"10.0.0.1/8"sv, "0.0.0.1/0"sv, "192.0.2.1/31"sv, "2001:db8::1/64"sv,
                          "::1/127"sv, "::ffff:0:0/90"sv}) {
    const auto parsed = Network::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Errc::bad_syntax);
  }
}

TEST(Network, anything_else_is_refused) {
  for (const auto text :
       {""sv, "/8"sv, "10.0.0.0/"sv, "10.0.0.0/08"sv, "10.0.0.0/8/8"sv, "10.0.0.0/-1"sv,
        "10.0.0.0/ 8"sv, "10/8"sv, "example.com/8"sv, "10.0.0.0/255.0.0.0"sv}) {
    const auto parsed = Network::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Errc::bad_syntax) << text;
  }
  EXPECT_EQ(Network::parse("10.0.0.0/33").error().code, Errc::out_of_range);
  EXPECT_EQ(Network::parse("::/129").error().code, Errc::out_of_range);
}

TEST(Network, a_list_contains_what_one_of_it_contains) {
  const std::vector<Network> list = {network("10.0.0.0/8"), network("2001:db8::/32")};
  EXPECT_TRUE(any_contains(list, ip("10.1.1.1")));
  EXPECT_TRUE(any_contains(list, ip("2001:db8::5")));
  EXPECT_FALSE(any_contains(list, ip("192.0.2.1")));
  EXPECT_FALSE(any_contains({}, ip("10.1.1.1")));
}

TEST(AddressHash, depends_on_address_port_and_key_alone) {
  const SocketAddress a{.ip = ip("192.0.2.1"), .port = 80};
  const SocketAddress same{.ip = ip("::ffff:192.0.2.1"), .port = 80};
  const SocketAddress other_port{.ip = a.ip, .port = 81};
  const SocketAddress swapped_port{.ip = a.ip, .port = 80 << 8};
  EXPECT_EQ(hash_of(a, 7), hash_of(same, 7));
  EXPECT_NE(hash_of(a, 7), hash_of(a, 8));
  EXPECT_NE(hash_of(a, 7), hash_of(other_port, 7));
  EXPECT_NE(hash_of(a, 7), hash_of(swapped_port, 7));
  EXPECT_EQ(hash_of(a.ip, 7), hash_of(same.ip, 7));
  EXPECT_NE(hash_of(a.ip, 7), hash_of(a.ip, 8));
}

TEST(AddressHash, neighbours_spread_over_the_buckets) {
  std::vector<unsigned> buckets(64);
  for (std::uint8_t c = 0; c < 16; ++c) {
    for (unsigned d = 0; d < 256; ++d) {
      const auto hash = hash_of(IpAddress::from_v4({10, 0, c, static_cast<std::uint8_t>(d)}), 1);
      ++buckets[hash % buckets.size()];
    }
  }
  for (const unsigned count : buckets) {  // 64 expected, standard deviation 8
    EXPECT_GT(count, 24U);
    EXPECT_LT(count, 104U);
  }
}

}  // namespace
}  // namespace causeway::base
