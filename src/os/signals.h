// SPDX-License-Identifier: Apache-2.0
// Signals as descriptors: blocked for every thread at start, then read by the control loop in
// order.
#pragma once

#include <initializer_list>
#include <utility>

#include "base/result.h"
#include "os/fd.h"

namespace causeway::os {

class SignalFd {
 public:
  // Blocks `signals` for the calling thread and those it starts later: call it before any thread.
  [[nodiscard]] static Result<SignalFd> create(std::initializer_list<int> signals);

  [[nodiscard]] const Fd& fd() const noexcept { return fd_; }
  // The next signal's number; would_block when none waits.
  [[nodiscard]] Result<int> take() const noexcept;

 private:
  explicit SignalFd(Fd fd) noexcept : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace causeway::os
