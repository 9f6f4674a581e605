// SPDX-License-Identifier: Apache-2.0
#include "sim/link.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/random.h"
#include "base/time.h"
#include "sim/timeline.h"

namespace causeway::sim {

Instant Link::arrival(Instant now, std::size_t bytes, base::Random& random) {
  Instant left = std::max(now, free_at_);
  if (options_.bytes_per_second > 0) {
    left += Duration(static_cast<std::int64_t>(bytes * 1'000'000'000U / options_.bytes_per_second));
  }
  free_at_ = left;
  Instant arrives = left + options_.delay;
  if (options_.jitter > Duration::zero()) {
    arrives += Duration(
        static_cast<std::int64_t>(random.unit() * static_cast<double>(options_.jitter.count())));
  }
  return arrives;
}

std::size_t Link::queued_bytes(Instant now) const noexcept {
  if (free_at_ <= now) return 0;
  return static_cast<std::size_t>((free_at_ - now).count()) * options_.bytes_per_second /
         1'000'000'000U;
}

void Link::carry(Instant at, Timeline::Action action) {
  timeline_.at(at, [this, action = std::move(action)]() mutable { arrive(std::move(action)); });
}

void Link::arrive(Timeline::Action action) {
  if (is_cut_) {
    held_.push_back(std::move(action));
    return;
  }
  action();
}

void Link::heal(Instant now) {
  is_cut_ = false;
  for (auto& action : std::exchange(held_, {})) carry(now + options_.delay, std::move(action));
}

}  // namespace causeway::sim
