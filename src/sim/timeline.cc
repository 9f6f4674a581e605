// SPDX-License-Identifier: Apache-2.0
#include "sim/timeline.h"

#include <cstddef>
#include <utility>

#include "base/assert.h"
#include "base/time.h"

namespace causeway::sim {

void Timeline::at(Instant at, Action action) {
  actions_.emplace(std::pair(at, planned_total_++), std::move(action));
}

Instant Timeline::next() const noexcept {
  return actions_.empty() ? base::kNever : actions_.begin()->first.first;
}

std::size_t Timeline::run_due(Instant now) {
  std::size_t ran = 0;
  while (!actions_.empty() && actions_.begin()->first.first <= now) {
    auto due = actions_.extract(actions_.begin());
    due.mapped()();
    ++ran;
    CW_ASSERT(ran < kActionsMax);
  }
  return ran;
}

}  // namespace causeway::sim
