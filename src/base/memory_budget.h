// SPDX-License-Identifier: Apache-2.0
// How much memory the process may lend out for buffers. One per process, built by whoever starts it
// and shared by every worker's ChunkPool. It counts bytes and nothing else: it allocates nothing,
// and it is asked for slabs, not for single buffers, because every question is a write to a cache
// line that all workers share.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/assert.h"

namespace causeway::base {

class MemoryBudget {
 public:
  explicit MemoryBudget(std::uint64_t bytes_max) noexcept : bytes_max_(bytes_max) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;
  ~MemoryBudget() { CW_ASSERT(used_bytes() == 0); }

  // Whether `bytes` were granted; a refusal is counted. Safe from any thread.
  [[nodiscard]] bool try_take(std::uint64_t bytes) noexcept {
    std::uint64_t used = used_.load(std::memory_order_relaxed);
    do {
      if (bytes > bytes_max_ - used) {  // cannot wrap: used never exceeds bytes_max_
        refusals_.fetch_add(1, std::memory_order_relaxed);
        return false;
      }
    } while (!used_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
    return true;
  }

  // Gives back what was taken. Safe from any thread.
  void give_back(std::uint64_t bytes) noexcept {
    const std::uint64_t before = used_.fetch_sub(bytes, std::memory_order_relaxed);
    CW_ASSERT(before >= bytes);
  }

  [[nodiscard]] std::uint64_t bytes_max() const noexcept { return bytes_max_; }
  [[nodiscard]] std::uint64_t used_bytes() const noexcept {
    return used_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t refusals() const noexcept {
    return refusals_.load(std::memory_order_relaxed);
  }

 private:
  const std::uint64_t bytes_max_;
  // Relaxed throughout: the number guards no other data.
  std::atomic<std::uint64_t> used_{0};
  std::atomic<std::uint64_t> refusals_{0};
};

}  // namespace causeway::base
