// SPDX-License-Identifier: Apache-2.0
// The life of one connection: which endpoint it gets, what goes first, how its end is told to both
// sides, counted and logged.

#include <gtest/gtest.h>

#include <chrono>
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
#include "model/listener.h"
#include "model/pool.h"
#include "model/snapshot.h"
#include "net/listener.h"
#include "net/stream.h"
#include "proxy/internal/tcp_test_gateway.h"
#include "proxy/internal/tcp_test_worker.h"
#include "sim/host.h"
#include "sim/world.h"
#include "wire/proxy_header.h"

namespace causeway::proxy {
namespace {

using namespace std::chrono_literals;
using namespace tcp_test;

class TcpConnection : public testing::Test {
 protected:
  sim::World& world() { return tcp_.world(); }
  TcpWorld tcp_{1};
};

// --- Which endpoint

TEST_F(TcpConnection, the_next_endpoint_is_tried_when_one_refuses) {
  world().network("10.0.1.1");  // a host where nobody listens
  tcp_.add_echo("10.0.1.2:80", "second");
  tcp_.start(snapshot_of(kFront, {address("10.0.1.1:80"), address("10.0.1.2:80")}));
  for (int i = 0; i < 4; ++i) {
    auto downstream = tcp_.dial().value();
    EXPECT_EQ(tcp_.read(*downstream, 6), "second");
  }
  EXPECT_GE(tcp_.worker().pool_metrics().connect_failures.value(Errc::refused), 2U);
  EXPECT_EQ(tcp_.metrics().refused.total(), 0U);
}

TEST_F(TcpConnection, the_next_endpoint_is_tried_when_one_is_silent_for_the_connect_timeout) {
  tcp_.add_endpoint("10.0.1.1:80");
  world().internet().silence(address("10.0.1.1:80"));
  tcp_.add_echo("10.0.1.2:80", "second");
  model::Snapshot snapshot = snapshot_of(kFront, {address("10.0.1.1:80"), address("10.0.1.2:80")});
  snapshot.listeners[0].timeouts.connect = 3s;
  tcp_.start(std::move(snapshot));
  const Instant began = world().clock().now();
  auto first = tcp_.dial().value();
  auto second = tcp_.dial().value();
  EXPECT_EQ(tcp_.read(*first, 6), "second");
  EXPECT_EQ(tcp_.read(*second, 6), "second");
  EXPECT_GE(world().clock().now() - began, 3s);
  EXPECT_LT(world().clock().now() - began, 4s);
  EXPECT_EQ(tcp_.worker().pool_metrics().connect_failures.value(Errc::connect_timeout), 1U);
}

TEST_F(TcpConnection, the_pool_s_own_connect_timeout_goes_before_the_listener_s) {
  tcp_.add_endpoint("10.0.1.1:80");
  world().internet().silence(address("10.0.1.1:80"));
  model::Snapshot snapshot = snapshot_of(kFront, {address("10.0.1.1:80")});
  snapshot.listeners[0].timeouts.connect = 30s;
  snapshot.pools[0].connect_timeout = 2s;
  tcp_.start(std::move(snapshot));
  const Instant began = world().clock().now();
  EXPECT_EQ(tcp_.fate_of_new(), Errc::reset);
  EXPECT_LT(world().clock().now() - began, 3s);
  EXPECT_EQ(tcp_.refused(Errc::connect_timeout), 1U);
}

TEST_F(TcpConnection, when_all_fail_the_last_reason_is_counted_and_the_downstream_is_reset) {
  world().network("10.0.1.1");
  world().network("10.0.1.2");
  tcp_.start(snapshot_of(kFront, {address("10.0.1.1:80"), address("10.0.1.2:80")}));
  EXPECT_EQ(tcp_.fate_of_new(), Errc::reset);
  EXPECT_EQ(tcp_.refused(Errc::refused), 1U);
  EXPECT_EQ(tcp_.worker().pool_metrics().connect_failures.value(Errc::refused), 2U);
}

TEST_F(TcpConnection, no_more_endpoints_are_tried_than_the_pool_allows) {
  std::vector<base::SocketAddress> endpoints;
  for (int i = 1; i <= 5; ++i) {
    const std::string host = "10.0.1." + std::to_string(i);
    world().network(host);
    endpoints.push_back(address(host + ":80"));
  }
  model::Snapshot snapshot = snapshot_of(kFront, endpoints);
  snapshot.pools[0].connect_attempts = 2;
  tcp_.start(std::move(snapshot));
  EXPECT_EQ(tcp_.fate_of_new(), Errc::reset);
  EXPECT_EQ(tcp_.worker().pool_metrics().connect_failures.value(Errc::refused), 2U);
}

TEST_F(TcpConnection, a_pool_without_endpoints_is_no_endpoint) {
  tcp_.start(snapshot_of(kFront, {}));
  EXPECT_EQ(tcp_.fate_of_new(), Errc::reset);
  EXPECT_EQ(tcp_.refused(Errc::no_endpoint), 1U);
}

TEST_F(TcpConnection, a_source_without_a_route_is_refused) {
  tcp_.add_echo("10.0.1.1:80", "echo");
  model::Snapshot snapshot = snapshot_of(kFront, {address("10.0.1.1:80")});
  snapshot.listeners[0].routes[0].match.source = {network("10.7.0.0/16")};
  tcp_.start(std::move(snapshot));
  EXPECT_EQ(tcp_.fate_of_new(), Errc::reset);
  EXPECT_EQ(tcp_.refused(Errc::no_route), 1U);
  auto other = tcp_.dial("10.7.0.1").value();
  EXPECT_EQ(tcp_.read(*other, 4), "echo");
}

TEST_F(TcpConnection, our_own_want_of_descriptors_is_not_tried_again_nor_held_against_endpoints) {
  tcp_.add_echo("10.0.1.1:80", "a");
  tcp_.add_echo("10.0.1.2:80", "b");
  tcp_.start(snapshot_of(kFront, {address("10.0.1.1:80"), address("10.0.1.2:80")}));
  sim::Host& host = world().network("10.0.0.1").host();
  host.descriptors_max = host.open_descriptors + 1;  // for the downstream, none for the upstream
  EXPECT_EQ(tcp_.fate_of_new(), Errc::reset);
  EXPECT_EQ(tcp_.refused(Errc::descriptor_limit), 1U);
  EXPECT_EQ(tcp_.worker().failing(), 0);
}

// --- Waiting for a slot

class TcpQueue : public TcpConnection {
 protected:
  void start(std::uint32_t queue_size) {
    tcp_.add_echo("10.0.1.1:80", "echo");
    model::Snapshot snapshot = snapshot_of(kFront, {address("10.0.1.1:80")});
    snapshot.pools[0].endpoints[0].max_connections = 1;
    snapshot.pools[0].queue_size = queue_size;
    snapshot.listeners[0].timeouts.queue = 3s;
    tcp_.start(std::move(snapshot));
    first_ = tcp_.dial().value();
    ASSERT_EQ(tcp_.read(*first_, 4), "echo");
  }
  net::StreamPtr first_;
};

TEST_F(TcpQueue, a_connection_waits_until_an_endpoint_has_room) {
  start(10);
  auto second = tcp_.dial().value();
  world().run_for(2s);
  EXPECT_EQ(tcp_.worker().pool_metrics().waiting.value(), 1);
  first_.reset();
  EXPECT_EQ(tcp_.read(*second, 4), "echo");
  EXPECT_EQ(tcp_.metrics().refused.total(), 0U);
}

TEST_F(TcpQueue, it_waits_no_longer_than_the_queue_timeout) {
  start(10);
  const Instant began = world().clock().now();
  EXPECT_EQ(tcp_.fate_of_new(), Errc::reset);
  EXPECT_GE(world().clock().now() - began, 2990ms);
  EXPECT_LT(world().clock().now() - began, 3100ms);
  EXPECT_EQ(tcp_.refused(Errc::queue_timeout), 1U);
}

TEST_F(TcpQueue, a_full_queue_refuses_at_once) {
  start(0);
  const Instant began = world().clock().now();
  EXPECT_EQ(tcp_.fate_of_new(), Errc::reset);
  EXPECT_LT(world().clock().now() - began, 100ms);
  EXPECT_EQ(tcp_.refused(Errc::queue_full), 1U);
}

// --- What goes first

class TcpHeader : public TcpConnection {
 protected:
  // What the endpoint hears when the downstream says `text` and ends.
  std::string heard(model::SendProxy version, std::string text) {
    model::Snapshot snapshot = snapshot_of(kFront, {address("10.0.1.1:80")});
    snapshot.pools[0].send_proxy = version;
    snapshot.listeners[0].accept_proxy.from = trusted_;
    snapshot.listeners[0].tls = tls_;
    net::Listener& endpoint = tcp_.add_endpoint("10.0.1.1:80");
    tcp_.start(std::move(snapshot));
    downstream_ = tcp_.dial().value();
    EXPECT_TRUE(world().run(send_and_end(*downstream_, std::move(text))));
    auto upstream = tcp_.accept(endpoint);
    if (!upstream) return "not connected";
    return tcp_.read(**upstream).value_or("not read");
  }
  static std::string header(model::SendProxy version, const wire::ProxyAddresses& addresses) {
    wire::ProxyHeaderBuffer buffer;
    return std::string(base::as_text(
        version == model::SendProxy::v1
            ? wire::encode_proxy_v1(addresses, buffer)
            : wire::encode_proxy_v2(addresses, wire::ProxyTransport::stream, buffer)));
  }
  std::vector<base::Network> trusted_;
  model::TlsMode tls_ = model::TlsMode::off;
  net::StreamPtr downstream_;
};

class TcpHeaderVersions : public TcpHeader, public testing::WithParamInterface<model::SendProxy> {};

TEST_P(TcpHeaderVersions, the_header_names_both_ends_and_goes_before_the_first_byte) {
  const std::string got = heard(GetParam(), "hello");
  EXPECT_EQ(got, header(GetParam(), {.source = *downstream_->local().socket(),
                                     .destination = address(kFront)}) +
                     "hello");
}

TEST_P(TcpHeaderVersions, it_goes_out_although_the_downstream_says_nothing) {
  const std::string got = heard(GetParam(), "");
  EXPECT_EQ(got, header(GetParam(), {.source = *downstream_->local().socket(),
                                     .destination = address(kFront)}));
}

TEST_P(TcpHeaderVersions, a_header_that_was_received_is_passed_on_in_the_version_of_the_pool) {
  trusted_ = {network("10.0.2.0/24")};
  const wire::ProxyAddresses real{.source = address("198.51.100.7:4000"),
                                  .destination = address("203.0.113.1:443")};
  const std::string got = heard(GetParam(), header(model::SendProxy::v2, real) + "hello");
  EXPECT_EQ(got, header(GetParam(), real) + "hello");
}

TEST_P(TcpHeaderVersions, header_then_hello_then_the_rest) {
  tls_ = model::TlsMode::passthrough;
  const std::string said = client_hello("a.test") + pattern(100'000, 1);
  const std::string got = heard(GetParam(), said);
  EXPECT_TRUE(got == header(GetParam(), {.source = *downstream_->local().socket(),
                                         .destination = address(kFront)}) +
                         said);
}

INSTANTIATE_TEST_SUITE_P(Versions, TcpHeaderVersions,
                         testing::Values(model::SendProxy::v1, model::SendProxy::v2));

TEST_F(TcpHeader, a_received_header_is_taken_off_where_none_is_sent) {
  trusted_ = {network("10.0.2.0/24")};
  const wire::ProxyAddresses real{.source = address("198.51.100.7:4000"),
                                  .destination = address("203.0.113.1:443")};
  EXPECT_EQ(heard(model::SendProxy::off, header(model::SendProxy::v1, real) + "hello"), "hello");
}

TEST_F(TcpHeader, a_header_of_somebody_who_is_not_trusted_is_passed_on_as_data) {
  trusted_ = {network("10.9.0.0/16")};
  const std::string said =
      header(model::SendProxy::v1,
             {.source = address("198.51.100.7:4000"), .destination = address("203.0.113.1:443")}) +
      "hello";
  EXPECT_EQ(heard(model::SendProxy::off, said), said);
}

// --- How it ends

class TcpEnd : public TcpConnection {
 protected:
  void connect(model::Snapshot snapshot) {
    net::Listener& endpoint = tcp_.add_endpoint("10.0.1.1:80");
    tcp_.start(std::move(snapshot));
    downstream_ = tcp_.dial().value();
    upstream_ = tcp_.accept(endpoint).value();
  }
  void connect() { connect(snapshot_of(kFront, {address("10.0.1.1:80")})); }
  net::StreamPtr downstream_;
  net::StreamPtr upstream_;
};

TEST_F(TcpEnd, two_orderly_ends_are_no_failure_and_every_byte_is_counted) {
  connect();
  EXPECT_TRUE(world().run(send_and_end(*downstream_, "question")));
  EXPECT_EQ(tcp_.read(*upstream_), "question");
  EXPECT_TRUE(world().run(send_and_end(*upstream_, "the answer")));
  EXPECT_EQ(tcp_.read(*downstream_), "the answer");
  world().run_for(1s);
  EXPECT_EQ(tcp_.listener().connections(), 0U);
  EXPECT_EQ(tcp_.metrics().accepted.value(), 1U);
  EXPECT_EQ(tcp_.metrics().refused.total(), 0U);
  EXPECT_EQ(tcp_.metrics().received_bytes.value(), 8U);
  EXPECT_EQ(tcp_.metrics().sent_bytes.value(), 10U);
  const auto& pool = tcp_.worker().pool_metrics();
  EXPECT_EQ(pool.connections.value(), 1U);
  EXPECT_EQ(pool.sent_bytes.value(), 8U);
  EXPECT_EQ(pool.received_bytes.value(), 10U);
}

TEST_F(TcpEnd, a_reset_of_the_downstream_reaches_the_upstream_as_a_reset) {
  connect();
  EXPECT_TRUE(tcp_.send(*downstream_, "x"));
  EXPECT_EQ(tcp_.read(*upstream_, 1), "x");
  downstream_->reset();
  downstream_.reset();
  const auto got = tcp_.read(*upstream_);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::reset);
  EXPECT_EQ(tcp_.refused(Errc::reset), 1U);
}

TEST_F(TcpEnd, a_reset_of_the_upstream_reaches_the_downstream_as_a_reset) {
  connect();
  upstream_->reset();
  upstream_.reset();
  EXPECT_EQ(tcp_.fate_of(*downstream_), Errc::reset);
  EXPECT_EQ(tcp_.refused(Errc::reset), 1U);
}

TEST_F(TcpEnd, silence_ends_in_an_orderly_way_on_both_sides) {
  model::Snapshot snapshot = snapshot_of(kFront, {address("10.0.1.1:80")});
  snapshot.listeners[0].timeouts.idle = 30s;
  connect(std::move(snapshot));
  EXPECT_EQ(tcp_.read(*downstream_), "");
  EXPECT_EQ(tcp_.read(*upstream_), "");
  EXPECT_EQ(tcp_.refused(Errc::idle_timeout), 1U);
}

TEST_F(TcpEnd, a_cancelled_connect_leaves_nothing) {
  tcp_.add_endpoint("10.0.1.1:80");
  world().internet().silence(address("10.0.1.1:80"));
  tcp_.start(snapshot_of(kFront, {address("10.0.1.1:80")}));
  auto downstream = tcp_.dial().value();
  world().run_for(1s);
  EXPECT_EQ(tcp_.listener().connections(), 1U);
  EXPECT_EQ(tcp_.worker().pool_metrics().active.value(), 1);
  tcp_.listener().stop_accepting();
  const Instant began = world().clock().now();
  world().run(tcp_.listener().close_all());
  EXPECT_EQ(world().clock().now(), began);
  EXPECT_EQ(tcp_.worker().pool_metrics().active.value(), 0);
  EXPECT_EQ(tcp_.worker().failing(), 0);
  EXPECT_EQ(tcp_.refused(Errc::cancelled), 1U);
  EXPECT_EQ(tcp_.fate_of(*downstream), Errc::reset);
}

// --- The log

TEST_F(TcpEnd, an_ended_connection_is_logged_where_it_is_wanted) {
  model::Snapshot snapshot = snapshot_of(kFront, {address("10.0.1.1:80")});
  snapshot.listeners[0].log_connections = true;
  connect(std::move(snapshot));
  const std::string source = downstream_->local().to_text();
  EXPECT_TRUE(world().run(send_and_end(*downstream_, "12345")));
  EXPECT_EQ(tcp_.read(*upstream_), "12345");
  EXPECT_TRUE(world().run(send_and_end(*upstream_, "123")));
  EXPECT_EQ(tcp_.read(*downstream_), "123");
  world().run_for(1s);
  const auto& log = tcp_.worker().log();
  EXPECT_EQ(log.lines().size(), 1U);
  for (const std::string& part :
       {"connection " + source + " -> 10.0.1.1:80 ended", std::string("listener=front"),
        std::string("pool=pool"), std::string("received_bytes=5"), std::string("sent_bytes=3"),
        std::string("reason=ended"), std::string("side=none")})
    EXPECT_EQ(log.count_of(part), 1U) << part;
}

TEST_F(TcpEnd, a_failed_connection_is_logged_with_its_reason_and_side) {
  world().network("10.0.1.1");
  model::Snapshot snapshot = snapshot_of(kFront, {address("10.0.1.1:80")});
  snapshot.listeners[0].log_connections = true;
  tcp_.start(std::move(snapshot));
  EXPECT_EQ(tcp_.fate_of_new(), Errc::reset);
  const auto& log = tcp_.worker().log();
  EXPECT_EQ(log.count_of("reason=refused"), 1U);
  EXPECT_EQ(log.count_of("side=upstream"), 1U);
}

TEST_F(TcpEnd, the_log_names_the_real_source_behind_another_proxy) {
  model::Snapshot snapshot = snapshot_of(kFront, {address("10.0.1.1:80")});
  snapshot.listeners[0].log_connections = true;
  snapshot.listeners[0].accept_proxy.from = {network("10.0.2.0/24")};
  net::Listener& endpoint = tcp_.add_endpoint("10.0.1.1:80");
  tcp_.start(std::move(snapshot));
  downstream_ = tcp_.dial().value();
  EXPECT_TRUE(
      world().run(send_and_end(*downstream_, "PROXY TCP4 198.51.100.7 203.0.113.1 4000 443\r\n")));
  upstream_ = tcp_.accept(endpoint).value();
  EXPECT_EQ(tcp_.read(*upstream_), "");
  upstream_.reset();
  world().run_for(1s);
  EXPECT_EQ(tcp_.worker().log().count_of("connection 198.51.100.7:4000 -> 10.0.1.1:80"), 1U);
}

TEST_F(TcpEnd, nothing_is_logged_where_it_is_not_wanted) {
  connect();
  downstream_.reset();
  upstream_.reset();
  world().run_for(1s);
  EXPECT_TRUE(tcp_.worker().log().lines().empty());
}

}  // namespace
}  // namespace causeway::proxy
