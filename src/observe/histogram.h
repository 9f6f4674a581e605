// SPDX-License-Identifier: Apache-2.0
// How values are spread: times in nanoseconds or sizes in bytes, over the whole range of 64 bits,
// in fixed memory (3,984 bytes). Log-linear: each power of two is cut into eight equal buckets,
// values below eight have one each. Every answer takes a value for the middle of its bucket, which
// is at most 6.25 % away from it (half of an eighth). `max`, `count` and `sum` are exact.
//
// A Histogram belongs to one worker and is written on that worker's loop only; any thread may read
// it into a HistogramSnapshot, into which those of several workers are merged. It has no name and
// no unit of its own (metric.h).
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "observe/counter.h"

namespace causeway::observe {

// The arithmetic of the buckets.
namespace buckets {

inline constexpr unsigned kPartsLog2 = 3;  // eight buckets for each power of two
inline constexpr std::uint64_t kParts = 1U << kPartsLog2;
inline constexpr std::size_t kCount = ((64 - kPartsLog2) * kParts) + kParts;

// The bucket that `value` falls into. Monotone: a larger value never has a smaller index.
[[nodiscard]] constexpr std::size_t index_of(std::uint64_t value) noexcept {
  if (value < kParts) return value;
  const auto shift = static_cast<unsigned>(std::bit_width(value)) - kPartsLog2 - 1;
  // The top bits of the value, 8 to 15, say which eighth; `shift` says of which power of two.
  return (shift * kParts) + (value >> shift);
}

// The smallest value of a bucket.
[[nodiscard]] constexpr std::uint64_t first_of(std::size_t index) noexcept {
  if (index < kParts) return index;
  const auto shift = static_cast<unsigned>(index / kParts) - 1;
  return (kParts + (index % kParts)) << shift;
}

// The value in the middle of a bucket, which stands for all in it.
[[nodiscard]] constexpr std::uint64_t middle_of(std::size_t index) noexcept {
  if (index < 2 * kParts) return index;  // buckets of a single value
  const auto shift = static_cast<unsigned>(index / kParts) - 1;
  return first_of(index) + (((std::uint64_t{1} << shift) - 1) / 2);
}

}  // namespace buckets

// Plain numbers, taken at one moment, of one worker or of several together.
class HistogramSnapshot {
 public:
  void merge(const HistogramSnapshot& other) noexcept;

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] std::uint64_t sum() const noexcept { return sum_; }
  [[nodiscard]] std::uint64_t max() const noexcept { return max_; }

  // The value that `fraction` (0 to 1) of all values do not exceed, within 6.25 %; 0 when empty.
  // percentile(1) is the maximum.
  [[nodiscard]] std::uint64_t percentile(double fraction) const noexcept;

  // How many values are at most `bound`; a value within 6.25 % of the bound may fall on its other
  // side. Never decreases with a larger bound or with a later snapshot of the same histogram, as a
  // Prometheus bucket must not.
  [[nodiscard]] std::uint64_t count_up_to(std::uint64_t bound) const noexcept;

 private:
  friend class Histogram;
  std::array<std::uint64_t, buckets::kCount> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t max_ = 0;
};

class Histogram {
 public:
  void record(std::uint64_t value) noexcept {
    counts_[buckets::index_of(value)].add();
    sum_.add(value);
    if (value > max_.load(std::memory_order_relaxed)) {
      max_.store(value, std::memory_order_relaxed);
    }
  }

  // As nanoseconds. A negative time, which only a broken clock can give, counts as none.
  void record(Duration value) noexcept {
    record(value.count() < 0 ? std::uint64_t{0} : static_cast<std::uint64_t>(value.count()));
  }

  // Safe from any thread while the writer goes on: each number is old or new, and `count` is always
  // the sum of the buckets that were read; `sum` and `max` may be some values ahead of it.
  void add_to(HistogramSnapshot& into) const noexcept;
  [[nodiscard]] HistogramSnapshot snapshot() const noexcept;

 private:
  std::array<Counter, buckets::kCount> counts_;
  Counter sum_;
  std::atomic<std::uint64_t> max_{0};
};

static_assert(sizeof(Histogram) == 3984);

}  // namespace causeway::observe
