// SPDX-License-Identifier: Apache-2.0
#include "net/system_network.h"

#include <dirent.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/error.h"
#include "base/result.h"
#include "base/time.h"
#include "net/dialer.h"
#include "net/listener.h"
#include "net/network.h"
#include "net/stream.h"
#include "runtime/both.h"
#include "runtime/limits.h"
#include "runtime/scope.h"
#include "runtime/sleep.h"
#include "runtime/task.h"
#include "sim/real_world.h"
#include "sim/stream_contract.h"

namespace causeway::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

base::Address parse(std::string_view text) { return base::Address::parse(text).value(); }

Task<Result<StreamPtr>> accept_one(Listener& listener) {
  for (;;) {
    auto stream = listener.accept_now();
    if (stream || stream.error().code != Errc::would_block) co_return stream;
    const auto ready = co_await listener.acceptable();
    if (!ready) co_return fail(ready);
  }
}

Task<Result<void>> wait_acceptable(Listener& listener) { co_return co_await listener.acceptable(); }

Task<Result<void>> rest(Duration span) { co_return co_await runtime::sleep_for(span); }

std::size_t open_descriptors() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), ::closedir);
  std::size_t count = 0;
  while (::readdir(folder.get()) != nullptr) ++count;
  return count;
}

class SystemNetworkTest : public ::testing::Test {
 protected:
  ListenerPtr listen(std::string_view address, const ListenOptions& options = {}) {
    auto listener = world_.network().listen(parse(address), options);
    EXPECT_TRUE(listener.has_value());
    return *std::move(listener);
  }
  Result<StreamPtr> dial(const base::Address& address) {
    return world_.run(world_.network().connect(address, {}));
  }

  sim::RealWorld world_;
};

TEST_F(SystemNetworkTest, connects_over_ipv4_ipv6_and_unix) {
  const std::string unix_name = "unix:@causeway-network-" + std::to_string(::getpid());
  for (const std::string& address :
       {std::string("127.0.0.1:0"), std::string("[::1]:0"), unix_name}) {
    auto listener = world_.network().listen(parse(address), {});
    if (!listener && address.starts_with('[')) continue;  // a machine without IPv6
    ASSERT_TRUE(listener.has_value()) << address;
    auto dialing = world_.network().connect((*listener)->local(), {});
    auto both = world_.run(runtime::both(std::move(dialing), accept_one(**listener)));
    ASSERT_TRUE(both.has_value()) << address;
    EXPECT_EQ(world_.run(sim::contract::say(*both->first, *both->second, "hello")), "hello");
  }
}

TEST_F(SystemNetworkTest, options_of_both_sides_do_not_get_in_the_way) {
  StreamOptions options{.no_delay = true,
                        .quick_ack = true,
                        .keepalive = seconds(30),
                        .receive_buffer_bytes = 64U * 1024,
                        .send_buffer_bytes = 64U * 1024};
  auto listener = listen(
      "127.0.0.1:0", {.backlog = 16, .reuse_port = true, .fast_open = true, .accepted = options});
  for (int i = 0; i < 2; ++i) {  // the second may send its first bytes with the first packet
    auto dialed = world_.run(
        world_.network().connect(listener->local(), {.stream = options, .fast_open = true}));
    ASSERT_TRUE(dialed.has_value());
    EXPECT_TRUE(world_.run(sim::contract::write_text(**dialed, "hello")).has_value());
    auto accepted = world_.run(accept_one(*listener));
    ASSERT_TRUE(accepted.has_value());
    EXPECT_EQ(world_.run(sim::contract::read_exactly(**accepted, 5)), "hello");
    (*accepted)->acknowledge_reads();
  }
}

TEST_F(SystemNetworkTest, nobody_listening_is_refused_by_the_upstream) {
  const base::Address nobody = listen("127.0.0.1:0")->local();
  const auto dialed = dial(nobody);
  ASSERT_FALSE(dialed.has_value());
  EXPECT_EQ(dialed.error().code, Errc::refused);
  EXPECT_EQ(dialed.error().side, Side::upstream);
}

TEST_F(SystemNetworkTest, a_name_is_not_for_the_network) {
  const auto dialed = dial(base::NamedAddress{.host = "db", .port = 1});
  ASSERT_FALSE(dialed.has_value());
  EXPECT_EQ(dialed.error().code, Errc::unsupported);
  EXPECT_EQ(dialed.error().side, Side::local);
  EXPECT_EQ(world_.network().listen(base::NamedAddress{.host = "db", .port = 1}, {}).error().code,
            Errc::unsupported);
}

// A listener that takes nobody in: once its backlog is full, Linux drops the first packets of
// others.
struct Unanswering {
  ListenerPtr listener;
  std::vector<StreamPtr> waiting;
};

TEST_F(SystemNetworkTest,
       a_connect_that_is_never_answered_ends_at_its_limit_and_leaves_nothing_open) {
  Unanswering there{.listener = listen("127.0.0.1:0", {.backlog = 0}), .waiting = {}};
  const auto try_once = [&] {
    return world_.run(
        runtime::within(milliseconds(100), world_.network().connect(there.listener->local(), {})));
  };
  Result<StreamPtr> dialed = try_once();
  while (dialed && there.waiting.size() < 16) {
    there.waiting.push_back(*std::move(dialed));
    dialed = try_once();
  }
  ASSERT_FALSE(dialed.has_value());
  EXPECT_EQ(dialed.error().code, Errc::deadline);
  EXPECT_EQ(dialed.error().side, Side::upstream);

  const std::size_t before = open_descriptors();
  EXPECT_FALSE(try_once().has_value());
  EXPECT_EQ(open_descriptors(), before);
}

Task<void> keep_dial(Task<Result<StreamPtr>> dialing, Errc& ended_by) {
  const auto dialed = co_await std::move(dialing);
  ended_by = dialed ? Errc::system : dialed.error().code;
}

TEST_F(SystemNetworkTest, a_cancelled_connect_says_so_and_leaves_nothing_open) {
  auto listener = listen("127.0.0.1:0");
  const std::size_t before = open_descriptors();
  Errc ended_by = Errc::system;
  runtime::Scope scope(world_.loop());
  scope.cancel();  // the dial begins under a cancelled scope: it opens a socket and must close it
  scope.spawn(keep_dial(world_.network().connect(listener->local(), {}), ended_by));
  while (scope.running() > 0) world_.loop().turn();
  EXPECT_EQ(ended_by, Errc::cancelled);
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(SystemNetworkTest, a_closed_listener_refuses_and_resets_those_who_wait) {
  auto listener = listen("127.0.0.1:0");
  const base::Address address = listener->local();
  auto waiting = dial(address);
  ASSERT_TRUE(waiting.has_value());
  listener.reset();
  EXPECT_EQ(dial(address).error().code, Errc::refused);
  EXPECT_EQ(world_.run(sim::contract::read_to_end(**waiting)).error().code, Errc::reset);
}

TEST_F(SystemNetworkTest, accepting_goes_on_until_nobody_waits_and_is_woken_again) {
  auto listener = listen("127.0.0.1:0");
  EXPECT_EQ(listener->accept_now().error().code, Errc::would_block);
  std::vector<StreamPtr> dialed;
  for (int i = 0; i < 5; ++i) dialed.push_back(dial(listener->local()).value());
  EXPECT_TRUE(world_.run(wait_acceptable(*listener)).has_value());
  std::vector<StreamPtr> accepted;
  while (accepted.size() < 5) accepted.push_back(world_.run(accept_one(*listener)).value());
  EXPECT_EQ(listener->accept_now().error().code, Errc::would_block);
  EXPECT_FALSE(listener->acceptable_state().is_raised());
  dialed.push_back(dial(listener->local()).value());
  EXPECT_TRUE(world_.run(accept_one(*listener)).has_value());
}

TEST_F(SystemNetworkTest, two_listeners_share_an_address_when_both_agree) {
  auto first = listen("127.0.0.1:0", {.reuse_port = true});
  EXPECT_EQ(world_.network().listen(first->local(), {}).error().code, Errc::address_in_use);
  auto second = world_.network().listen(first->local(), {.reuse_port = true});
  EXPECT_TRUE(second.has_value());
}

TEST_F(SystemNetworkTest, the_file_of_a_unix_listener_goes_with_it) {
  const std::string path = ::testing::TempDir() + "cw_net_" + std::to_string(::getpid());
  struct stat about{};
  {
    auto listener = listen("unix:" + path, {.unix_mode = 0600});
    ASSERT_EQ(::stat(path.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, 0600U);
    EXPECT_EQ(world_.network().listen(parse("unix:" + path), {}).error().code,
              Errc::address_in_use);
    EXPECT_EQ(::stat(path.c_str(), &about), 0);  // the refused one did not take it away
  }
  EXPECT_NE(::stat(path.c_str(), &about), 0);
}

TEST_F(SystemNetworkTest, at_the_descriptor_limit_accepting_fails_the_flag_stays_and_it_recovers) {
  auto listener = listen("127.0.0.1:0");
  auto dialed = dial(listener->local());
  ASSERT_TRUE(dialed.has_value());
  EXPECT_TRUE(world_.run(wait_acceptable(*listener)).has_value());

  rlimit saved{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &saved), 0);
  rlimit none = saved;
  none.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto refused = listener->accept_now();
  const auto undialed = dial(listener->local());
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &saved), 0);

  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::descriptor_limit);
  EXPECT_TRUE(listener->acceptable_state().is_raised());
  ASSERT_FALSE(undialed.has_value());
  EXPECT_EQ(undialed.error().code, Errc::descriptor_limit);
  EXPECT_EQ(undialed.error().side, Side::local);
  EXPECT_TRUE(listener->accept_now().has_value());
}

TEST_F(SystemNetworkTest, a_connection_reset_before_it_is_accepted_does_not_stop_the_others) {
  auto listener = listen("127.0.0.1:0");
  auto gone = dial(listener->local());
  ASSERT_TRUE(gone.has_value());
  (*gone)->reset();
  gone->reset();
  auto stays = dial(listener->local());
  ASSERT_TRUE(stays.has_value());
  EXPECT_TRUE(world_.run(sim::contract::write_text(**stays, "here")).has_value());
  // Linux hands the broken one over too; reading it tells.
  auto first = world_.run(accept_one(*listener));
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(world_.run(sim::contract::read_to_end(**first)).error().code, Errc::reset);
  auto second = world_.run(accept_one(*listener));
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(world_.run(sim::contract::read_exactly(**second, 4)), "here");
}

TEST_F(SystemNetworkTest, the_direct_dialer_reaches_an_endpoint_by_its_address) {
  DirectDialer dialer(world_.network());
  auto listener = listen("127.0.0.1:0");
  EXPECT_TRUE(world_.run(dialer.dial(listener->local(), {})).has_value());
  const auto datagram = dialer.dial_datagram(parse("unix:/nowhere"), {});
  ASSERT_FALSE(datagram.has_value());
  EXPECT_EQ(datagram.error().code, Errc::unsupported);
  EXPECT_TRUE(dialer.dial_datagram(parse("127.0.0.1:9"), {}).has_value());
}

TEST_F(SystemNetworkTest, an_idle_world_does_not_spin) {
  auto listener = listen("127.0.0.1:0");
  auto dialed = dial(listener->local());
  auto accepted = world_.run(accept_one(*listener));
  ASSERT_TRUE(dialed.has_value() && accepted.has_value());
  EXPECT_TRUE(world_.run(rest(milliseconds(20))).has_value());
  const std::uint64_t before = world_.loop().metrics().loop_turns.value();
  EXPECT_TRUE(world_.run(rest(milliseconds(200))).has_value());
  EXPECT_LT(world_.loop().metrics().loop_turns.value() - before, 20U);
}

}  // namespace
}  // namespace causeway::net
