// SPDX-License-Identifier: Apache-2.0
// Signals as something a task on the control loop waits for. Create it before any thread starts, so
// that every thread inherits the mask.
#pragma once

#include <initializer_list>
#include <memory>

#include "base/result.h"
#include "net/readiness.h"
#include "os/signals.h"
#include "runtime/epoll_poller.h"
#include "runtime/loop.h"
#include "runtime/task.h"

namespace causeway::app {

class SignalWatch final : private runtime::EventSink {
 public:
  [[nodiscard]] static Result<std::unique_ptr<SignalWatch>> create(
      runtime::Loop& loop, runtime::EpollPoller& poller, std::initializer_list<int> signals);
  SignalWatch(runtime::Loop& loop, os::SignalFd signals) noexcept;
  ~SignalWatch() = default;

  // The number of the next signal. Errors: cancelled.
  [[nodiscard]] Task<Result<int>> next();

 private:
  void on_events(os::Events events) noexcept override;

  runtime::Loop& loop_;
  os::SignalFd signals_;
  net::Ready readable_;
};

}  // namespace causeway::app
