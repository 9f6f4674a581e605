// SPDX-License-Identifier: Apache-2.0
// The relay between real sockets on the loopback, where it may splice.
#include <gtest/gtest.h>

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/result.h"
#include "model/limits.h"
#include "model/snapshot.h"
#include "net/stream.h"
#include "observe/listener_metrics.h"
#include "proxy/internal/tcp_test_worker.h"
#include "proxy/relay.h"
#include "runtime/both.h"
#include "runtime/scope.h"
#include "runtime/task.h"
#include "sim/real_world.h"

namespace causeway::proxy {
namespace {

using namespace std::chrono_literals;
using namespace tcp_test;

constexpr std::size_t kBigBytes = std::size_t{16} << 20U;

class RelaySplice : public testing::Test {
 protected:
  void SetUp() override {
    connect(client_, downstream_);
    connect(upstream_, server_);
    relay_.emplace(worker_.worker(), *downstream_, *upstream_, timeouts_, metrics_);
    scope_.spawn(serve());
  }
  void TearDown() override {
    scope_.cancel();
    runtime::run_until_done(world_.loop(), join(scope_));
    EXPECT_EQ(worker_.chunks().lent_chunks(), 0U);
  }
  void connect(net::StreamPtr& dialed, net::StreamPtr& accepted) {
    auto listener = world_.network().listen(address("127.0.0.1:0"), {}).value();
    dialed = world_.run(world_.network().connect(listener->local(), {})).value();
    accepted = world_.run(accept_one(*listener)).value();
  }
  // As a connection does it: what ended the relay is told to both sides.
  Task<void> serve() {
    const auto ended = co_await relay_->run();
    if (!ended) downstream_->reset();
    if (!ended) upstream_->reset();
    relay_.reset();
    downstream_.reset();
    upstream_.reset();
    ended_.emplace(ended);
  }
  static Task<void> join(runtime::Scope& scope) { co_await scope.join(); }

  // In the background; the answer lives as long as the fixture.
  const std::optional<Result<void>>& spawn(Task<Result<void>> task) {
    scope_.spawn(keep(std::move(task), answers_.emplace_back()));
    return answers_.back();
  }
  // Whether `text` arrives as it was sent.
  bool carries(net::Stream& from, net::Stream& to, const std::string& text) {
    const auto& sent = spawn(send_text(from, text));
    const auto got = world_.run(read_text(to, text.size()));
    while (!sent) world_.loop().turn();
    return *sent && got && *got == text;
  }

  sim::RealWorld world_;
  const model::Timeouts timeouts_;
  TestWorker worker_{world_.loop(), world_.network(), model::Snapshot{}};
  observe::ListenerMetrics metrics_;
  net::StreamPtr client_;
  net::StreamPtr downstream_;
  net::StreamPtr upstream_;
  net::StreamPtr server_;
  std::optional<Relay> relay_;
  std::optional<Result<void>> ended_;
  std::deque<std::optional<Result<void>>> answers_;
  runtime::Scope scope_{world_.loop()};
};

TEST_F(RelaySplice, small_messages_need_no_pipe) {
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(carries(*client_, *server_, pattern(100, 1)));
    EXPECT_TRUE(carries(*server_, *client_, pattern(3000, 2)));
  }
  EXPECT_EQ(worker_.pipes().idle(), 0U);
}

TEST_F(RelaySplice,
       a_big_transfer_goes_through_a_pipe_which_is_given_back_in_the_silence_after_it) {
  EXPECT_TRUE(carries(*client_, *server_, pattern(kBigBytes, 1)));
  EXPECT_TRUE(carries(*server_, *client_, "ok"));  // the relay has had its turn
  EXPECT_EQ(worker_.pipes().idle(), 1U);
  EXPECT_EQ(relay_->up().moved_bytes(), kBigBytes);
  EXPECT_FALSE(ended_);
}

TEST_F(RelaySplice, small_messages_after_a_big_transfer_pass_and_so_does_another_big_one) {
  for (int round = 0; round < 3; ++round) {
    EXPECT_TRUE(carries(*server_, *client_, pattern(kBigBytes, 3)));
    for (int i = 0; i < 20; ++i) {
      EXPECT_TRUE(carries(*client_, *server_, pattern(50, 4)));
      EXPECT_TRUE(carries(*server_, *client_, pattern(200, 5)));
    }
  }
  EXPECT_EQ(worker_.pipes().idle(), 1U);  // the same one each time
}

TEST_F(RelaySplice, both_ways_at_once_are_intact_to_the_end) {
  spawn(send_and_end(*client_, pattern(kBigBytes, 6)));
  spawn(send_and_end(*server_, pattern(kBigBytes, 7)));
  const auto got = world_.run(runtime::both(read_text(*server_), read_text(*client_)));
  ASSERT_TRUE(got);
  EXPECT_TRUE(got->first == pattern(kBigBytes, 6));
  EXPECT_TRUE(got->second == pattern(kBigBytes, 7));
  runtime::run_until_done(world_.loop(), join(scope_));
  ASSERT_TRUE(ended_);
  EXPECT_TRUE(*ended_);
  EXPECT_EQ(metrics_.received_bytes.value(), kBigBytes);
  EXPECT_EQ(metrics_.sent_bytes.value(), kBigBytes);
}

TEST_F(RelaySplice, a_reset_in_the_middle_is_told_with_its_side_and_its_pipe_is_not_used_again) {
  spawn(send_text(*client_, pattern(kBigBytes, 8)));
  ASSERT_TRUE(world_.run(read_text(*server_, kBigBytes / 2)));
  server_->reset();
  server_.reset();
  while (!ended_) world_.loop().turn();
  ASSERT_FALSE(*ended_);
  EXPECT_TRUE(ended_->error().code == Errc::reset || ended_->error().code == Errc::closed);
  EXPECT_EQ(ended_->error().side, Side::upstream);
  EXPECT_LE(worker_.pipes().idle(), 1U);
}

}  // namespace
}  // namespace causeway::proxy
