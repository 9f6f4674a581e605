// SPDX-License-Identifier: Apache-2.0
#include "os/socket_name.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/error.h"

namespace causeway::os {
namespace {

base::Address parse(std::string_view text) { return base::Address::parse(text).value(); }

TEST(SocketName, addresses_of_every_kind_come_back_as_they_went) {
  for (const char* text :
       {"192.0.2.1:80", "0.0.0.0:0", "255.255.255.255:65535", "[2001:db8::1]:443", "[::]:8080",
        "[::1]:1", "unix:/run/app.sock", "unix:@abstract"}) {
    const auto name = SocketName::of(parse(text));
    ASSERT_TRUE(name.has_value()) << text;
    EXPECT_EQ(name->to_address(), parse(text)) << text;
  }
}

TEST(SocketName, the_family_is_that_of_the_address) {
  EXPECT_EQ(SocketName::of(parse("192.0.2.1:80"))->family(), AF_INET);
  EXPECT_EQ(SocketName::of(parse("192.0.2.1:80"))->size(), sizeof(sockaddr_in));
  EXPECT_EQ(SocketName::of(parse("[2001:db8::1]:80"))->family(), AF_INET6);
  EXPECT_EQ(SocketName::of(parse("[2001:db8::1]:80"))->size(), sizeof(sockaddr_in6));
  EXPECT_EQ(SocketName::of(parse("unix:/a"))->family(), AF_UNIX);
}

TEST(SocketName, for_an_ipv6_socket_an_ipv4_address_is_mapped_and_comes_back_as_ipv4) {
  SocketName name = SocketName::of(parse("192.0.2.1:80")).value();
  name.convert_to_family(AF_INET6);
  EXPECT_EQ(name.family(), AF_INET6);
  EXPECT_EQ(name.size(), sizeof(sockaddr_in6));
  EXPECT_EQ(name.to_address(), parse("192.0.2.1:80"));
}

TEST(SocketName, what_is_of_the_family_already_is_left_alone) {
  SocketName v4 = SocketName::of(parse("192.0.2.1:80")).value();
  v4.convert_to_family(AF_INET);
  EXPECT_EQ(v4.family(), AF_INET);
  SocketName v6 = SocketName::of(parse("[2001:db8::1]:80")).value();
  v6.convert_to_family(AF_INET6);
  EXPECT_EQ(v6.to_address(), parse("[2001:db8::1]:80"));
}

TEST(SocketName, a_host_name_must_be_resolved_first) {
  const auto name = SocketName::of(base::Address(base::NamedAddress{.host = "db", .port = 1}));
  ASSERT_FALSE(name.has_value());
  EXPECT_EQ(name.error().code, Errc::unsupported);
}

TEST(SocketName, a_unix_path_must_fit_with_its_final_zero) {
  constexpr std::size_t kRoom = sizeof(sockaddr_un{}.sun_path);
  const std::string fits = "/" + std::string(kRoom - 2, 'x');
  EXPECT_EQ(SocketName::of(base::Address(base::UnixAddress{fits}))->to_address(),
            base::Address(base::UnixAddress{fits}));
  const auto too_long = SocketName::of(base::Address(base::UnixAddress{fits + "x"}));
  ASSERT_FALSE(too_long.has_value());
  EXPECT_EQ(too_long.error().code, Errc::out_of_range);
  EXPECT_FALSE(SocketName::of(base::Address(base::UnixAddress{""})).has_value());
}

TEST(SocketName, an_unnamed_unix_socket_has_an_empty_path) {
  SocketName name;
  name.raw()->sa_family = AF_UNIX;
  *name.size_to_fill() = sizeof(sa_family_t);
  EXPECT_EQ(name.to_address(), base::Address(base::UnixAddress{}));
}

}  // namespace
}  // namespace causeway::os
