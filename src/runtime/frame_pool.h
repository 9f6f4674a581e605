// SPDX-License-Identifier: Apache-2.0
// Where coroutine frames live: free lists by size, one set for each thread, so that starting a task
// on a busy worker is a pop and ending it a push. A frame freed on another thread than its own
// simply joins that thread's list; frames carry no owner. Under AddressSanitizer every frame goes
// to the allocator, so that a use after its end is seen.
#pragma once

#include <cstddef>

namespace causeway::runtime {

struct FramePoolStats {
  std::size_t taken_total = 0;      // frames handed out
  std::size_t allocated_total = 0;  // of these, how many came from the allocator
  std::size_t bytes_held = 0;       // in this thread's free lists
};

class FramePool {
 public:
  // Sizes are rounded up to kStepBytes; larger frames than kMaxBytes go to the allocator each time.
  static constexpr std::size_t kStepBytes = 16;
  static constexpr std::size_t kMaxBytes = 2048;
  static constexpr std::size_t kHeldBytesMax = 4U
                                               << 20U;  // of one thread; beyond it frames are freed

  [[nodiscard]] static void* take(std::size_t bytes);
  static void give_back(void* frame, std::size_t bytes) noexcept;
  [[nodiscard]] static FramePoolStats stats() noexcept;  // of the calling thread
};

}  // namespace causeway::runtime
