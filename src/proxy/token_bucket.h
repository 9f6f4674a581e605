// SPDX-License-Identifier: Apache-2.0
// A rate with a burst of one second's worth, in whole numbers: what was granted up to any moment is
// exact, whatever the rate. It reads no clock and takes no lock; who shares one between threads
// locks around it (admission.cc).
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/time.h"

namespace causeway::proxy {

class TokenBucket {
 public:
  // Full at first. A rate of zero grants everything.
  explicit TokenBucket(std::uint32_t per_second) noexcept
      : per_second_(per_second), level_(kToken * per_second) {}

  [[nodiscard]] bool is_unlimited() const noexcept { return per_second_ == 0; }

  // Workers read their clocks once a turn, so `now` may lie a little behind an earlier one: then
  // nothing is refilled.
  [[nodiscard]] bool try_take(Instant now) noexcept {
    if (is_unlimited()) return true;
    refill(now);
    if (level_ < kToken) return false;
    level_ -= kToken;
    return true;
  }

  // For a token that was taken and not used.
  void give_back() noexcept { level_ = std::min(level_ + kToken, kToken * per_second_); }

 private:
  // One nanosecond brings `per_second` units, so a token is a thousand million of them. The largest
  // sum, a full bucket and a second's refill at a rate of 2^32, is below 2^63.
  static constexpr std::uint64_t kToken = 1'000'000'000;

  void refill(Instant now) noexcept {
    if (now <= refilled_at_) return;
    // The first refill finds a full bucket; the difference to an epoch long ago may not be formed.
    const bool is_full = level_ == kToken * per_second_;
    const Duration passed = is_full
                                ? Duration::zero()
                                : std::min<Duration>(now - refilled_at_, std::chrono::seconds(1));
    level_ = std::min(level_ + static_cast<std::uint64_t>(passed.count()) * per_second_,
                      kToken * per_second_);
    refilled_at_ = now;
  }

  std::uint64_t per_second_;
  std::uint64_t level_;
  Instant refilled_at_ = Instant::min();
};

}  // namespace causeway::proxy
