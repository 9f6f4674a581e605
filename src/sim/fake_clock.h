// SPDX-License-Identifier: Apache-2.0
// A clock that stands still until it is moved, so that an hour passes in no time and the same seed
// sees the same times. Owned by the World; moved by the World and by its SimPollers.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/assert.h"
#include "base/time.h"

namespace causeway::sim {

class FakeClock final : public base::Clock {
 public:
  // The monotonic clock does not begin at zero, as no machine's does: zero must not look like a
  // time.
  static constexpr Instant kStart{std::chrono::hours(1)};
  static constexpr WallTime kWallStart{std::chrono::sys_days(std::chrono::year{2026} / 1 / 1)};

  [[nodiscard]] Instant now() const override {
    return Instant(Duration(now_ns_.load(std::memory_order_relaxed)));
  }
  [[nodiscard]] WallTime wall_now() const override { return kWallStart + (now() - kStart); }

  void advance_to(Instant at) {
    CW_ASSERT(at >= now());
    now_ns_.store(at.time_since_epoch().count(), std::memory_order_relaxed);
  }
  void advance(Duration span) { advance_to(now() + span); }

 private:
  std::atomic<std::int64_t> now_ns_ = kStart.time_since_epoch().count();
};

}  // namespace causeway::sim
