// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/address.h"
#include "base/error.h"
#include "base/result.h"
#include "base/time.h"
#include "net/listener.h"
#include "net/stream.h"
#include "runtime/both.h"
#include "runtime/limits.h"
#include "runtime/sleep.h"
#include "runtime/task.h"
#include "sim/seeds.h"
#include "sim/stream_contract.h"
#include "sim/world.h"

namespace causeway::sim {
namespace {

const base::SocketAddress kPlace = base::SocketAddress::parse("10.0.0.2:80").value();

Task<Result<net::StreamPtr>> accept_one(net::Listener& listener) {
  for (;;) {
    auto stream = listener.accept_now();
    if (stream || stream.error().code != Errc::would_block) co_return stream;
    const auto ready = co_await listener.acceptable();
    if (!ready) co_return fail(ready);
  }
}

struct Pair {
  net::StreamPtr a;
  net::StreamPtr b;
};

Pair connect_in(World& world) {
  auto& dialing = world.network("10.0.0.1");
  auto listener = world.network("10.0.0.2").listen(kPlace, {});
  EXPECT_TRUE(listener.has_value());
  auto both = world.run(runtime::both(dialing.connect(kPlace, {}), accept_one(**listener)));
  EXPECT_TRUE(both.has_value());
  return {.a = std::move(both->first), .b = std::move(both->second)};
}

template <std::uint64_t kSeed>
struct SimCarrier {
  static constexpr bool kResets = true;
  using Pair = sim::Pair;

  Pair connect() { return connect_in(*world); }
  template <class T>
  Result<T> run(Task<Result<T>> task) {
    return world->run(std::move(task));
  }
  std::unique_ptr<World> world = std::make_unique<World>(kSeed);
};

INSTANTIATE_TYPED_TEST_SUITE_P(Simulated, StreamContract, SimCarrier<1>);
INSTANTIATE_TYPED_TEST_SUITE_P(SimulatedOtherwise, StreamContract, SimCarrier<2>);

Task<Result<std::uint64_t>> receive_after(Duration pause, net::Stream& from, std::uint64_t seed) {
  const auto slept = co_await runtime::sleep_for(pause);
  if (!slept) co_return fail(slept);
  co_return co_await contract::receive_random(from, seed);
}

TEST(SimStream, every_seed_carries_a_transfer_whole) {
  for (const std::uint64_t seed : seeds(50)) {
    SCOPED_TRACE(seed);
    World world(seed);
    auto [a, b] = connect_in(world);
    const auto sums = world.run(runtime::both(contract::send_random(*a, 100'000, seed),
                                              contract::receive_random(*b, seed)));
    ASSERT_TRUE(sums.has_value());
    EXPECT_EQ(sums->first, sums->second);
  }
}

TEST(SimStream, the_same_seed_gives_the_same_trace_and_another_seed_another) {
  const auto trace_of = [](std::uint64_t seed) {
    World world(seed);
    auto [a, b] = connect_in(world);
    const auto sums = world.run(
        runtime::both(contract::send_random(*a, 100'000, 7), contract::receive_random(*b, 7)));
    EXPECT_TRUE(sums.has_value());
    a.reset();
    b.reset();
    world.run_until_quiet();
    return std::pair(world.trace_hash(), world.clock().now());
  };
  EXPECT_EQ(trace_of(11), trace_of(11));
  EXPECT_NE(trace_of(11).first, trace_of(12).first);
}

TEST(SimStream, bytes_come_in_pieces_of_many_sizes) {
  std::array<unsigned, 9> seen{};
  for (const std::uint64_t seed : seeds(200)) {
    World world(seed);
    auto [a, b] = connect_in(world);
    EXPECT_TRUE(world.run(contract::write_text(*a, "12345678")).has_value());
    std::array<std::byte, 64> space{};
    const auto first = world.run(net::read_some(*b, space));
    ASSERT_TRUE(first.has_value());
    ++seen.at(*first);
    EXPECT_TRUE(world.run(contract::read_exactly(*b, 8 - *first)).has_value() || *first == 8);
  }
  for (std::size_t size = 1; size <= 8; ++size) EXPECT_GT(seen.at(size), 0U) << size;
}

TEST(SimStream, a_reader_that_stops_bounds_what_is_written) {
  World world(3);
  world.internet().set_default_link({.window_bytes = 10'000});
  auto [a, b] = connect_in(world);
  const auto filled = world.run(contract::fill(*a));
  EXPECT_EQ(filled, 10'000U);
  EXPECT_EQ(world.run(contract::read_count(*b, 10'000)), 10'000U);
}

TEST(SimStream, the_rate_of_the_link_is_kept) {
  World world(4);
  world.internet().set_default_link(
      {.delay = std::chrono::milliseconds(5), .bytes_per_second = 1'000'000});
  auto [a, b] = connect_in(world);
  const Instant begin = world.clock().now();
  const auto sums = world.run(
      runtime::both(contract::send_random(*a, 2'000'000, 1), receive_after(Duration{}, *b, 1)));
  ASSERT_TRUE(sums.has_value());
  EXPECT_GE(world.clock().now() - begin, std::chrono::seconds(2));
  EXPECT_LE(world.clock().now() - begin, std::chrono::milliseconds(2200));
}

TEST(SimStream, a_partition_stops_the_stream_and_healing_loses_nothing) {
  World world(5);
  auto [a, b] = connect_in(world);
  const auto near = base::IpAddress::parse("10.0.0.1").value();
  const auto far = base::IpAddress::parse("10.0.0.2").value();
  EXPECT_TRUE(world.run(contract::write_text(*a, "one ")).has_value());
  world.internet().partition(near, far);
  EXPECT_TRUE(world.run(contract::write_text(*a, "two ")).has_value());
  EXPECT_TRUE(a->shutdown_write().has_value());
  const auto nothing =
      world.run(runtime::within(std::chrono::minutes(1), contract::read_exactly(*b, 1)));
  ASSERT_FALSE(nothing.has_value());
  EXPECT_EQ(nothing.error().code, Errc::deadline);
  world.internet().heal(near, far);
  EXPECT_EQ(world.run(contract::read_to_end(*b)), "one two ");
}

TEST(SimStream, what_arrived_before_a_reset_can_still_be_read) {
  World world(6);
  auto [a, b] = connect_in(world);
  EXPECT_TRUE(world.run(contract::write_text(*a, "heard")).has_value());
  a->reset();
  a.reset();
  world.run_until_quiet();
  EXPECT_EQ(world.run(contract::read_exactly(*b, 5)), "heard");
  std::array<std::byte, 8> space{};
  const auto broken = world.run(net::read_some(*b, space));
  ASSERT_FALSE(broken.has_value());
  EXPECT_EQ(broken.error().code, Errc::reset);
  // A reset is told once; after it there is nothing more.
  EXPECT_EQ(world.run(net::read_some(*b, space)), 0U);
}

TEST(SimStream, bytes_that_nobody_read_are_counted) {
  World world(7);
  auto [a, b] = connect_in(world);
  EXPECT_TRUE(world.run(contract::write_text(*a, "unheard")).has_value());
  a.reset();
  b.reset();
  world.run_until_quiet();
  EXPECT_EQ(world.internet().dropped_bytes_total(), 7U);
  EXPECT_EQ(world.internet().connections(), 0U);
}

}  // namespace
}  // namespace causeway::sim
