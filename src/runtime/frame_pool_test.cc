// SPDX-License-Identifier: Apache-2.0
#include "runtime/frame_pool.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <thread>
#include <vector>

namespace causeway::runtime {
namespace {

// Under sanitizers every frame goes to the allocator, so that they see its end.
bool is_pooled() {
  FramePool::give_back(FramePool::take(64), 64);
  const std::size_t before = FramePool::stats().allocated_total;
  FramePool::give_back(FramePool::take(64), 64);
  return FramePool::stats().allocated_total == before;
}

TEST(FramePool, gives_the_same_frame_again_to_a_size_of_the_same_class) {
  if (!is_pooled()) GTEST_SKIP() << "frames are not pooled under this sanitizer";
  constexpr std::size_t kClassEnd = 8 * FramePool::kStepBytes;
  constexpr std::size_t kClassBegin = kClassEnd - FramePool::kStepBytes + 1;
  void* const first = FramePool::take(kClassBegin);
  FramePool::give_back(first, kClassBegin);
  void* const second = FramePool::take(kClassEnd);
  EXPECT_EQ(second, first);
  void* const third = FramePool::take(kClassEnd + 1);
  EXPECT_NE(third, first);
  FramePool::give_back(second, kClassEnd);
  FramePool::give_back(third, kClassEnd + 1);
}

TEST(FramePool, takes_nothing_from_the_allocator_once_it_has_enough) {
  if (!is_pooled()) GTEST_SKIP() << "frames are not pooled under this sanitizer";
  std::vector<void*> frames;
  std::size_t before = 0;
  for (int round = 0; round < 3; ++round) {
    if (round == 1) before = FramePool::stats().allocated_total;
    for (int i = 0; i < 1000; ++i) frames.push_back(FramePool::take(300));
    for (void* frame : frames) FramePool::give_back(frame, 300);
    frames.clear();
  }
  EXPECT_EQ(FramePool::stats().allocated_total, before);
}

TEST(FramePool, holds_a_bounded_number_of_bytes) {
  std::vector<void*> frames(10'000);
  for (void*& frame : frames) frame = FramePool::take(FramePool::kMaxBytes);
  for (void* frame : frames) FramePool::give_back(frame, FramePool::kMaxBytes);
  EXPECT_LE(FramePool::stats().bytes_held, FramePool::kHeldBytesMax);
}

TEST(FramePool, large_frames_are_not_held) {
  const std::size_t before = FramePool::stats().bytes_held;
  FramePool::give_back(FramePool::take(FramePool::kMaxBytes + 1), FramePool::kMaxBytes + 1);
  EXPECT_EQ(FramePool::stats().bytes_held, before);
}

TEST(FramePool, a_frame_may_end_on_another_thread) {
  void* const frame = FramePool::take(200);
  std::jthread([frame] { FramePool::give_back(frame, 200); }).join();
  void* theirs = nullptr;
  std::jthread([&theirs] { theirs = FramePool::take(200); }).join();
  FramePool::give_back(theirs, 200);
}

}  // namespace
}  // namespace causeway::runtime
