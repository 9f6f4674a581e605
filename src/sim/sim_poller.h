// SPDX-License-Identifier: Apache-2.0
// The poller of a simulated loop: where a machine's would sleep, it moves the clock to the next
// thing that happens. One per loop; clock and timeline are the World's and shared by all its loops.
#pragma once

#include <atomic>

#include "base/time.h"
#include "runtime/poller.h"
#include "sim/fake_clock.h"
#include "sim/timeline.h"

namespace causeway::sim {

class SimPoller final : public runtime::Poller {
 public:
  SimPoller(FakeClock& clock, Timeline& timeline) noexcept : clock_(clock), timeline_(timeline) {}

  // With nothing planned and no `until` there is nothing to move the clock to: it returns at once,
  // and the clock stands. Whoever turns the loop must see that (World does).
  void poll(Instant until) override;
  void interrupt() noexcept override { interrupted_.store(true, std::memory_order_relaxed); }

 private:
  FakeClock& clock_;
  Timeline& timeline_;
  std::atomic<bool> interrupted_ = false;
};

}  // namespace causeway::sim
