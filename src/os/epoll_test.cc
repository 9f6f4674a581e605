// SPDX-License-Identifier: Apache-2.0
// What our streams rely on from edge-triggered epoll.
#include "os/epoll.h"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "os/stream_socket.h"
#include "os/system_clock.h"
#include "os/wake_fd.h"

namespace causeway::os {
namespace {

class EpollTest : public ::testing::Test {
 protected:
  EpollTest() {
    EXPECT_TRUE(epoll_.add(pair_.a, this).has_value());
    std::ignore = poll();  // writable from the start
  }

  // What happened to `pair.a` meanwhile; nothing set when nothing did.
  Events poll() {
    std::array<Epoll::Ready, 4> ready;
    const std::size_t count = epoll_.wait(ready, Duration::zero());
    EXPECT_LE(count, 1U);
    if (count == 0) return {};
    EXPECT_EQ(ready[0].owner, this);
    return ready[0].events;
  }
  std::size_t read(std::size_t bytes) {
    std::vector<std::byte> space(bytes);
    return read_some(pair_.a, space).value_or(0);
  }
  void write(std::string_view text) {
    EXPECT_EQ(write_some(pair_.b, base::as_bytes(text)), text.size());
  }

  Epoll epoll_ = Epoll::create().value();
  StreamPair pair_ = stream_pair().value();
};

TEST_F(EpollTest, a_new_socket_is_announced_as_writable) {
  const StreamPair fresh = stream_pair().value();
  EXPECT_TRUE(epoll_.add(fresh.a, this).has_value());
  const Events events = poll();
  EXPECT_TRUE(events.writable);
  EXPECT_FALSE(events.readable);
  EXPECT_FALSE(events.peer_closed);
}

TEST_F(EpollTest, bytes_are_announced_once_however_long_they_wait) {
  write("abc");
  EXPECT_TRUE(poll().readable);
  EXPECT_FALSE(poll().readable);
  EXPECT_EQ(read(1), 1U);
  EXPECT_FALSE(poll().readable);
}

TEST_F(EpollTest, more_bytes_are_announced_again_although_the_first_were_not_read) {
  write("abc");
  EXPECT_TRUE(poll().readable);
  write("def");
  EXPECT_TRUE(poll().readable);
}

TEST_F(EpollTest, after_a_short_read_the_next_byte_is_announced) {
  write("abc");
  EXPECT_TRUE(poll().readable);
  EXPECT_EQ(read(10), 3U);
  write("d");
  EXPECT_TRUE(poll().readable);
}

TEST_F(EpollTest, an_end_that_comes_with_bytes_is_in_the_same_event_and_not_announced_again) {
  write("abc");
  EXPECT_TRUE(shutdown_write(pair_.b).has_value());
  const Events events = poll();
  EXPECT_TRUE(events.readable);
  EXPECT_TRUE(events.peer_closed);
  EXPECT_EQ(read(10), 3U);
  EXPECT_FALSE(poll().readable);
  EXPECT_EQ(read(10), 0U);
}

TEST_F(EpollTest, a_closed_peer_is_readable_and_writable_so_that_both_ways_find_out) {
  pair_.b.close();
  const Events events = poll();
  EXPECT_TRUE(events.readable);
  EXPECT_TRUE(events.writable);
  EXPECT_TRUE(events.peer_closed);
}

TEST_F(EpollTest, after_a_short_write_room_is_announced) {
  const std::vector<std::byte> block(1024UL * 1024);
  while (write_some(pair_.a, block).has_value()) {
  }
  EXPECT_FALSE(poll().writable);
  std::vector<std::byte> space(1024UL * 1024);
  while (read_some(pair_.b, space).has_value()) {
  }
  EXPECT_TRUE(poll().writable);
}

TEST_F(EpollTest, a_closed_descriptor_leaves_by_itself) {
  write("abc");
  pair_.a.close();
  std::array<Epoll::Ready, 4> ready;
  EXPECT_EQ(epoll_.wait(ready, Duration::zero()), 0U);
}

TEST_F(EpollTest, a_descriptor_is_added_once) {
  const auto again = epoll_.add(pair_.a, this);
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().os_errno, EEXIST);
}

TEST_F(EpollTest, reports_no_more_than_asked_and_the_rest_later) {
  const StreamPair second = stream_pair().value();
  const StreamPair third = stream_pair().value();
  EXPECT_TRUE(epoll_.add(second.a, this).has_value());
  EXPECT_TRUE(epoll_.add(third.a, this).has_value());
  std::array<Epoll::Ready, 1> ready;
  EXPECT_EQ(epoll_.wait(ready, Duration::zero()), 1U);
  EXPECT_EQ(epoll_.wait(ready, Duration::zero()), 1U);
  EXPECT_EQ(epoll_.wait(ready, Duration::zero()), 0U);
}

TEST_F(EpollTest, waits_at_least_as_long_as_asked_when_nothing_happens) {
  const SystemClock clock;
  const Instant begin = clock.now();
  std::array<Epoll::Ready, 1> ready;
  EXPECT_EQ(epoll_.wait(ready, std::chrono::microseconds(1500)), 0U);
  EXPECT_GE(clock.now() - begin, std::chrono::microseconds(1500));
}

TEST(WakeFd, every_signal_ends_one_wait) {
  Epoll epoll = Epoll::create().value();
  const WakeFd wake = WakeFd::create().value();
  EXPECT_TRUE(epoll.add(wake.fd(), nullptr).has_value());
  std::array<Epoll::Ready, 1> ready;
  std::ignore = epoll.wait(ready, Duration::zero());  // writable from the start
  for (int i = 0; i < 3; ++i) {
    wake.signal();
    wake.signal();
    ASSERT_EQ(epoll.wait(ready, Epoll::kForever), 1U);
    EXPECT_TRUE(ready[0].events.readable);
    EXPECT_EQ(epoll.wait(ready, Duration::zero()), 0U);
  }
}

}  // namespace
}  // namespace causeway::os
