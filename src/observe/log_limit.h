// SPDX-License-Identifier: Apache-2.0
// Keeps one site of logging from repeating itself: at most one line per interval, and that line can
// say how many were held back. One for each site, a member of whoever logs there, used on its loop
// only. It reads no clock and writes nothing:
//
//   if (const auto suppressed = refused_limit_.admit(now)) {
//     log.warn("connection refused", field("suppressed", *suppressed));
//   }
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"

namespace causeway::observe {

class LogLimit {
 public:
  explicit LogLimit(Duration interval) noexcept : interval_(interval) {}

  // Nothing when the site has to be quiet; else how many times it was since it last spoke.
  [[nodiscard]] std::optional<std::uint64_t> admit(Instant now) noexcept {
    if (spoke_ && now - last_ < interval_) {
      ++suppressed_;
      return std::nullopt;
    }
    const std::uint64_t suppressed = suppressed_;
    spoke_ = true;
    last_ = now;
    suppressed_ = 0;
    return suppressed;
  }

 private:
  Duration interval_;
  Instant last_{};
  std::uint64_t suppressed_ = 0;
  bool spoke_ = false;
};

}  // namespace causeway::observe
