// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_network.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/error.h"
#include "base/result.h"
#include "base/time.h"
#include "net/listener.h"
#include "net/stream.h"
#include "runtime/limits.h"
#include "runtime/task.h"
#include "sim/stream_contract.h"
#include "sim/world.h"

namespace causeway::sim {
namespace {

base::SocketAddress at(std::string_view text) { return base::SocketAddress::parse(text).value(); }

Task<Result<net::StreamPtr>> accept_one(net::Listener& listener) {
  for (;;) {
    auto stream = listener.accept_now();
    if (stream || stream.error().code != Errc::would_block) co_return stream;
    const auto ready = co_await listener.acceptable();
    if (!ready) co_return fail(ready);
  }
}

Errc dial_fails_with(World& world, const base::Address& address,
                     Duration limit = std::chrono::hours(1)) {
  auto dialing = world.network("10.0.0.1").connect(address, {});
  const auto stream = world.run(runtime::within(limit, std::move(dialing)));
  return stream ? Errc::system : stream.error().code;
}

class SimNetworkTest : public ::testing::Test {
 protected:
  World world_{1};
  SimNetwork& near_ = world_.network("10.0.0.1");
  SimNetwork& far_ = world_.network("10.0.0.2");
};

TEST_F(SimNetworkTest, a_dial_where_nobody_listens_is_refused) {
  EXPECT_EQ(dial_fails_with(world_, at("10.0.0.2:80")), Errc::refused);
}

TEST_F(SimNetworkTest, a_dial_to_no_host_is_unreachable) {
  EXPECT_EQ(dial_fails_with(world_, at("10.9.9.9:80")), Errc::unreachable);
}

TEST_F(SimNetworkTest, a_dial_to_a_name_is_not_for_the_network) {
  EXPECT_EQ(dial_fails_with(world_, base::NamedAddress{.host = "db", .port = 1}),
            Errc::unsupported);
}

TEST_F(SimNetworkTest, a_silenced_address_never_answers) {
  auto listener = far_.listen(at("10.0.0.2:80"), {});
  world_.internet().silence(at("10.0.0.2:80"));
  EXPECT_EQ(dial_fails_with(world_, at("10.0.0.2:80"), std::chrono::seconds(30)), Errc::deadline);
  // Left alone, the dialer gives up as a kernel does, after a little over two minutes.
  const Instant begin = world_.clock().now();
  EXPECT_EQ(dial_fails_with(world_, at("10.0.0.2:80")), Errc::unreachable);
  EXPECT_EQ(std::chrono::round<std::chrono::seconds>(world_.clock().now() - begin),
            std::chrono::seconds(127));
}

TEST_F(SimNetworkTest, a_full_backlog_keeps_dialers_waiting_until_there_is_room) {
  auto listener = far_.listen(at("10.0.0.2:80"), {.backlog = 1});
  auto first = world_.run(near_.connect(at("10.0.0.2:80"), {}));
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(dial_fails_with(world_, at("10.0.0.2:80"), std::chrono::milliseconds(500)),
            Errc::deadline);
  auto accepted = (*listener)->accept_now();
  ASSERT_TRUE(accepted.has_value());
  EXPECT_TRUE(world_.run(near_.connect(at("10.0.0.2:80"), {})).has_value());
}

TEST_F(SimNetworkTest, closing_a_listener_resets_those_who_wait) {
  auto listener = far_.listen(at("10.0.0.2:80"), {});
  auto dialed = world_.run(near_.connect(at("10.0.0.2:80"), {}));
  ASSERT_TRUE(dialed.has_value());
  listener->reset();
  const auto got = world_.run(contract::read_to_end(**dialed));
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, Errc::reset);
  EXPECT_EQ(dial_fails_with(world_, at("10.0.0.2:80")), Errc::refused);
}

TEST_F(SimNetworkTest, a_cancelled_dial_leaves_nothing) {
  auto listener = far_.listen(at("10.0.0.2:80"), {});
  world_.internet().set_links(near_.host().first_address(), far_.host().first_address(),
                              {.delay = std::chrono::seconds(1)});
  EXPECT_EQ(dial_fails_with(world_, at("10.0.0.2:80"), std::chrono::milliseconds(100)),
            Errc::deadline);
  world_.run_until_quiet();
  EXPECT_EQ(world_.internet().connections(), 0U);
  EXPECT_FALSE((*listener)->accept_now().has_value());
}

TEST_F(SimNetworkTest, a_dial_given_up_on_the_way_back_is_reset_at_the_listener) {
  auto listener = far_.listen(at("10.0.0.2:80"), {});
  world_.internet().set_links(near_.host().first_address(), far_.host().first_address(),
                              {.delay = std::chrono::seconds(1)});
  EXPECT_EQ(dial_fails_with(world_, at("10.0.0.2:80"), std::chrono::milliseconds(1500)),
            Errc::deadline);
  auto accepted = world_.run(accept_one(**listener));
  ASSERT_TRUE(accepted.has_value());
  const auto got = world_.run(contract::read_to_end(**accepted));
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, Errc::reset);
}

TEST_F(SimNetworkTest, two_listeners_on_one_address_need_reuse_port_and_share_what_comes) {
  auto first = far_.listen(at("10.0.0.2:80"), {.reuse_port = true});
  ASSERT_TRUE(first.has_value());
  const auto refused = far_.listen(at("10.0.0.2:80"), {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::address_in_use);
  auto second = far_.listen(at("10.0.0.2:80"), {.reuse_port = true});
  ASSERT_TRUE(second.has_value());

  std::vector<net::StreamPtr> dialed;
  for (int i = 0; i < 20; ++i)
    dialed.push_back(world_.run(near_.connect(at("10.0.0.2:80"), {})).value());
  std::vector<net::StreamPtr> accepted;
  std::array<std::size_t, 2> counts{};
  while (auto stream = (*first)->accept_now()) accepted.push_back(*std::move(stream)), ++counts[0];
  while (auto stream = (*second)->accept_now()) accepted.push_back(*std::move(stream)), ++counts[1];
  EXPECT_EQ(counts[0] + counts[1], 20U);
  EXPECT_GT(counts[0], 0U);
  EXPECT_GT(counts[1], 0U);
}

TEST_F(SimNetworkTest, a_wildcard_takes_every_address_of_its_host_and_no_other) {
  world_.internet().add_address(far_.host(), base::IpAddress::parse("10.0.0.3").value());
  auto listener = far_.listen(at("0.0.0.0:80"), {});
  auto dialed = world_.run(near_.connect(at("10.0.0.3:80"), {}));
  ASSERT_TRUE(dialed.has_value());
  auto accepted = (*listener)->accept_now();
  ASSERT_TRUE(accepted.has_value());
  EXPECT_EQ((*accepted)->local(), base::Address(at("10.0.0.3:80")));
  EXPECT_EQ((*accepted)->peer(), (*dialed)->local());
  EXPECT_EQ((*dialed)->local().socket()->ip, near_.host().first_address());
  EXPECT_EQ(dial_fails_with(world_, at("10.0.0.1:80")), Errc::refused);
  EXPECT_EQ(dial_fails_with(world_, at("127.0.0.1:80")), Errc::refused);  // its own loopback
  EXPECT_TRUE(world_.run(far_.connect(at("127.0.0.1:80"), {})).has_value());
}

TEST_F(SimNetworkTest, an_address_of_another_host_cannot_be_listened_on) {
  const auto listener = near_.listen(at("10.0.0.2:80"), {});
  ASSERT_FALSE(listener.has_value());
  EXPECT_EQ(listener.error().code, Errc::address_not_available);
}

TEST_F(SimNetworkTest, port_zero_becomes_a_port) {
  auto listener = far_.listen(at("10.0.0.2:0"), {});
  ASSERT_TRUE(listener.has_value());
  EXPECT_NE((*listener)->local().socket()->port, 0);
  EXPECT_TRUE(world_.run(near_.connect((*listener)->local(), {})).has_value());
}

TEST_F(SimNetworkTest, unix_sockets_have_no_host) {
  const base::Address path = base::UnixAddress{"/run/app.sock"};
  EXPECT_EQ(dial_fails_with(world_, path), Errc::refused);
  auto listener = far_.listen(path, {});
  ASSERT_TRUE(listener.has_value());
  auto dialed = world_.run(near_.connect(path, {}));
  ASSERT_TRUE(dialed.has_value());
  auto accepted = (*listener)->accept_now();
  ASSERT_TRUE(accepted.has_value());
  EXPECT_EQ(world_.run(contract::say(**dialed, **accepted, "hi")), "hi");
}

TEST_F(SimNetworkTest, at_the_descriptor_limit_accepting_and_dialing_say_so_and_recover) {
  auto listener = far_.listen(at("10.0.0.2:80"), {});
  auto first = world_.run(near_.connect(at("10.0.0.2:80"), {}));
  far_.host().descriptors_max = far_.host().open_descriptors;
  auto accepted = (*listener)->accept_now();
  ASSERT_FALSE(accepted.has_value());
  EXPECT_EQ(accepted.error().code, Errc::descriptor_limit);
  EXPECT_TRUE((*listener)->acceptable_state().is_raised());
  far_.host().descriptors_max += 1;
  accepted = (*listener)->accept_now();
  EXPECT_TRUE(accepted.has_value());

  near_.host().descriptors_max = near_.host().open_descriptors;
  EXPECT_EQ(dial_fails_with(world_, at("10.0.0.2:80")), Errc::descriptor_limit);
}

}  // namespace
}  // namespace causeway::sim
