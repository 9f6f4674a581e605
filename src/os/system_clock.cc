// SPDX-License-Identifier: Apache-2.0
#include "os/system_clock.h"

#include <time.h>

#include <chrono>
#include <ctime>

#include "base/time.h"

namespace causeway::os {
namespace {

Duration read(clockid_t which) {
  timespec at{};
  ::clock_gettime(which, &at);
  return std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec);
}

}  // namespace

Instant SystemClock::now() const { return Instant(read(CLOCK_MONOTONIC)); }

WallTime SystemClock::wall_now() const { return WallTime(read(CLOCK_REALTIME)); }

}  // namespace causeway::os
