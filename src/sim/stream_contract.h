// SPDX-License-Identifier: Apache-2.0
// What every net::Stream promises, as one suite of tests, run over each carrier: the simulated
// connection, a socketpair, TCP, a unix socket, and later TLS and streams in tunnels. A carrier is
// a type that makes connected pairs:
//
//     struct Carrier {
//       static constexpr bool kResets;   // reset() reaches the other side as one, not as an end
//       struct Pair { net::StreamPtr a, b; };
//       Pair connect();
//       template <class T> Result<T> run(Task<Result<T>>);   // until it ends
//     };
//     INSTANTIATE_TYPED_TEST_SUITE_P(Tcp, StreamContract, TcpCarrier);
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "net/stream.h"
#include "os/pipe.h"
#include "runtime/both.h"
#include "runtime/scope.h"
#include "runtime/sleep.h"
#include "runtime/task.h"

namespace causeway::sim {

namespace contract {

// More than any carrier takes without a reader.
inline constexpr std::size_t kMoreThanFits = 64UL * 1024 * 1024;

inline Task<Result<std::string>> read_to_end(net::Stream& from) {
  std::string all;
  std::array<std::byte, 4096> space{};
  for (;;) {
    const auto got = co_await net::read_some(from, space);
    if (!got) co_return fail(got);
    if (*got == 0) co_return all;
    all += base::as_text(Bytes(space).first(*got));
  }
}

inline Task<Result<std::string>> read_exactly(net::Stream& from, std::size_t count) {
  std::string all(count, '\0');
  std::size_t have = 0;
  while (have < count) {
    const auto rest = std::as_writable_bytes(std::span(all)).subspan(have);
    const auto got = co_await net::read_some(from, rest);
    if (!got) co_return fail(got);
    if (*got == 0) co_return fail(Errc::closed);
    have += *got;
  }
  co_return all;
}

inline Task<Result<void>> write_text(net::Stream& to, std::string_view text) {
  co_return co_await net::write_all(to, base::as_bytes(text));
}

// Says something, hears the same at the other side.
inline Task<Result<std::string>> say(net::Stream& from, net::Stream& to, std::string_view text) {
  const auto put = co_await write_text(from, text);
  if (!put) co_return fail(put);
  co_return co_await read_exactly(to, text.size());
}

// Writes until nothing more fits. Returns how much did.
inline Task<Result<std::size_t>> fill(net::Stream& to) {
  const std::vector<std::byte> block(64UL * 1024, std::byte{'x'});
  std::size_t total = 0;
  unsigned blocked = 0;
  // A carrier may take more after a while (buffers are handed on): full is three times in a row.
  while (total < kMoreThanFits && blocked < 3) {
    const auto put = to.write_now(block);
    if (put) {
      total += *put;
      blocked = 0;
      continue;
    }
    if (put.error().code != Errc::would_block) co_return fail(put);
    ++blocked;
    const auto slept = co_await runtime::sleep_for(std::chrono::milliseconds(5));
    if (!slept) co_return fail(slept);
  }
  co_return total;
}

inline Task<Result<std::size_t>> read_count(net::Stream& from, std::size_t count) {
  std::vector<std::byte> space(64UL * 1024);
  std::size_t have = 0;
  while (have < count) {
    const auto got = co_await net::read_some(from, space);
    if (!got) co_return fail(got);
    if (*got == 0) co_return fail(Errc::closed);
    have += *got;
  }
  co_return have;
}

// A sum that depends on the order of the bytes.
class Checksum {
 public:
  void add(Bytes bytes) noexcept {
    for (const std::byte byte : bytes)
      sum_ = (sum_ ^ static_cast<std::uint64_t>(byte)) * 0x100000001b3U;
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return sum_; }

 private:
  std::uint64_t sum_ = 0xcbf29ce484222325U;
};

inline Task<Result<std::uint64_t>> send_random(net::Stream& to, std::size_t total,
                                               std::uint64_t seed) {
  base::Random random(seed);
  Checksum sum;
  std::vector<std::byte> block;
  while (total > 0) {
    block.resize(std::min<std::size_t>(total, 1 + random.below(100'000)));
    for (std::byte& byte : block) byte = static_cast<std::byte>(random.next());
    sum.add(block);
    const auto put = co_await net::write_all(to, block);
    if (!put) co_return fail(put);
    total -= block.size();
  }
  const auto ended = to.shutdown_write();
  if (!ended) co_return fail(ended);
  co_return sum.value();
}

// Reads in pieces of chance, and pauses now and then so that the writer runs into the window.
inline Task<Result<std::uint64_t>> receive_random(net::Stream& from, std::uint64_t seed) {
  base::Random random(seed);
  Checksum sum;
  std::vector<std::byte> space(50'000);
  for (;;) {
    const std::size_t piece = 1 + random.below(static_cast<std::uint32_t>(space.size()));
    const auto got = co_await net::read_some(from, MutableBytes(space).first(piece));
    if (!got) co_return fail(got);
    if (*got == 0) co_return sum.value();
    sum.add(Bytes(space).first(*got));
    if (random.below(50) != 0) continue;
    const auto slept = co_await runtime::sleep_for(std::chrono::milliseconds(2));
    if (!slept) co_return fail(slept);
  }
}

inline Task<void> keep_wait(net::Stream& stream, Errc& ended_by) {
  const auto ready = co_await stream.readable();
  ended_by = ready ? Errc::system : ready.error().code;
}

// A task that waits to read is cancelled; what comes later is still there.
inline Task<Result<Errc>> cancel_a_wait(net::Stream& stream) {
  const auto context = co_await runtime::this_task();
  Errc ended_by = Errc::would_block;
  runtime::Scope scope(context);
  scope.spawn(keep_wait(stream, ended_by));
  const auto slept = co_await runtime::sleep_for(std::chrono::milliseconds(5));
  scope.cancel();
  co_await scope.join();
  if (!slept) co_return fail(slept);
  co_return ended_by;
}

inline Task<Result<void>> wait_for(net::Ready& ready) {
  co_return co_await net::wait_any({&ready});
}

// Waits for four at once until the one at `index` is raised. Others may be raised before: a kernel
// takes a little more now and then.
inline Task<Result<std::size_t>> wait_for_one_of(std::array<net::Ready*, 4> any,
                                                 std::size_t index) {
  for (;;) {
    const auto woken = co_await net::wait_any({any[0], any[1], any[2], any[3]});
    if (!woken) co_return fail(woken);
    if (any[index]->is_raised()) co_return index;
    for (net::Ready* ready : any) ready->lower();
  }
}

inline void lower_all(std::array<net::Ready*, 4> any) {
  for (net::Ready* ready : any) ready->lower();
}

// Writes to a side that is gone until that is noticed.
inline Task<Result<Errc>> write_until_error(net::Stream& to) {
  const std::vector<std::byte> block(1000, std::byte{'y'});
  for (;;) {
    const auto put = co_await net::write_all(to, block);
    if (!put) co_return put.error().code;
    const auto slept = co_await runtime::sleep_for(std::chrono::milliseconds(1));
    if (!slept) co_return fail(slept);
  }
}

inline Task<Result<std::size_t>> splice_through(net::Stream& from, net::Stream& to,
                                                os::PipeLease& pipe) {
  std::size_t total = 0;
  for (;;) {
    const auto got = from.splice_in(pipe);
    if (!got && got.error().code != Errc::would_block) co_return fail(got);
    if (!got) {
      const auto ready = co_await from.readable();
      if (!ready) co_return fail(ready);
      continue;
    }
    if (*got == 0) break;
    while (pipe.waiting_bytes() > 0) {
      const auto put = to.splice_out(pipe);
      if (put) {
        total += *put;
        continue;
      }
      if (put.error().code != Errc::would_block) co_return fail(put);
      const auto ready = co_await to.writable();
      if (!ready) co_return fail(ready);
    }
  }
  const auto ended = to.shutdown_write();
  if (!ended) co_return fail(ended);
  co_return total;
}

inline Task<Result<std::size_t>> count_sent(Task<Result<std::uint64_t>> sending,
                                            std::uint64_t& sum) {
  const auto sent = co_await std::move(sending);
  if (!sent) co_return fail(sent);
  sum = *sent;
  co_return std::size_t{0};
}

}  // namespace contract

template <class Carrier>
class StreamContract : public ::testing::Test {
 protected:
  Carrier carrier_;
};
TYPED_TEST_SUITE_P(StreamContract);

// NOLINTBEGIN(readability-identifier-naming): a typed test's name becomes a class

TYPED_TEST_P(StreamContract, bytes_arrive_both_ways_in_order) {
  auto [a, b] = this->carrier_.connect();
  EXPECT_EQ(this->carrier_.run(contract::say(*a, *b, "there")), "there");
  EXPECT_EQ(this->carrier_.run(contract::say(*b, *a, "and back")), "and back");
}

TYPED_TEST_P(StreamContract, nothing_to_read_is_would_block_and_lowers_the_flag) {
  auto [a, b] = this->carrier_.connect();
  std::array<std::byte, 16> space{};
  const auto got = b->read_now(space);
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, Errc::would_block);
  EXPECT_FALSE(b->readable_state().is_raised());
}

TYPED_TEST_P(StreamContract, a_short_read_lowers_the_flag_and_the_next_byte_raises_it) {
  auto [a, b] = this->carrier_.connect();
  EXPECT_EQ(this->carrier_.run(contract::say(*a, *b, "x")), "x");
  std::array<std::byte, 16> space{};
  EXPECT_FALSE(b->read_now(space).has_value());
  EXPECT_FALSE(b->readable_state().is_raised());
  EXPECT_EQ(this->carrier_.run(contract::say(*a, *b, "y")), "y");
}

TYPED_TEST_P(StreamContract, half_close_reaches_the_other_side_and_leaves_the_other_way_open) {
  auto [a, b] = this->carrier_.connect();
  EXPECT_TRUE(this->carrier_.run(contract::write_text(*a, "last words")).has_value());
  EXPECT_TRUE(a->shutdown_write().has_value());
  EXPECT_EQ(this->carrier_.run(contract::read_to_end(*b)), "last words");
  EXPECT_EQ(this->carrier_.run(contract::say(*b, *a, "still here")), "still here");
  EXPECT_TRUE(b->shutdown_write().has_value());
  EXPECT_EQ(this->carrier_.run(contract::read_to_end(*a)), "");
}

TYPED_TEST_P(StreamContract, the_end_is_told_again_to_who_asks_again) {
  auto [a, b] = this->carrier_.connect();
  EXPECT_TRUE(a->shutdown_write().has_value());
  EXPECT_EQ(this->carrier_.run(contract::read_to_end(*b)), "");
  EXPECT_EQ(this->carrier_.run(contract::read_to_end(*b)), "");
}

TYPED_TEST_P(StreamContract, an_end_that_comes_with_the_last_bytes_is_seen) {
  for (unsigned i = 0; i < 20; ++i) {
    auto [a, b] = this->carrier_.connect();
    // Both leave before the loop polls again, so one edge announces both.
    ASSERT_EQ(a->write_now(base::as_bytes("tail")).value_or(0) > 0, true);
    EXPECT_TRUE(a->shutdown_write().has_value());
    const auto all = this->carrier_.run(contract::read_to_end(*b));
    ASSERT_TRUE(all.has_value());
    EXPECT_TRUE(std::string_view("tail").starts_with(*all));
    EXPECT_FALSE(all->empty());
  }
}

TYPED_TEST_P(StreamContract, destroying_a_stream_is_an_orderly_end) {
  auto [a, b] = this->carrier_.connect();
  EXPECT_TRUE(this->carrier_.run(contract::write_text(*a, "bye")).has_value());
  a.reset();
  EXPECT_EQ(this->carrier_.run(contract::read_to_end(*b)), "bye");
}

TYPED_TEST_P(StreamContract, a_reset_is_seen_as_a_reset_by_carriers_that_have_them) {
  auto [a, b] = this->carrier_.connect();
  a->reset();
  a.reset();
  const auto got = this->carrier_.run(contract::read_to_end(*b));
  if (TypeParam::kResets) {
    ASSERT_FALSE(got.has_value());
    EXPECT_EQ(got.error().code, Errc::reset);
  } else {
    EXPECT_EQ(got, "");
  }
}

TYPED_TEST_P(StreamContract, a_reset_ends_a_blocked_write) {
  auto [a, b] = this->carrier_.connect();
  ASSERT_TRUE(this->carrier_.run(contract::fill(*a)).has_value());
  b->reset();
  b.reset();
  const auto ended_by = this->carrier_.run(contract::write_until_error(*a));
  ASSERT_TRUE(ended_by.has_value());
  EXPECT_TRUE(*ended_by == Errc::reset || *ended_by == Errc::closed);
}

TYPED_TEST_P(StreamContract, leaving_bytes_unread_resets_the_writer) {
  auto [a, b] = this->carrier_.connect();
  ASSERT_TRUE(this->carrier_.run(contract::write_text(*a, "unheard")).has_value());
  ASSERT_TRUE(this->carrier_.run(contract::wait_for(b->readable_state())).has_value());
  b.reset();
  const auto got = this->carrier_.run(contract::read_to_end(*a));
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, Errc::reset);
}

TYPED_TEST_P(StreamContract, a_full_stream_would_block_and_goes_on_when_it_is_read) {
  auto [a, b] = this->carrier_.connect();
  const auto filled = this->carrier_.run(contract::fill(*a));
  ASSERT_TRUE(filled.has_value());
  EXPECT_GT(*filled, 0U);
  EXPECT_LT(*filled, contract::kMoreThanFits);
  EXPECT_FALSE(a->writable_state().is_raised());

  const auto drained = this->carrier_.run(contract::read_count(*b, *filled));
  EXPECT_EQ(drained, *filled);
  EXPECT_TRUE(this->carrier_.run(contract::wait_for(a->writable_state())).has_value());
  EXPECT_EQ(this->carrier_.run(contract::say(*a, *b, "more")), "more");
}

TYPED_TEST_P(StreamContract, a_big_transfer_both_ways_at_once_arrives_whole) {
  constexpr std::size_t kTotal = 4UL * 1024 * 1024;
  auto [a, b] = this->carrier_.connect();
  auto there = runtime::both(contract::send_random(*a, kTotal, 1), contract::receive_random(*b, 2));
  auto back = runtime::both(contract::send_random(*b, kTotal, 3), contract::receive_random(*a, 4));
  const auto sums = this->carrier_.run(runtime::both(std::move(there), std::move(back)));
  ASSERT_TRUE(sums.has_value()) << base::to_text(sums.error());
  EXPECT_EQ(sums->first.first, sums->first.second);
  EXPECT_EQ(sums->second.first, sums->second.second);
  EXPECT_NE(sums->first.first, sums->second.first);
}

TYPED_TEST_P(StreamContract, a_cancelled_wait_leaves_the_stream_as_it_was) {
  auto [a, b] = this->carrier_.connect();
  EXPECT_EQ(this->carrier_.run(contract::cancel_a_wait(*b)), Errc::cancelled);
  EXPECT_EQ(this->carrier_.run(contract::say(*a, *b, "after")), "after");
}

TYPED_TEST_P(StreamContract, writing_to_a_side_that_is_gone_fails) {
  auto [a, b] = this->carrier_.connect();
  b.reset();
  const auto ended_by = this->carrier_.run(contract::write_until_error(*a));
  ASSERT_TRUE(ended_by.has_value());
  EXPECT_TRUE(*ended_by == Errc::closed || *ended_by == Errc::reset);
}

TYPED_TEST_P(StreamContract, nothing_can_be_written_after_shutdown) {
  auto [a, b] = this->carrier_.connect();
  EXPECT_TRUE(a->shutdown_write().has_value());
  const auto put = a->write_now(base::as_bytes("late"));
  ASSERT_FALSE(put.has_value());
  EXPECT_EQ(put.error().code, Errc::closed);
}

TYPED_TEST_P(StreamContract, wait_any_wakes_for_each_of_four) {
  auto [a, b] = this->carrier_.connect();
  auto [c, d] = this->carrier_.connect();
  const auto filled_a = this->carrier_.run(contract::fill(*a));
  const auto filled_c = this->carrier_.run(contract::fill(*c));
  ASSERT_TRUE(filled_a.has_value() && filled_c.has_value());
  const std::array<net::Ready*, 4> any = {&a->readable_state(), &a->writable_state(),
                                          &c->readable_state(), &c->writable_state()};
  contract::lower_all(any);
  ASSERT_TRUE(this->carrier_.run(contract::write_text(*b, "1")).has_value());
  EXPECT_TRUE(this->carrier_.run(contract::wait_for_one_of(any, 0)).has_value());
  EXPECT_FALSE(any[2]->is_raised());

  contract::lower_all(any);
  ASSERT_TRUE(this->carrier_.run(contract::write_text(*d, "2")).has_value());
  EXPECT_TRUE(this->carrier_.run(contract::wait_for_one_of(any, 2)).has_value());
  EXPECT_FALSE(any[0]->is_raised());

  contract::lower_all(any);
  auto draining_b =
      runtime::both(contract::read_count(*b, *filled_a), contract::wait_for_one_of(any, 1));
  EXPECT_TRUE(this->carrier_.run(std::move(draining_b)).has_value());
  contract::lower_all(any);
  auto draining_d =
      runtime::both(contract::read_count(*d, *filled_c), contract::wait_for_one_of(any, 3));
  EXPECT_TRUE(this->carrier_.run(std::move(draining_d)).has_value());
}

TYPED_TEST_P(StreamContract, spliced_bytes_arrive_whole) {
  auto [a, b] = this->carrier_.connect();
  auto [c, d] = this->carrier_.connect();
  os::PipePool pipes(64UL * 1024, 1);
  auto pipe = pipes.borrow();
  ASSERT_TRUE(pipe.has_value());
  if (!b->can_splice()) {
    EXPECT_EQ(b->splice_in(**pipe).error().code, Errc::unsupported);
    EXPECT_EQ(b->splice_out(**pipe).error().code, Errc::unsupported);
    return;
  }
  constexpr std::size_t kTotal = 4UL * 1024 * 1024;
  std::uint64_t sent_sum = 0;
  auto sending = contract::count_sent(contract::send_random(*a, kTotal, 5), sent_sum);
  auto moving = runtime::both(std::move(sending), contract::splice_through(*b, *c, **pipe));
  const auto all =
      this->carrier_.run(runtime::both(std::move(moving), contract::receive_random(*d, 6)));
  ASSERT_TRUE(all.has_value()) << base::to_text(all.error());
  EXPECT_EQ(all->first.second, kTotal);
  EXPECT_EQ(all->second, sent_sum);
}

// NOLINTEND(readability-identifier-naming)

REGISTER_TYPED_TEST_SUITE_P(
    StreamContract, bytes_arrive_both_ways_in_order,
    nothing_to_read_is_would_block_and_lowers_the_flag,
    a_short_read_lowers_the_flag_and_the_next_byte_raises_it,
    half_close_reaches_the_other_side_and_leaves_the_other_way_open,
    the_end_is_told_again_to_who_asks_again, an_end_that_comes_with_the_last_bytes_is_seen,
    destroying_a_stream_is_an_orderly_end, a_reset_is_seen_as_a_reset_by_carriers_that_have_them,
    a_reset_ends_a_blocked_write, leaving_bytes_unread_resets_the_writer,
    a_full_stream_would_block_and_goes_on_when_it_is_read,
    a_big_transfer_both_ways_at_once_arrives_whole, a_cancelled_wait_leaves_the_stream_as_it_was,
    writing_to_a_side_that_is_gone_fails, nothing_can_be_written_after_shutdown,
    wait_any_wakes_for_each_of_four, spliced_bytes_arrive_whole);

}  // namespace causeway::sim
