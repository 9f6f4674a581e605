// SPDX-License-Identifier: Apache-2.0
#include "upstream/balancer.h"

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/assert.h"
#include "base/random.h"
#include "model/pool.h"
#include "upstream/internal/ip_hash.h"
#include "upstream/internal/least_connections.h"
#include "upstream/internal/power_of_two.h"
#include "upstream/internal/round_robin.h"
#include "upstream/internal/weighted_round_robin.h"

namespace causeway::upstream {
namespace {

// Turns that a weighted round may be ahead when it begins: enough to spread the workers.
constexpr std::uint32_t kTurnsAheadMax = 64;

}  // namespace

std::unique_ptr<Balancer> make_balancer(model::Balance balance, std::string_view pool_name,
                                        base::Random& random) {
  switch (balance) {
    case model::Balance::round_robin:
      return std::make_unique<RoundRobin>(random.next() >> 32U);
    case model::Balance::weighted_round_robin:
      return std::make_unique<WeightedRoundRobin>(random.below(kTurnsAheadMax));
    case model::Balance::least_connections:
      return std::make_unique<LeastConnections>();
    case model::Balance::power_of_two:
      return std::make_unique<PowerOfTwo>();
    case model::Balance::ip_hash:
      return std::make_unique<IpHash>(pool_name);
  }
  CW_ASSERT(false);  // not a Balance
}

}  // namespace causeway::upstream
