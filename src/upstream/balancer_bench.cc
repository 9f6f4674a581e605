// SPDX-License-Identifier: Apache-2.0
// What one pick costs, for each balance at 3, 100 and 10,000 members with weights that differ, seen
// by one of four workers.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "base/random.h"
#include "upstream/balancer.h"
#include "upstream/internal/test_pool.h"

namespace causeway::upstream {
namespace {

void pick(benchmark::State& state, model::Balance balance) {
  std::vector<std::uint32_t> weights(static_cast<std::size_t>(state.range(0)));
  for (std::size_t i = 0; i < weights.size(); ++i)
    weights[i] = static_cast<std::uint32_t>(100 + i % 3);
  TestMembers members(weights, 4);
  base::Random random(1);
  const auto balancer = make_balancer(balance, "pool", random);
  balancer->set_members(members.all());

  const model::Pool spec;
  std::uint32_t source = 0;
  for (auto _ : state) {
    const Attempts attempts(spec, numbered_source(++source));
    Member* const member = balancer->pick({.attempts = attempts, .random = random});
    // Connections come and go, so that loads differ.
    member->endpoint->cell(base::WorkerId(source % 4))
        .active.set(static_cast<std::int64_t>(random.below(16)));
    benchmark::DoNotOptimize(member);
  }
}

BENCHMARK_CAPTURE(pick, round_robin, model::Balance::round_robin)->Arg(3)->Arg(100)->Arg(10000);
BENCHMARK_CAPTURE(pick, weighted_round_robin, model::Balance::weighted_round_robin)
    ->Arg(3)
    ->Arg(100)
    ->Arg(10000);
BENCHMARK_CAPTURE(pick, least_connections, model::Balance::least_connections)
    ->Arg(3)
    ->Arg(100)
    ->Arg(10000);
BENCHMARK_CAPTURE(pick, power_of_two, model::Balance::power_of_two)->Arg(3)->Arg(100)->Arg(10000);
BENCHMARK_CAPTURE(pick, ip_hash, model::Balance::ip_hash)->Arg(3)->Arg(100)->Arg(10000);

}  // namespace
}  // namespace causeway::upstream
