// SPDX-License-Identifier: Apache-2.0
#include "observe/histogram.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace causeway::observe {

void HistogramSnapshot::merge(const HistogramSnapshot& other) noexcept {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
}

std::uint64_t HistogramSnapshot::percentile(double fraction) const noexcept {
  if (count_ == 0) return 0;
  const double wanted = std::ceil(std::clamp(fraction, 0.0, 1.0) * static_cast<double>(count_));
  const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(wanted));
  if (rank >= count_) return max_;
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= rank) return std::min(buckets::middle_of(i), max_);
  }
  return max_;
}

std::uint64_t HistogramSnapshot::count_up_to(std::uint64_t bound) const noexcept {
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size() && buckets::middle_of(i) <= bound; ++i) {
    seen += counts_[i];
  }
  return seen;
}

void Histogram::add_to(HistogramSnapshot& into) const noexcept {
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    const std::uint64_t count = counts_[i].value();
    into.counts_[i] += count;
    into.count_ += count;
  }
  into.sum_ += sum_.value();
  into.max_ = std::max(into.max_, max_.load(std::memory_order_relaxed));
}

HistogramSnapshot Histogram::snapshot() const noexcept {
  HistogramSnapshot taken;
  add_to(taken);
  return taken;
}

}  // namespace causeway::observe
