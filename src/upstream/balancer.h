// SPDX-License-Identifier: Apache-2.0
// Chooses one of the members of a pool that can be used. One for each pool and worker, used on that
// worker's loop; workers do not coordinate, they agree where the algorithm makes them (ip_hash) or
// see each other through the endpoints' counts (least_connections, power_of_two).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/random.h"
#include "model/pool.h"
#include "upstream/attempts.h"
#include "upstream/members.h"

namespace causeway::upstream {

// What one choice is made from.
struct PickInput {
  const Attempts& attempts;
  base::Random& random;

  // Not tried by this connection, and with a free slot.
  [[nodiscard]] bool accepts(const Member& member) const noexcept {
    return !attempts.has_tried(member.endpoint->id()) && member.endpoint->has_free_slot();
  }
};

class Balancer {
 public:
  Balancer() = default;
  Balancer(const Balancer&) = delete;
  Balancer& operator=(const Balancer&) = delete;
  virtual ~Balancer() = default;

  // Those that may be picked from now on; they stay valid until the next call. Called when an
  // endpoint changed its state, its membership or its weight. May allocate; pick() does not.
  virtual void set_members(std::span<Member* const> usable) = 0;

  // A member that `input` accepts, nullptr when there is none: each was then seen to be tried or
  // full during this call.
  [[nodiscard]] virtual Member* pick(const PickInput& input) = 0;
};

// `pool_name` is the key of the hash: every worker, restart and node sends a source to the same
// place.
[[nodiscard]] std::unique_ptr<Balancer> make_balancer(model::Balance balance,
                                                      std::string_view pool_name,
                                                      base::Random& random);

}  // namespace causeway::upstream
