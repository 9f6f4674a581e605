// SPDX-License-Identifier: Apache-2.0
// The machine's own clock, epoll and network on one loop, for tests of what only the kernel can
// show. It looks like World where both can do the same. Traffic stays on the loopback.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "base/result.h"
#include "base/time.h"
#include "net/system_network.h"
#include "os/system_clock.h"
#include "runtime/epoll_poller.h"
#include "runtime/limits.h"
#include "runtime/loop.h"
#include "runtime/scope.h"
#include "runtime/task.h"

namespace causeway::sim {

class RealWorld {
 public:
  // A task that takes longer on a healthy machine waits for what never comes.
  static constexpr Duration kPatience = std::chrono::seconds(60);

  RealWorld();

  [[nodiscard]] runtime::Loop& loop() noexcept { return loop_; }
  [[nodiscard]] runtime::EpollPoller& poller() noexcept { return *poller_; }
  [[nodiscard]] net::SystemNetwork& network() noexcept { return network_; }
  [[nodiscard]] const base::Clock& clock() const noexcept { return clock_; }

  // The task's answer, or Errc::deadline after kPatience.
  template <class T>
  Result<T> run(Task<Result<T>> task) {
    return runtime::run_until_done(loop_, runtime::within(kPatience, std::move(task)));
  }

 private:
  os::SystemClock clock_;
  std::unique_ptr<runtime::EpollPoller> poller_;
  runtime::Loop loop_;
  net::SystemNetwork network_;
};

}  // namespace causeway::sim
