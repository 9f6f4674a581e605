// SPDX-License-Identifier: Apache-2.0
// The two plain numbers a worker keeps about itself. Each belongs to one worker, is written on that
// worker's loop only, and is read by the scraper from another thread. They have no names: names
// stand in the tables beside the structs (metric.h) and are joined at the scrape.
//
// Why a relaxed load and store and not fetch_add: there is one writer, so nothing can be lost
// between the two, and the compiler makes them an ordinary addition to memory without the lock
// prefix (20 cycles and more). Why an atomic at all: the reader is another thread, and must see old
// or new but never half. A counter says nothing about other counters: a reader may see two of them
// from different moments.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace causeway::observe {

// Structs of counters are aligned to this, so that two workers never write to the same cache line.
inline constexpr std::size_t kCacheLineBytes = 64;

// Only grows.
class Counter {
 public:
  void add(std::uint64_t amount = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t value() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Goes up and down. Signed, because what one worker opened another may close: each worker's part
// may be negative, their sum is not.
class Gauge {
 public:
  void add(std::int64_t amount = 1) noexcept { set(value() + amount); }
  void subtract(std::int64_t amount = 1) noexcept { set(value() - amount); }
  void set(std::int64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t value() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::int64_t> value_{0};
};

static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

}  // namespace causeway::observe
