// SPDX-License-Identifier: Apache-2.0
// An eventfd by which other threads end a loop's sleep. It is for edge-triggered epoll, to which
// every signal() is news: nobody reads the count, and so none of its events is for nothing.
#pragma once

#include <utility>

#include "base/result.h"
#include "os/fd.h"

namespace causeway::os {

class WakeFd {
 public:
  [[nodiscard]] static Result<WakeFd> create();
  [[nodiscard]] const Fd& fd() const noexcept { return fd_; }
  void signal() const noexcept;  // any thread, and from signal handlers

 private:
  explicit WakeFd(Fd fd) noexcept : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace causeway::os
