// SPDX-License-Identifier: Apache-2.0
// The attempts to place one connection: which endpoints were tried, and whether another may be.
// Owned by whoever places it, for as long as that takes.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/address.h"
#include "base/assert.h"
#include "base/ids.h"
#include "base/time.h"
#include "model/limits.h"
#include "model/pool.h"

namespace causeway::upstream {

class Attempts {
 public:
  // Of one connection, whatever the configuration says.
  static constexpr std::uint32_t kMax = 16;

  // `source`: who asked, for balances that look at it; unspecified for a unix socket.
  // `queue_timeout`: how long to wait for a free slot where the pool does not say.
  Attempts(const model::Pool& spec, const base::IpAddress& source,
           Duration queue_timeout = model::Timeouts{}.queue) noexcept
      : source_(source),
        queue_timeout_(spec.queue_timeout.value_or(queue_timeout)),
        max_(std::clamp(spec.connect_attempts, std::uint32_t{1}, kMax)) {}

  // Whether one more endpoint may be tried. (There may be none left: acquire() says so.)
  [[nodiscard]] bool may_try_again() const noexcept { return count_ < max_; }
  [[nodiscard]] std::uint32_t count() const noexcept { return count_; }

  [[nodiscard]] const base::IpAddress& source() const noexcept { return source_; }
  [[nodiscard]] Duration queue_timeout() const noexcept { return queue_timeout_; }

  [[nodiscard]] bool has_tried(base::EndpointId endpoint) const noexcept {
    const auto tried = std::span(tried_).first(count_);
    return std::ranges::find(tried, endpoint) != tried.end();
  }
  // Called by the pool when it hands out a lease. Only while may_try_again().
  void add(base::EndpointId endpoint) noexcept {
    CW_ASSERT(count_ < kMax);
    tried_[count_++] = endpoint;
  }

 private:
  base::IpAddress source_;
  Duration queue_timeout_;
  std::uint32_t max_;
  std::uint32_t count_ = 0;
  std::array<base::EndpointId, kMax> tried_;
};

}  // namespace causeway::upstream
