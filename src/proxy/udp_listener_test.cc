// SPDX-License-Identifier: Apache-2.0
// The UDP listener in a simulated world; over real sockets it is in udp_listener_sockets_test.cc.
#include "proxy/udp_listener.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/ids.h"
#include "model/pool.h"
#include "model/snapshot.h"
#include "net/datagram.h"
#include "proxy/internal/udp_test_gateway.h"
#include "runtime/limits.h"
#include "runtime/scope.h"
#include "sim/host.h"
#include "sim/seeds.h"
#include "sim/world.h"
#include "wire/proxy_header.h"

namespace causeway::proxy {
namespace {

using namespace std::chrono_literals;
using namespace udp_test;

// --- In a simulated world
// ----------------------------------------------------------------------------

constexpr std::string_view kGateway = "10.0.0.1:53";

class UdpListenerTest : public testing::Test {
 protected:
  void TearDown() override {
    endpoints_.cancel();
    if (gateway_) world_.run(gateway_->close());
    world_.run_until_joined(endpoints_);
    EXPECT_EQ(gateway_ ? gateway_->listener().sessions() : 0U, 0U);
    EXPECT_EQ(gateway_ ? gateway_->admission().connections() : 0U, 0U);
  }

  Gateway& start(model::Snapshot snapshot) {
    gateway_ =
        std::make_unique<Gateway>(world_.loop(), world_.network("10.0.0.1"), std::move(snapshot));
    return *gateway_;
  }
  // An endpoint that answers, on a host of its own.
  base::SocketAddress add_echo(std::string_view where, std::string name) {
    const base::SocketAddress at = address(where);
    sockets_.push_back(world_.network(at.ip.to_text()).bind_datagram(at, {}).value());
    endpoints_.spawn(serve_echo(*sockets_.back(), std::move(name)));
    return at;
  }
  net::DatagramPtr connect_from(std::string_view ip, std::string_view to = kGateway) {
    return world_.network(ip).connect_datagram(address(to), {}).value();
  }
  Result<std::string> ask_once(net::DatagramSocket& socket, std::string text) {
    return world_.run(ask(socket, std::move(text)));
  }

  sim::World world_{1};
  std::vector<net::DatagramPtr> sockets_;
  runtime::Scope endpoints_{world_.loop()};
  std::unique_ptr<Gateway> gateway_;
};

TEST_F(UdpListenerTest, datagrams_of_one_source_are_one_session) {
  Gateway& gateway =
      start(snapshot_of(kGateway, {add_echo("10.0.1.1:53", "a:"), add_echo("10.0.1.2:53", "b:")}));
  const auto downstream = connect_from("10.0.2.1");
  const auto first = ask_once(*downstream, "one");
  ASSERT_TRUE(first);
  const char name = (*first)[0];
  EXPECT_EQ(ask_once(*downstream, "two"), std::string(1, name) + ":two");
  EXPECT_EQ(ask_once(*downstream, ""), std::string(1, name) + ":");
  EXPECT_EQ(gateway.listener().sessions(), 1U);
  EXPECT_EQ(gateway.metrics().sessions_opened.value(), 1U);
  EXPECT_EQ(gateway.metrics().received_datagrams.value(), 3U);
  EXPECT_EQ(gateway.metrics().received_bytes.value(), 6U);
  EXPECT_EQ(gateway.metrics().sent_datagrams.value(), 3U);
  EXPECT_EQ(gateway.metrics().sent_bytes.value(), 12U);
  EXPECT_EQ(gateway.metrics().dropped.total(), 0U);
}

TEST_F(UdpListenerTest, other_sources_have_sessions_of_their_own) {
  Gateway& gateway =
      start(snapshot_of(kGateway, {add_echo("10.0.1.1:53", "a:"), add_echo("10.0.1.2:53", "b:")}));
  const auto first = connect_from("10.0.2.1");
  const auto second = connect_from("10.0.2.1");
  const auto third = connect_from("10.0.2.2");
  EXPECT_TRUE(ask_once(*first, "x"));
  EXPECT_TRUE(ask_once(*second, "y"));
  EXPECT_TRUE(ask_once(*third, "z"));
  EXPECT_EQ(gateway.listener().sessions(), 3U);
  EXPECT_EQ(gateway.admission().connections(), 3U);
}

TEST_F(UdpListenerTest, a_wildcard_answers_from_the_address_that_was_asked) {
  world_.internet().add_address(world_.internet().host(address(kGateway).ip),
                                base::IpAddress::parse("10.0.0.2").value());
  Gateway& gateway = start(snapshot_of("0.0.0.0:53", {add_echo("10.0.1.1:53", "a:")}));
  // One local port towards both, so that only the asked address tells the sessions apart.
  const auto downstream =
      world_.network("10.0.2.1").bind_datagram(address("10.0.2.1:4000"), {}).value();
  for (const std::string_view asked : {"10.0.0.1:53", "10.0.0.2:53"}) {
    const net::Packet packet{.payload = base::as_bytes("q"), .peer = address(asked)};
    ASSERT_EQ(downstream->send_now({&packet, 1}), 1U);
    const auto got = world_.run(runtime::within(1s, receive_some(*downstream)));
    ASSERT_TRUE(got);
    EXPECT_EQ(got->front().peer, address(asked));
  }
  EXPECT_EQ(gateway.listener().sessions(), 2U);
}

TEST_F(UdpListenerTest, a_silent_session_expires_and_a_busy_one_does_not) {
  Gateway& gateway = start(snapshot_of(kGateway, {add_echo("10.0.1.1:53", "a:")}));
  const auto silent = connect_from("10.0.2.1");
  const auto busy = connect_from("10.0.2.2");
  EXPECT_TRUE(ask_once(*silent, "x"));
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(ask_once(*busy, "y"));
    world_.run_for(20s);
  }
  EXPECT_EQ(gateway.listener().sessions(), 1U);
  EXPECT_EQ(gateway.metrics().sessions_expired.value(), 1U);
  EXPECT_EQ(gateway.metrics().sessions_active.value(), 1);
  world_.run_for(31s);
  EXPECT_EQ(gateway.listener().sessions(), 0U);
  EXPECT_EQ(gateway.metrics().sessions_expired.value(), 2U);
  EXPECT_EQ(gateway.admission().connections(), 0U);
  EXPECT_EQ(ask_once(*silent, "again"), "a:again");
  EXPECT_EQ(gateway.metrics().sessions_opened.value(), 3U);
}

TEST_F(UdpListenerTest, at_the_bound_new_sessions_are_refused_and_old_ones_go_on) {
  model::Snapshot snapshot = snapshot_of(kGateway, {add_echo("10.0.1.1:53", "a:")});
  snapshot.listeners[0].max_connections = 2;
  Gateway& gateway = start(std::move(snapshot));
  const auto first = connect_from("10.0.2.1");
  const auto second = connect_from("10.0.2.2");
  const auto third = connect_from("10.0.2.3");
  EXPECT_TRUE(ask_once(*first, "x"));
  EXPECT_TRUE(ask_once(*second, "x"));
  EXPECT_EQ(ask_once(*third, "x").error().code, Errc::deadline);
  EXPECT_EQ(gateway.metrics().sessions_refused.value(Errc::session_limit), 1U);
  EXPECT_EQ(gateway.metrics().dropped.value(Errc::session_limit), 1U);
  EXPECT_TRUE(ask_once(*first, "still"));
  world_.run_for(31s);
  EXPECT_TRUE(ask_once(*third, "now"));
}

TEST_F(UdpListenerTest, a_source_is_bounded) {
  model::Snapshot snapshot = snapshot_of(kGateway, {add_echo("10.0.1.1:53", "a:")});
  snapshot.listeners[0].max_connections_per_source = 1;
  Gateway& gateway = start(std::move(snapshot));
  const auto first = connect_from("10.0.2.1");
  const auto same = connect_from("10.0.2.1");
  const auto other = connect_from("10.0.2.2");
  EXPECT_TRUE(ask_once(*first, "x"));
  EXPECT_EQ(ask_once(*same, "x").error().code, Errc::deadline);
  EXPECT_TRUE(ask_once(*other, "x"));
  EXPECT_EQ(gateway.metrics().sessions_refused.value(Errc::source_limit), 1U);
}

TEST_F(UdpListenerTest, the_rate_of_new_sessions_is_bounded) {
  model::Snapshot snapshot = snapshot_of(kGateway, {add_echo("10.0.1.1:53", "a:")});
  snapshot.listeners[0].accept_rate = 1;
  Gateway& gateway = start(std::move(snapshot));
  const auto first = connect_from("10.0.2.1");
  const auto second = connect_from("10.0.2.2");
  send(*first, "x");
  EXPECT_EQ(ask_once(*second, "x").error().code, Errc::deadline);
  EXPECT_EQ(gateway.metrics().sessions_refused.value(Errc::accept_rate), 1U);
  EXPECT_TRUE(ask_once(*second, "later"));
}

TEST_F(UdpListenerTest, a_refusal_reaches_the_downstream_and_the_next_datagram_picks_again) {
  // Nobody listens at the first endpoint; its host says so.
  world_.network("10.0.1.1");
  Gateway& gateway =
      start(snapshot_of(kGateway, {address("10.0.1.1:53"), add_echo("10.0.1.2:53", "b:")}));
  const auto downstream = connect_from("10.0.2.1");
  int refusals = 0;
  int answers = 0;
  for (int i = 0; i < 4; ++i) {
    const auto answer = ask_once(*downstream, "x");
    if (answer) {
      EXPECT_EQ(*answer, "b:x");
      ++answers;
      world_.run_for(31s);  // its session expires
    } else {
      EXPECT_EQ(answer.error().code, Errc::refused);
      EXPECT_EQ(gateway.listener().sessions(), 0U);
      ++refusals;
    }
  }
  EXPECT_EQ(refusals, 2);  // round robin
  EXPECT_EQ(answers, 2);
  EXPECT_EQ(gateway.metrics().icmp_errors.value(), 2U);
  EXPECT_EQ(gateway.metrics().dropped.value(Errc::refused), 2U);
  EXPECT_EQ(gateway.pool_metrics().connect_failures.value(Errc::refused), 2U);
  EXPECT_EQ(gateway.pool_metrics().connections.value(), 2U);
}

TEST_F(UdpListenerTest, refusals_are_carried_back_at_a_bounded_rate) {
  world_.network("10.0.1.1");
  Gateway& gateway = start(snapshot_of(kGateway, {address("10.0.1.1:53")}));
  std::vector<net::DatagramPtr> downstreams;
  for (std::uint32_t i = 0; i < UdpListener::kUnreachablePerSecond + 20; ++i) {
    downstreams.push_back(connect_from("10.0.2.1"));
    send(*downstreams.back(), "x");
  }
  world_.run_for(500ms);
  EXPECT_EQ(gateway.metrics().icmp_errors.value(), UdpListener::kUnreachablePerSecond);
  EXPECT_EQ(gateway.metrics().dropped.value(Errc::refused),
            UdpListener::kUnreachablePerSecond + 20);
}

TEST_F(UdpListenerTest, repeated_refusals_are_held_against_the_endpoint) {
  world_.network("10.0.1.1");
  model::Snapshot snapshot = snapshot_of(kGateway, {address("10.0.1.1:53")});
  snapshot.pools[0].ejection.consecutive_failures = 3;
  Gateway& gateway = start(std::move(snapshot));
  const auto downstream = connect_from("10.0.2.1");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask_once(*downstream, "x").error().code, Errc::refused);
  EXPECT_EQ(gateway.failing(), 1);
}

TEST_F(UdpListenerTest, without_an_endpoint_the_downstream_is_told) {
  Gateway& gateway = start(snapshot_of(kGateway, {}));
  const auto downstream = connect_from("10.0.2.1");
  EXPECT_EQ(ask_once(*downstream, "x").error().code, Errc::refused);
  EXPECT_EQ(gateway.metrics().sessions_refused.value(Errc::no_endpoint), 1U);
}

TEST_F(UdpListenerTest, the_source_chooses_the_route) {
  model::Snapshot snapshot = snapshot_of(kGateway, {add_echo("10.0.1.1:53", "inside:")});
  snapshot.pools.push_back(pool_of({add_echo("10.0.1.2:53", "office:")}));
  snapshot.listeners[0].routes = {
      {.match = {.sni = {}, .alpn = {}, .source = {base::Network::parse("10.0.0.0/8").value()}},
       .pool = base::PoolId(0)},
      {.match = {.sni = {}, .alpn = {}, .source = {base::Network::parse("10.0.2.0/24").value()}},
       .pool = base::PoolId(1)}};
  Gateway& gateway = start(std::move(snapshot));
  EXPECT_EQ(ask_once(*connect_from("10.0.2.1"), "x"), "office:x");
  EXPECT_EQ(ask_once(*connect_from("10.0.3.1"), "x"), "inside:x");
  EXPECT_EQ(ask_once(*connect_from("11.0.0.1"), "x").error().code, Errc::deadline);
  EXPECT_EQ(gateway.metrics().sessions_refused.value(Errc::no_route), 1U);
}

TEST_F(UdpListenerTest, a_draining_listener_opens_nothing_and_serves_what_is_open) {
  Gateway& gateway = start(snapshot_of(kGateway, {add_echo("10.0.1.1:53", "a:")}));
  const auto old = connect_from("10.0.2.1");
  const auto late = connect_from("10.0.2.2");
  EXPECT_TRUE(ask_once(*old, "x"));
  gateway.listener().stop_accepting();
  EXPECT_EQ(ask_once(*late, "x").error().code, Errc::deadline);
  EXPECT_EQ(ask_once(*old, "y"), "a:y");
  EXPECT_EQ(gateway.metrics().sessions_refused.value(Errc::cancelled), 1U);
  world_.run_for(31s);
  EXPECT_EQ(gateway.listener().sessions(), 0U);
}

TEST_F(UdpListenerTest, a_proxy_header_goes_before_every_datagram) {
  const auto endpoint =
      world_.network("10.0.1.1").bind_datagram(address("10.0.1.1:53"), {}).value();
  model::Snapshot snapshot = snapshot_of(kGateway, {address("10.0.1.1:53")});
  snapshot.pools[0].send_proxy = model::SendProxy::v2;
  start(std::move(snapshot));
  const auto downstream = connect_from("10.0.2.1");
  for (const std::string_view text : {"same", "size", "other one"}) send(*downstream, text);
  const auto got = world_.run(receive_count(*endpoint, 3));
  ASSERT_TRUE(got);
  std::vector<std::string> payloads;
  for (const std::string& datagram : *got) {
    const auto header = wire::decode_proxy_datagram(base::as_bytes(datagram));
    ASSERT_TRUE(header);
    EXPECT_EQ(header->transport, wire::ProxyTransport::datagram);
    EXPECT_EQ(header->addresses->source, *downstream->local().socket());
    EXPECT_EQ(header->addresses->destination, address(kGateway));
    payloads.push_back(datagram.substr(header->size_bytes));
  }
  std::ranges::sort(payloads);
  EXPECT_EQ(payloads, (std::vector<std::string>{"other one", "same", "size"}));
}

TEST_F(UdpListenerTest, a_proxy_header_of_version_1_does_not_exist_here) {
  model::Snapshot snapshot = snapshot_of(kGateway, {add_echo("10.0.1.1:53", "a:")});
  snapshot.pools[0].send_proxy = model::SendProxy::v1;
  Gateway& gateway = start(std::move(snapshot));
  EXPECT_EQ(ask_once(*connect_from("10.0.2.1"), "x").error().code, Errc::deadline);
  EXPECT_EQ(gateway.metrics().sessions_refused.value(Errc::unsupported), 1U);
}

TEST_F(UdpListenerTest, at_the_descriptor_limit_new_sessions_are_refused_and_it_is_said_once) {
  Gateway& gateway = start(snapshot_of(kGateway, {add_echo("10.0.1.1:53", "a:")}));
  const auto old = connect_from("10.0.2.1");
  EXPECT_TRUE(ask_once(*old, "x"));
  sim::Host& host = world_.network("10.0.0.1").host();
  host.descriptors_max = host.open_descriptors;
  for (const std::string_view ip : {"10.0.2.2", "10.0.2.3"}) {
    EXPECT_EQ(ask_once(*connect_from(ip), "x").error().code, Errc::deadline);
  }
  EXPECT_EQ(gateway.metrics().sessions_refused.value(Errc::descriptor_limit), 2U);
  EXPECT_EQ(gateway.log().count_of("refuses new sessions"), 1U);
  EXPECT_EQ(gateway.failing(), 0);
  EXPECT_EQ(gateway.pool_metrics().connections.value(), 1U);
  EXPECT_EQ(ask_once(*old, "y"), "a:y");
}

TEST_F(UdpListenerTest, a_datagram_too_large_for_the_way_is_dropped_by_its_reason) {
  world_.internet().set_links(address(kGateway).ip, base::IpAddress::parse("10.0.1.1").value(),
                              {.datagram_bytes_max = 1000, .chop = true});
  Gateway& gateway = start(snapshot_of(kGateway, {add_echo("10.0.1.1:53", "a:")}));
  const auto downstream = connect_from("10.0.2.1");
  EXPECT_EQ(ask_once(*downstream, std::string(1001, 'x')).error().code, Errc::deadline);
  EXPECT_EQ(gateway.metrics().dropped.value(Errc::datagram_too_large), 1U);
  EXPECT_TRUE(ask_once(*downstream, std::string(900, 'x')));
}

TEST_F(UdpListenerTest, an_ended_session_is_logged_where_it_is_wanted) {
  model::Snapshot snapshot = snapshot_of(kGateway, {add_echo("10.0.1.1:53", "a:")});
  snapshot.listeners[0].log_connections = true;
  Gateway& gateway = start(std::move(snapshot));
  EXPECT_TRUE(ask_once(*connect_from("10.0.2.1"), "x"));
  world_.run_for(31s);
  EXPECT_EQ(gateway.log().count_of("-> 10.0.1.1:53 ended"), 1U);
  EXPECT_EQ(gateway.log().count_of("reason=idle_timeout"), 1U);
}

// Many sources over a network that loses, doubles and reorders; endpoints that come and go. Nothing
// may be left, and every datagram has to be accounted for, which the world itself checks at its
// end.
TEST(UdpListenerStorm, leaves_nothing_behind) {
  for (const std::uint64_t seed : sim::seeds(20)) {
    SCOPED_TRACE(seed);
    sim::World world(seed);
    world.internet().set_default_link(
        {.jitter = 20ms, .lost_per_mille = 50, .doubled_per_mille = 50});
    auto echo = world.network("10.0.1.1").bind_datagram(address("10.0.1.1:53"), {}).value();
    world.network("10.0.1.2");
    model::Snapshot snapshot =
        snapshot_of(kGateway, {address("10.0.1.1:53"), address("10.0.1.2:53")});
    snapshot.listeners[0].max_connections = 20;
    snapshot.listeners[0].timeouts.idle = 2s;
    runtime::Scope endpoints(world.loop());
    endpoints.spawn(serve_echo(*echo, "a:"));
    Gateway gateway(world.loop(), world.network("10.0.0.1"), std::move(snapshot));
    std::vector<net::DatagramPtr> downstreams;
    for (int i = 0; i < 30; ++i)
      downstreams.push_back(
          world.network("10.0.2.1").connect_datagram(address(kGateway), {}).value());
    for (int step = 0; step < 500; ++step) {
      auto& downstream = downstreams[world.random().below(30)];
      const std::string text(world.random().below(1200), 'x');
      const net::Packet packet{.payload = base::as_bytes(text)};
      std::ignore = downstream->send_now({&packet, 1});  // may tell of a refusal
      if (world.random().below(3) == 0)
        world.run_for(std::chrono::milliseconds(world.random().below(200)));
      ASSERT_LE(gateway.listener().sessions(), 20U);
    }
    if (world.random().below(2) == 0) world.run_for(10s);
    world.run(gateway.close());
    endpoints.cancel();
    world.run_until_joined(endpoints);
    const observe::UdpMetrics& metrics = gateway.metrics();
    EXPECT_GT(metrics.sent_datagrams.value(), 50U);
    EXPECT_EQ(metrics.sessions_active.value(), 0);
    EXPECT_EQ(gateway.admission().connections(), 0U);
  }
}

}  // namespace
}  // namespace causeway::proxy
