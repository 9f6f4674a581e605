// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_poller.h"

#include <algorithm>
#include <atomic>

#include "base/time.h"

namespace causeway::sim {

void SimPoller::poll(Instant until) {
  const bool interrupted = interrupted_.exchange(false, std::memory_order_relaxed);
  if (timeline_.run_due(clock_.now()) > 0 || interrupted) return;
  const Instant wanted = std::min(until, timeline_.next());
  if (wanted <= clock_.now() || wanted == base::kNever) return;
  clock_.advance_to(wanted);
  timeline_.run_due(wanted);
}

}  // namespace causeway::sim
