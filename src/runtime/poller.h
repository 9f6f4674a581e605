// SPDX-License-Identifier: Apache-2.0
// The place where a loop sleeps. On a machine it is epoll (epoll_poller.h); in tests the simulated
// world, which moves its clock instead of sleeping. A poller only marks things ready and wakes
// waiters; it never runs a task.
#pragma once

#include "base/time.h"

namespace causeway::runtime {

class Poller {
 public:
  Poller() = default;
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;
  virtual ~Poller() = default;

  // Delivers what is ready. Sleeps at most until `until` when nothing is; Instant::min() never
  // sleeps, base::kNever sleeps until something happens or interrupt() is called.
  virtual void poll(Instant until) = 0;

  // Ends a sleep, or the next one. Safe from any thread.
  virtual void interrupt() noexcept = 0;
};

}  // namespace causeway::runtime
