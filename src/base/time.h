// SPDX-License-Identifier: Apache-2.0
// The words for time. A Duration is a length, an Instant a point on the monotonic clock, a WallTime
// a date. They do not convert into each other, and none of them can be read from here: whoever
// needs the time is handed a Clock (os/system_clock.h on a machine, sim/fake_clock.h in tests).
#pragma once

#include <chrono>
#include <cstdint>

namespace causeway::base {

using Duration = std::chrono::nanoseconds;

// Gives Instant a type of its own; it has no now() on purpose.
struct MonotonicEpoch {
  using duration = Duration;
  using rep = Duration::rep;
  using period = Duration::period;
  using time_point = std::chrono::time_point<MonotonicEpoch, Duration>;
  static constexpr bool is_steady = true;
};

using Instant = std::chrono::time_point<MonotonicEpoch, Duration>;
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

inline constexpr Instant kNever = Instant::max();

// Where the time comes from. Both calls are safe from any thread.
class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  [[nodiscard]] virtual Instant now() const = 0;
  [[nodiscard]] virtual WallTime wall_now() const = 0;
};

}  // namespace causeway::base

namespace causeway {
using base::Duration;
using base::Instant;
using base::WallTime;
}  // namespace causeway
