// SPDX-License-Identifier: Apache-2.0
// A thread with a loop and a network of its own, for the parts of the demo that stand outside the
// gateway. Built before start(); afterwards only post() may be called from other threads, until
// end() has joined it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <thread>

#include "base/result.h"
#include "base/time.h"
#include "net/system_network.h"
#include "runtime/epoll_poller.h"
#include "runtime/loop.h"
#include "runtime/scope.h"

namespace causeway::app::demo {

class LoopThread {
 public:
  // Errors: descriptor_limit, system.
  [[nodiscard]] static Result<std::unique_ptr<LoopThread>> create(const base::Clock& clock,
                                                                  const char* name,
                                                                  std::uint64_t seed);
  LoopThread(const base::Clock& clock, const char* name, std::uint64_t seed,
             std::unique_ptr<runtime::EpollPoller> poller);
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;
  ~LoopThread();

  [[nodiscard]] const base::Clock& clock() const noexcept { return clock_; }
  [[nodiscard]] runtime::Loop& loop() noexcept { return loop_; }
  [[nodiscard]] net::Network& network() noexcept { return network_; }

  void start();
  // Runs `ask` on the loop, which tells the tasks of `everything` to end; returns when they have,
  // and the thread too.
  void end(const std::function<void()>& ask, runtime::Scope& everything);

 private:
  const base::Clock& clock_;
  const char* name_;
  std::unique_ptr<runtime::EpollPoller> poller_;
  runtime::Loop loop_;
  net::SystemNetwork network_;
  runtime::Scope ending_;
  std::jthread thread_;
};

}  // namespace causeway::app::demo
