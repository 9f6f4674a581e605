// SPDX-License-Identifier: Apache-2.0
#include "runtime/epoll_poller.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>

#include "base/bytes.h"
#include "base/time.h"
#include "os/epoll.h"
#include "os/stream_socket.h"
#include "os/system_clock.h"

namespace causeway::runtime {
namespace {

class NotingSink final : public EventSink {
 public:
  void on_events(os::Events events) noexcept override {
    ++calls;
    last = events;
  }
  int calls = 0;
  os::Events last;
};

class EpollPollerTest : public ::testing::Test {
 protected:
  os::SystemClock clock_;
  std::unique_ptr<EpollPoller> poller_ = EpollPoller::create(clock_).value();
};

TEST_F(EpollPollerTest, gives_events_to_the_sink_of_the_descriptor) {
  const os::StreamPair pair = os::stream_pair().value();
  NotingSink a;
  NotingSink b;
  EXPECT_TRUE(poller_->add(pair.a, a).has_value());
  EXPECT_TRUE(poller_->add(pair.b, b).has_value());
  poller_->poll(Instant::min());
  EXPECT_EQ(a.calls, 1);
  EXPECT_EQ(b.calls, 1);
  EXPECT_EQ(os::write_some(pair.a, base::as_bytes("x")), 1U);
  poller_->poll(base::kNever);
  EXPECT_EQ(a.calls, 1);
  EXPECT_EQ(b.calls, 2);
  EXPECT_TRUE(b.last.readable);
}

TEST_F(EpollPollerTest, sleeps_until_the_time_and_not_at_all_before_the_beginning_of_time) {
  poller_->poll(Instant::min());
  const Instant begin = clock_.now();
  poller_->poll(Instant::min());
  poller_->poll(begin - std::chrono::seconds(100));
  poller_->poll(begin + std::chrono::milliseconds(20));
  // The descriptor for other threads may be announced once as writable: then one more is needed.
  if (clock_.now() < begin + std::chrono::milliseconds(20))
    poller_->poll(begin + std::chrono::milliseconds(20));
  EXPECT_GE(clock_.now(), begin + std::chrono::milliseconds(20));
}

TEST_F(EpollPollerTest, an_interrupt_ends_the_next_sleep_and_only_that) {
  poller_->poll(Instant::min());
  poller_->interrupt();
  poller_->poll(base::kNever);
  const Instant begin = clock_.now();
  poller_->poll(begin + std::chrono::milliseconds(20));
  EXPECT_GE(clock_.now(), begin + std::chrono::milliseconds(20));
}

TEST_F(EpollPollerTest, a_closed_descriptor_is_not_heard_of_again) {
  os::StreamPair pair = os::stream_pair().value();
  NotingSink a;
  EXPECT_TRUE(poller_->add(pair.a, a).has_value());
  poller_->poll(Instant::min());
  EXPECT_EQ(os::write_some(pair.b, base::as_bytes("x")), 1U);
  pair.a.close();
  poller_->poll(Instant::min());
  EXPECT_EQ(a.calls, 1);
}

}  // namespace
}  // namespace causeway::runtime
