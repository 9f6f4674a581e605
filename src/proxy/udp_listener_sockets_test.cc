// SPDX-License-Identifier: Apache-2.0
// The UDP listener over the machine's own sockets, on the loopback: what only a kernel can show.
#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/error.h"
#include "model/snapshot.h"
#include "net/datagram.h"
#include "net/system_network.h"
#include "os/system_clock.h"
#include "proxy/internal/udp_test_gateway.h"
#include "proxy/udp_listener.h"
#include "runtime/epoll_poller.h"
#include "runtime/scope.h"
#include "runtime/task.h"

namespace causeway::proxy {
namespace {

using namespace std::chrono_literals;
using namespace udp_test;

// --- Over real sockets
// -------------------------------------------------------------------------------

class UdpListenerOnSocketsTest : public testing::Test {
 protected:
  void TearDown() override {
    endpoints_.cancel();
    if (gateway_) runtime::run_until_done(loop_, gateway_->close());
    while (endpoints_.running() > 0) loop_.turn();
  }

  net::DatagramPtr bind(std::string_view where) {
    return network_.bind_datagram(address(where), {}).value();
  }
  base::SocketAddress add_echo(std::string name) {
    sockets_.push_back(bind("127.0.0.1:0"));
    endpoints_.spawn(serve_echo(*sockets_.back(), std::move(name)));
    return *sockets_.back()->local().socket();
  }
  net::DatagramPtr connect(const base::SocketAddress& to) {
    return network_.connect_datagram(to, {}).value();
  }
  Gateway& start(model::Snapshot snapshot) {
    gateway_ = std::make_unique<Gateway>(loop_, network_, std::move(snapshot));
    return *gateway_;
  }
  template <class T>
  T run(Task<T> task) {
    return runtime::run_until_done(loop_, std::move(task));
  }

  os::SystemClock clock_;
  std::unique_ptr<runtime::EpollPoller> poller_ = *runtime::EpollPoller::create(clock_);
  runtime::Loop loop_{clock_, *poller_, 1};
  net::SystemNetwork network_{loop_, *poller_};
  std::vector<net::DatagramPtr> sockets_;
  runtime::Scope endpoints_{loop_};
  std::unique_ptr<Gateway> gateway_;
};

TEST_F(UdpListenerOnSocketsTest, a_wildcard_answers_from_the_address_that_was_asked) {
  Gateway& gateway = start(snapshot_of("[::]:0", {add_echo("a:")}));
  for (const std::string_view asked : {"127.0.0.1", "127.0.0.2", "::1"}) {
    // A connected socket takes answers from that address only.
    const auto downstream = connect(gateway.at(asked));
    EXPECT_EQ(run(ask(*downstream, "x")), "a:x") << asked;
  }
  EXPECT_EQ(gateway.listener().sessions(), 3U);
}

TEST_F(UdpListenerOnSocketsTest, a_burst_goes_through_with_its_boundaries) {
  Gateway& gateway = start(snapshot_of("127.0.0.1:0", {add_echo("a:")}));
  const auto downstream = connect(gateway.at("127.0.0.1"));
  std::vector<std::string> texts;
  for (int i = 0; i < 40; ++i)
    texts.emplace_back(i % 10 == 9 ? 300U : 1000U, static_cast<char>('A' + i));
  std::vector<net::Packet> packets;
  for (const std::string& text : texts) packets.push_back({.payload = base::as_bytes(text)});
  for (std::span<const net::Packet> rest(packets); !rest.empty();) {
    const auto sent = downstream->send_now(rest);
    ASSERT_TRUE(sent);
    rest = rest.subspan(*sent);
  }
  const auto answers = run(receive_count(*downstream, texts.size()));
  ASSERT_TRUE(answers);
  for (std::string& text : texts) text.insert(0, "a:");
  EXPECT_EQ(*answers, texts);
  EXPECT_EQ(gateway.metrics().received_datagrams.value(), 40U);
  EXPECT_EQ(gateway.metrics().sent_datagrams.value(), 40U);
  EXPECT_EQ(gateway.metrics().dropped.total(), 0U);
}

TEST_F(UdpListenerOnSocketsTest,
       the_largest_datagram_passes_and_what_ipv4_cannot_carry_is_counted) {
  auto endpoint = bind("127.0.0.1:0");
  Gateway& gateway = start(snapshot_of("[::]:0", {*endpoint->local().socket()}));
  const auto downstream = connect(gateway.at("::1"));
  const std::string largest(65507, 'x');
  send(*downstream, largest);
  const auto got = run(receive_count(*endpoint, 1));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->front(), largest);

  send(*downstream, std::string(65520, 'x'));  // IPv6 carries it
  send(*downstream, "and on");
  EXPECT_EQ(run(receive_count(*endpoint, 1)), std::vector<std::string>{"and on"});
  EXPECT_EQ(gateway.metrics().dropped.value(Errc::datagram_too_large), 1U);
  EXPECT_EQ(gateway.metrics().dropped.total(), 1U);
}

TEST_F(UdpListenerOnSocketsTest, a_refusal_is_carried_back) {
  auto nobody = bind("127.0.0.1:0");
  const base::SocketAddress gone = *nobody->local().socket();
  nobody.reset();
  if (!network_.unreachable_sender()) GTEST_SKIP() << "raw sockets are not permitted";
  Gateway& gateway = start(snapshot_of("[::]:0", {gone}));
  for (const std::string_view asked : {"127.0.0.3", "::1"}) {
    const auto downstream = connect(gateway.at(asked));
    const auto answer = run(ask(*downstream, "x"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::refused) << asked;
  }
  EXPECT_EQ(gateway.listener().sessions(), 0U);
  EXPECT_EQ(gateway.metrics().icmp_errors.value(), 2U);
}

}  // namespace
}  // namespace causeway::proxy
