// SPDX-License-Identifier: Apache-2.0
#include "runtime/frame_pool.h"

#include <array>
#include <cstddef>
#include <new>

namespace causeway::runtime {
namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kPooled = false;
#else
constexpr bool kPooled = true;
#endif
#else
constexpr bool kPooled = true;
#endif

struct FreeFrame {
  FreeFrame* next;
};

struct ThreadLists {
  static constexpr std::size_t kClasses = FramePool::kMaxBytes / FramePool::kStepBytes;
  std::array<FreeFrame*, kClasses> heads{};
  FramePoolStats stats;

  ThreadLists() = default;
  ThreadLists(const ThreadLists&) = delete;
  ThreadLists& operator=(const ThreadLists&) = delete;
  ~ThreadLists() {
    for (FreeFrame*& head : heads) {
      while (head != nullptr) {
        FreeFrame* const frame = head;
        head = frame->next;
        ::operator delete(frame);
      }
    }
  }
};

thread_local ThreadLists lists;

constexpr std::size_t class_of(std::size_t bytes) { return (bytes - 1) / FramePool::kStepBytes; }

}  // namespace

void* FramePool::take(std::size_t bytes) {
  ++lists.stats.taken_total;
  if (!kPooled || bytes > kMaxBytes) {
    ++lists.stats.allocated_total;
    return ::operator new(bytes);
  }
  const std::size_t size_class = class_of(bytes);
  FreeFrame*& head = lists.heads[size_class];
  if (head != nullptr) {
    FreeFrame* const frame = head;
    head = frame->next;
    lists.stats.bytes_held -= (size_class + 1) * kStepBytes;
    return frame;
  }
  ++lists.stats.allocated_total;
  return ::operator new((size_class + 1) * kStepBytes);
}

void FramePool::give_back(void* frame, std::size_t bytes) noexcept {
  const std::size_t size_class = class_of(bytes);
  const std::size_t rounded = (size_class + 1) * kStepBytes;
  if (!kPooled || bytes > kMaxBytes || lists.stats.bytes_held + rounded > kHeldBytesMax) {
    ::operator delete(frame);
    return;
  }
  auto* const free_frame = ::new (frame) FreeFrame{lists.heads[size_class]};
  lists.heads[size_class] = free_frame;
  lists.stats.bytes_held += rounded;
}

FramePoolStats FramePool::stats() noexcept { return lists.stats; }

}  // namespace causeway::runtime
