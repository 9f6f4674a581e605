// SPDX-License-Identifier: Apache-2.0
#include "proxy/route_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "model/listener.h"
#include "proxy/internal/tcp_test_worker.h"
#include "wire/tls_hello.h"

namespace causeway::proxy {
namespace {

using tcp_test::ip;
using tcp_test::network;

constexpr std::string_view kH2 = "\x02h2";
constexpr std::string_view kHttp1 = "\x08http/1.1";

struct Asked {
  std::string_view sni;
  std::string_view alpn;
  std::string_view source = "192.0.2.1";
};

std::optional<std::uint32_t> find(const model::Listener& listener, const Asked& asked) {
  const RouteTable table(listener);
  const auto* route = table.find({.sni = asked.sni,
                                  .alpn = wire::AlpnList(base::as_bytes(asked.alpn)),
                                  .source = ip(asked.source)});
  if (route == nullptr) return std::nullopt;
  return static_cast<std::uint32_t>(route->pool.index());
}

// Each is a route to the pool of its index.
model::Listener listener_of(const std::vector<model::RouteMatch>& matches) {
  model::Listener listener;
  for (std::uint32_t i = 0; i < matches.size(); ++i)
    listener.routes.push_back({.match = matches[i], .pool = base::PoolId(i)});
  return listener;
}

TEST(RouteTable, the_most_specific_route_wins_wherever_it_stands_in_the_file) {
  const std::vector<model::RouteMatch> matches = {
      {.sni = {"www.example.com"}, .alpn = {}, .source = {}},       // 0
      {.sni = {"*.example.com"}, .alpn = {}, .source = {}},         // 1
      {.sni = {"*.a.example.com"}, .alpn = {}, .source = {}},       // 2
      {.sni = {"www.example.com"}, .alpn = {"h2"}, .source = {}},   // 3
      {.sni = {}, .alpn = {}, .source = {network("10.0.0.0/8")}},   // 4
      {.sni = {}, .alpn = {}, .source = {network("10.1.0.0/16")}},  // 5
      {.sni = {}, .alpn = {}, .source = {}},                        // 6
  };
  const std::vector<std::pair<Asked, std::uint32_t>> expected = {
      {{"www.example.com", ""}, 0},
      {{"WWW.Example.COM", kHttp1}, 0},
      {{"www.example.com", kH2}, 3},
      {{"www.example.com", "", "10.1.2.3"}, 0},  // a name goes before a source
      {{"other.example.com", ""}, 1},
      {{"b.c.example.com", ""}, 1},
      {{"x.a.example.com", ""}, 2},
      {{"a.example.com", ""}, 1},  // "*.a.example.com" wants one label more
      {{"example.com", ""}, 6},
      {{"badexample.com", ""}, 6},
      {{"", kH2}, 6},
      {{"", "", "10.2.0.1"}, 4},
      {{"", "", "10.1.0.1"}, 5},
      {{"else.test", "", "10.1.0.1"}, 5},
  };
  std::vector<std::size_t> order(matches.size());
  std::iota(order.begin(), order.end(), 0);
  do {
    model::Listener listener;
    for (const std::size_t i : order)
      listener.routes.push_back(
          {.match = matches[i], .pool = base::PoolId(static_cast<std::uint32_t>(i))});
    for (const auto& [asked, pool] : expected)
      ASSERT_EQ(find(listener, asked), pool) << asked.sni << " " << asked.source;
  } while (std::ranges::next_permutation(order).found);
}

TEST(RouteTable, all_conditions_of_a_route_must_hold) {
  const auto listener =
      listener_of({{.sni = {"a.test"}, .alpn = {"h2"}, .source = {network("10.0.0.0/8")}}});
  EXPECT_EQ(find(listener, {"a.test", kH2, "10.0.0.1"}), 0U);
  EXPECT_EQ(find(listener, {"b.test", kH2, "10.0.0.1"}), std::nullopt);
  EXPECT_EQ(find(listener, {"a.test", kHttp1, "10.0.0.1"}), std::nullopt);
  EXPECT_EQ(find(listener, {"a.test", "", "10.0.0.1"}), std::nullopt);
  EXPECT_EQ(find(listener, {"a.test", kH2, "11.0.0.1"}), std::nullopt);
}

TEST(RouteTable, any_value_of_a_condition_will_do) {
  const auto listener =
      listener_of({{.sni = {"a.test", "*.b.test"},
                    .alpn = {"h2", "http/1.1"},
                    .source = {network("10.0.0.0/8"), network("2001:db8::/32")}}});
  for (const std::string_view sni : {"a.test", "x.b.test"}) {
    for (const std::string_view alpn : {kH2, kHttp1}) {
      for (const std::string_view source : {"10.9.9.9", "2001:db8::1"})
        EXPECT_EQ(find(listener, {sni, alpn, source}), 0U);
    }
  }
}

TEST(RouteTable, an_exact_name_that_does_not_fit_otherwise_leaves_the_wildcard) {
  const auto listener = listener_of({{.sni = {"www.a.test"}, .alpn = {"h2"}, .source = {}},
                                     {.sni = {"*.a.test"}, .alpn = {}, .source = {}}});
  EXPECT_EQ(find(listener, {"www.a.test", kH2}), 0U);
  EXPECT_EQ(find(listener, {"www.a.test", kHttp1}), 1U);
}

TEST(RouteTable, the_network_that_holds_the_source_decides_not_the_longest_of_the_route) {
  std::vector<model::RouteMatch> matches = {
      {.sni = {}, .alpn = {}, .source = {network("10.0.0.0/8"), network("192.168.1.0/24")}},
      {.sni = {}, .alpn = {}, .source = {network("10.1.0.0/16")}}};
  EXPECT_EQ(find(listener_of(matches), {"", "", "10.1.2.3"}), 1U);
  EXPECT_EQ(find(listener_of(matches), {"", "", "10.2.2.3"}), 0U);
  std::swap(matches[0], matches[1]);
  EXPECT_EQ(find(listener_of(matches), {"", "", "10.1.2.3"}), 0U);
}

TEST(RouteTable, of_two_alike_the_first_in_the_file_wins) {
  const auto listener = listener_of({{.sni = {"a.test"}, .alpn = {"h2"}, .source = {}},
                                     {.sni = {"a.test"}, .alpn = {"http/1.1"}, .source = {}}});
  EXPECT_EQ(find(listener, {"a.test", "\x08http/1.1\x02h2"}), 0U);
}

TEST(RouteTable, without_a_default_route_what_fits_none_has_none) {
  const auto listener = listener_of({{.sni = {"a.test"}, .alpn = {}, .source = {}}});
  EXPECT_EQ(find(listener, {"b.test", ""}), std::nullopt);
  EXPECT_EQ(find(listener, {"", ""}), std::nullopt);
}

}  // namespace
}  // namespace causeway::proxy
