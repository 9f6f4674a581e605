// SPDX-License-Identifier: Apache-2.0
// Who is let in, what happens at the bounds, and how a listener drains.
#include "proxy/tcp_listener.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "model/snapshot.h"
#include "net/stream.h"
#include "proxy/internal/tcp_test_gateway.h"
#include "proxy/internal/tcp_test_worker.h"
#include "sim/host.h"
#include "sim/world.h"

namespace causeway::proxy {
namespace {

using namespace std::chrono_literals;
using namespace tcp_test;

class TcpListenerTest : public testing::Test {
 protected:
  sim::World& world() { return tcp_.world(); }
  model::Snapshot with_echo() {
    tcp_.add_echo("10.0.1.1:80", "echo");
    return snapshot_of(kFront, {address("10.0.1.1:80")});
  }
  // A downstream that is being served.
  net::StreamPtr open(std::string_view from = "10.0.2.1") {
    auto downstream = tcp_.dial(from).value();
    EXPECT_EQ(tcp_.read(*downstream, 4), "echo");
    return downstream;
  }
  bool is_served(net::Stream& downstream) { return tcp_.read(downstream, 4) == "echo"; }
  bool echoes(net::Stream& downstream, const std::string& text) {
    return tcp_.send(downstream, text) && tcp_.read(downstream, text.size()) == text;
  }
  TcpWorld tcp_{1};
};

TEST_F(TcpListenerTest, many_connections_are_served_at_once) {
  tcp_.start(with_echo());
  std::vector<net::StreamPtr> downstreams;
  for (int i = 0; i < 200; ++i) downstreams.push_back(tcp_.dial().value());
  for (const auto& downstream : downstreams) ASSERT_TRUE(is_served(*downstream));
  EXPECT_EQ(tcp_.listener().connections(), 200U);
  EXPECT_EQ(tcp_.metrics().active.value(), 200);
  EXPECT_EQ(tcp_.worker().admission().connections(), 200U);
  EXPECT_EQ(tcp_.worker().chunks().lent_chunks(), 0U);  // none of them says anything
  for (const auto& downstream : downstreams) ASSERT_TRUE(echoes(*downstream, "x"));
}

TEST_F(TcpListenerTest, what_keeps_it_from_listening_is_told) {
  tcp_.start(with_echo());
  sim::Host& host = world().network("10.0.0.1").host();
  host.descriptors_max = host.open_descriptors;
  const auto second = TcpListener::open(tcp_.worker().worker(), tcp_.worker().snapshot(),
                                        base::ListenerId(0), address("10.0.0.1:81"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::descriptor_limit);
}

// --- Bounds

TEST_F(TcpListenerTest, beyond_the_listener_s_bound_a_connection_is_reset_and_counted) {
  model::Snapshot snapshot = with_echo();
  snapshot.listeners[0].max_connections = 2;
  tcp_.start(std::move(snapshot));
  auto first = open();
  auto second = open();
  EXPECT_EQ(tcp_.fate_of_new(), Errc::reset);
  EXPECT_EQ(tcp_.refused(Errc::listener_limit), 1U);
  EXPECT_TRUE(echoes(*first, "still"));
  second.reset();
  world().run_for(1s);
  open();
}

TEST_F(TcpListenerTest, beyond_a_source_s_bound_only_that_source_is_refused) {
  model::Snapshot snapshot = with_echo();
  snapshot.listeners[0].max_connections_per_source = 1;
  tcp_.start(std::move(snapshot));
  auto first = open("10.0.2.1");
  EXPECT_EQ(tcp_.fate_of_new("10.0.2.1"), Errc::reset);
  EXPECT_EQ(tcp_.refused(Errc::source_limit), 1U);
  auto other = open("10.0.2.2");
}

TEST_F(TcpListenerTest, beyond_the_accept_rate_connections_are_refused_until_time_has_passed) {
  model::Snapshot snapshot = with_echo();
  snapshot.listeners[0].accept_rate = 2;
  tcp_.start(std::move(snapshot));
  auto first = open();
  auto second = open();
  EXPECT_EQ(tcp_.fate_of_new(), Errc::reset);
  EXPECT_EQ(tcp_.refused(Errc::accept_rate), 1U);
  world().run_for(1s);
  auto fourth = open();
}

TEST_F(TcpListenerTest, at_the_total_bound_it_pauses_says_so_once_and_serves_those_who_waited) {
  model::Snapshot snapshot = with_echo();
  snapshot.limits.max_connections = 1;
  tcp_.start(std::move(snapshot));
  auto first = open();
  auto second = tcp_.dial().value();
  world().run_for(10s);
  EXPECT_EQ(tcp_.listener().connections(), 1U);
  EXPECT_GE(tcp_.metrics().accept_pauses.value(), 1U);
  EXPECT_LE(tcp_.metrics().accept_pauses.value(), 101U);  // it rests between two looks
  EXPECT_EQ(tcp_.metrics().accept_paused.value(), 1);
  EXPECT_EQ(tcp_.worker().log().count_of("stops accepting"), 1U);
  first.reset();
  EXPECT_TRUE(is_served(*second));
  EXPECT_EQ(tcp_.metrics().refused.total(), 0U);
}

TEST_F(TcpListenerTest, with_room_again_it_is_no_longer_paused) {
  model::Snapshot snapshot = with_echo();
  snapshot.limits.max_connections = 1;
  tcp_.start(std::move(snapshot));
  auto first = open();
  auto second = tcp_.dial().value();
  world().run_for(1s);
  first.reset();
  second.reset();
  world().run_for(1s);
  EXPECT_EQ(tcp_.metrics().accept_paused.value(), 0);
  EXPECT_EQ(tcp_.listener().connections(), 0U);
}

TEST_F(TcpListenerTest, without_descriptors_it_pauses_and_recovers) {
  tcp_.start(with_echo());
  auto first = open();
  sim::Host& host = world().network("10.0.0.1").host();
  host.descriptors_max = host.open_descriptors;
  auto second = tcp_.dial().value();
  world().run_for(5s);
  EXPECT_EQ(tcp_.listener().connections(), 1U);
  EXPECT_GE(tcp_.metrics().accept_pauses.value(), 1U);
  EXPECT_LE(tcp_.metrics().accept_pauses.value(), 51U);
  EXPECT_TRUE(echoes(*first, "still"));
  host.descriptors_max = SIZE_MAX;
  EXPECT_TRUE(is_served(*second));
}

// --- Draining

TEST_F(TcpListenerTest, a_draining_listener_refuses_new_ones_and_serves_the_old_to_their_end) {
  tcp_.start(with_echo());
  auto old = open();
  tcp_.listener().stop_accepting();
  world().run_for(1ms);
  const auto late = tcp_.dial();
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::refused);
  EXPECT_TRUE(echoes(*old, "still here"));
  EXPECT_EQ(tcp_.listener().connections(), 1U);
  ASSERT_TRUE(old->shutdown_write());
  EXPECT_EQ(tcp_.read(*old), "");
  world().run_for(1s);
  EXPECT_EQ(tcp_.listener().connections(), 0U);
  EXPECT_EQ(tcp_.metrics().refused.total(), 0U);
}

TEST_F(TcpListenerTest, close_all_cuts_what_is_still_open_at_once) {
  tcp_.start(with_echo());
  std::vector<net::StreamPtr> downstreams;
  for (int i = 0; i < 20; ++i) downstreams.push_back(open());
  tcp_.listener().stop_accepting();
  const Instant began = world().clock().now();
  world().run(tcp_.listener().close_all());
  EXPECT_EQ(world().clock().now(), began);
  EXPECT_EQ(tcp_.listener().connections(), 0U);
  EXPECT_EQ(tcp_.refused(Errc::cancelled), 20U);
  for (const auto& downstream : downstreams) EXPECT_EQ(tcp_.fate_of(*downstream), Errc::reset);
}

TEST_F(TcpListenerTest, it_can_be_stopped_while_it_is_paused) {
  model::Snapshot snapshot = with_echo();
  snapshot.limits.max_connections = 1;
  tcp_.start(std::move(snapshot));
  auto first = open();
  auto second = tcp_.dial().value();
  world().run_for(1s);
  tcp_.listener().stop_accepting();
  world().run_for(1ms);
  EXPECT_EQ(tcp_.fate_of(*second), Errc::reset);  // it was never accepted
  EXPECT_TRUE(echoes(*first, "still"));
}

}  // namespace
}  // namespace causeway::proxy
