// SPDX-License-Identifier: Apache-2.0
// epoll, edge-triggered. A descriptor is added once with everything that can happen to it and
// leaves by being closed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"
#include "base/time.h"
#include "os/fd.h"

namespace causeway::os {

// What became true of a descriptor since it was last reported.
struct Events {
  bool readable = false;
  bool writable = false;
  bool peer_closed =
      false;  // end of stream is waiting behind what is readable, or the connection broke
  bool error = false;
};

class Epoll {
 public:
  static constexpr Duration kForever = Duration::max();

  struct Ready {
    void* owner = nullptr;  // as given to add()
    Events events;
  };

  [[nodiscard]] static Result<Epoll> create();

  [[nodiscard]] Result<void> add(const Fd& fd, void* owner);

  // Fills the front of `into`, returns how many. Rounds the wait up to a millisecond.
  std::size_t wait(std::span<Ready> into, Duration span_max);

 private:
  explicit Epoll(Fd fd) noexcept : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace causeway::os
