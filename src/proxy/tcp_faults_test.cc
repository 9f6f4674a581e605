// SPDX-License-Identifier: Apache-2.0
// Either side of a connection dies, at any byte, in either way.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "base/result.h"
#include "model/snapshot.h"
#include "net/listener.h"
#include "net/stream.h"
#include "proxy/internal/tcp_test_gateway.h"
#include "proxy/internal/tcp_test_worker.h"
#include "runtime/scope.h"
#include "runtime/task.h"
#include "sim/seeds.h"
#include "sim/world.h"

namespace causeway::proxy {
namespace {

using namespace std::chrono_literals;
using namespace tcp_test;

enum class Death : std::uint8_t { by_reset, by_close };

// One end of the connection: says `say`, hears until the end, and may die in between.
struct End {
  net::StreamPtr stream;
  std::string say;
  std::string heard;
  std::optional<Result<void>> said;  // all, and its end
  std::optional<Result<void>> heard_end;
};

Task<void> talk(End& end) {
  const auto sent = co_await send_and_end(*end.stream, end.say);
  end.said.emplace(sent);
}
Task<void> listen(End& end) {
  const auto got = co_await read_into(*end.stream, end.heard);
  end.heard_end.emplace(got);
}

class TcpFaults : public testing::TestWithParam<std::tuple<Side, Death>> {
 protected:
  static Side who() { return std::get<0>(GetParam()); }
  static Death how() { return std::get<1>(GetParam()); }

  static void run(std::uint64_t seed);
  static void expect_told(const End& dead, const End& survivor);
};

// What the survivor heard is the beginning of what was said, and an orderly end means all of it.
void TcpFaults::expect_told(const End& dead, const End& survivor) {
  EXPECT_TRUE(dead.say.starts_with(survivor.heard));
  ASSERT_TRUE(survivor.heard_end);
  if (!*survivor.heard_end) return;
  // A connection's error is told once: when it was told to the one who spoke, the one who listens
  // sees an end.
  ASSERT_TRUE(survivor.said);
  if (!*survivor.said) return;
  if (dead.said && *dead.said) {
    EXPECT_EQ(survivor.heard.size(), dead.say.size());
  } else {
    EXPECT_EQ(how(), Death::by_close);
  }
}

void TcpFaults::run(std::uint64_t seed) {
  TcpWorld tcp(seed);
  sim::World& world = tcp.world();
  world.internet().set_default_link(
      {.delay = 1ms, .jitter = 1ms, .window_bytes = 6000, .segment_bytes = 1500});
  net::Listener& endpoint = tcp.add_endpoint("10.0.1.1:80");
  model::Snapshot snapshot = snapshot_of(kFront, {address("10.0.1.1:80")});
  snapshot.listeners[0].timeouts.idle = 1h;  // nothing here may need it
  snapshot.listeners[0].timeouts.write = 1h;
  tcp.start(std::move(snapshot));

  End ends[2];
  End& downstream = ends[0];
  End& upstream = ends[1];
  End& dead = who() == Side::downstream ? downstream : upstream;
  End& survivor = who() == Side::downstream ? upstream : downstream;
  downstream.say = pattern(world.random().below(40'000), 1);
  upstream.say = pattern(world.random().below(40'000), 2);
  downstream.stream = tcp.dial().value();
  upstream.stream = tcp.accept(endpoint).value();

  runtime::Scope dying(world.loop());
  runtime::Scope surviving(world.loop());
  runtime::Scope& of_downstream = who() == Side::downstream ? dying : surviving;
  runtime::Scope& of_upstream = who() == Side::downstream ? surviving : dying;
  of_downstream.spawn(talk(downstream));
  of_downstream.spawn(listen(downstream));
  of_upstream.spawn(talk(upstream));
  of_upstream.spawn(listen(upstream));

  world.run_for(std::chrono::microseconds(world.random().below(60'000)));
  dying.cancel();
  world.run_until_joined(dying);
  if (how() == Death::by_reset) dead.stream->reset();
  dead.stream.reset();

  world.run_for(5s);
  EXPECT_EQ(surviving.running(), 0U) << "the survivor was not told";
  surviving.cancel();
  world.run_until_joined(surviving);
  expect_told(dead, survivor);
  survivor.stream.reset();
  world.run_for(1s);
  EXPECT_EQ(tcp.listener().connections(), 0U);
  EXPECT_EQ(tcp.worker().admission().connections(), 0U);
  EXPECT_EQ(tcp.worker().chunks().lent_chunks(), 0U);
  EXPECT_EQ(tcp.worker().pool_metrics().active.value(), 0);
}

TEST_P(TcpFaults, the_other_side_is_told_and_nothing_is_left_wherever_it_happens) {
  for (const std::uint64_t seed : sim::seeds(200)) {
    SCOPED_TRACE(seed);
    run(seed);
    if (testing::Test::HasFailure()) break;
  }
}

std::string name_of_case(const testing::TestParamInfo<std::tuple<Side, Death>>& info) {
  const auto [side, death] = info.param;
  return std::string(base::name_of(side)) + (death == Death::by_reset ? "_by_reset" : "_by_close");
}

INSTANTIATE_TEST_SUITE_P(Deaths, TcpFaults,
                         testing::Combine(testing::Values(Side::downstream, Side::upstream),
                                          testing::Values(Death::by_reset, Death::by_close)),
                         name_of_case);

}  // namespace
}  // namespace causeway::proxy
