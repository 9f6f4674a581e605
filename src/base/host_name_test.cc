// SPDX-License-Identifier: Apache-2.0
#include "base/host_name.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace causeway::base {
namespace {

using namespace std::string_view_literals;

TEST(HostName, ordinary_names_are_accepted) {
  for (const auto name :
       {"localhost"sv, "a"sv, "example.com"sv, "xn--bcher-kva.example"sv, "3com.net"sv, "my_db"sv,
        "Example.COM"sv, "10.0.0.1.example"sv, "a-b.c"sv}) {
    EXPECT_TRUE(is_host_name(name)) << name;
  }
}

TEST(HostName, what_is_not_a_name_is_refused) {
  for (const auto name :
       {""sv, "."sv, "a."sv, ".a"sv, "a..b"sv, "-a.com"sv, "a-.com"sv, "a b"sv, "a/b"sv,
        "b\xc3\xbc"
        "cher.de"sv,
        "a\0b"sv, "a:80"sv, "*.example.com"sv, "[::1]"sv}) {
    EXPECT_FALSE(is_host_name(name)) << name;
  }
}

TEST(HostName, a_last_label_of_digits_is_an_address_gone_wrong) {
  EXPECT_FALSE(is_host_name("192.0.2.1"));
  EXPECT_FALSE(is_host_name("300.1.1.1"));
  EXPECT_FALSE(is_host_name("example.123"));
  EXPECT_FALSE(is_host_name("80"));
}

TEST(HostName, labels_end_at_63_and_names_at_253_bytes) {
  const std::string label(63, 'a');
  EXPECT_TRUE(is_host_name(label));
  EXPECT_FALSE(is_host_name(label + "a"));

  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'b');
  ASSERT_EQ(longest.size(), kHostNameBytesMax);
  EXPECT_TRUE(is_host_name(longest));
  EXPECT_FALSE(is_host_name(longest + "b"));
}

}  // namespace
}  // namespace causeway::base
