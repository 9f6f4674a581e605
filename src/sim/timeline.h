// SPDX-License-Identifier: Apache-2.0
// What will happen in the simulated world, in order of time and, at one instant, in the order in
// which it was planned. It belongs to the World; actions run inside a poll and only change the
// state of the network and wake waiters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "base/time.h"

namespace causeway::sim {

class Timeline {
 public:
  using Action = std::move_only_function<void()>;

  // A time that has passed means with the next poll.
  void at(Instant at, Action action);

  // kNever when nothing is planned.
  [[nodiscard]] Instant next() const noexcept;
  [[nodiscard]] std::size_t planned() const noexcept { return actions_.size(); }

  // Runs what is due at `now`, with what it plans for `now` in turn. Returns how many.
  std::size_t run_due(Instant now);

 private:
  // Actions of one run_due() at one instant: two that call each other forever end the test.
  static constexpr std::size_t kActionsMax = 10'000'000;

  std::map<std::pair<Instant, std::uint64_t>, Action> actions_;
  std::uint64_t planned_total_ = 0;
};

}  // namespace causeway::sim
