// SPDX-License-Identifier: Apache-2.0
// What we rely on from the compiler, in every preset: awaiting does not grow the stack, frames come
// back, and temporaries in an awaiting statement are destroyed once, at the end of the statement.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>

#include "runtime/event.h"
#include "runtime/frame_pool.h"
#include "runtime/sleep.h"
#include "runtime/task.h"
#include "sim/world.h"

namespace causeway::runtime {
namespace {

constexpr int kAwaits = 1'000'000;
// Coroutines and the loop's own calls, with the red zones of the sanitizers.
constexpr std::uintptr_t kStackBytesMax = 16UL * 1024;
constexpr std::size_t kFramesMax = 16;  // new from the allocator during a run that should need none

// How far the stack went between the lowest and the highest place it was looked at.
class StackSpan {
 public:
  [[gnu::noinline]] void look() noexcept {
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    lowest_ = std::min(lowest_, here);
    highest_ = std::max(highest_, here);
  }
  [[nodiscard]] std::uintptr_t bytes() const noexcept { return highest_ - lowest_; }

 private:
  std::uintptr_t lowest_ = UINTPTR_MAX;
  std::uintptr_t highest_ = 0;
};

// Frames that the pool did not have. Under sanitizers every frame is new, and leaks are theirs to
// find.
std::size_t new_frames() {
  const FramePoolStats stats = FramePool::stats();
  const bool is_pooled = stats.allocated_total < stats.taken_total;
  return is_pooled ? stats.allocated_total : 0;
}

Task<int> answer_at_once(int value, StackSpan& stack) {
  stack.look();
  co_return value;
}

Task<int> answer_later(int value, StackSpan& stack) {
  const auto turned = co_await yield();
  stack.look();
  co_return turned ? value : -1;
}

Task<int> answer_below(int value, StackSpan& stack) {
  co_return co_await answer_at_once(value, stack);
}

template <Task<int> (*kAnswer)(int, StackSpan&)>
Task<std::int64_t> sum_of_answers(StackSpan& stack) {
  std::int64_t sum = 0;
  for (int i = 0; i < kAwaits; ++i) {
    const int value = co_await kAnswer(1, stack);
    sum += value;
    stack.look();
  }
  co_return sum;
}

template <Task<int> (*kAnswer)(int, StackSpan&)>
void expect_awaits_cost_no_memory() {
  sim::World world(1);
  StackSpan stack;
  // The pool fills with the first run; the second finds its frames there.
  EXPECT_EQ(world.run(answer_below(7, stack)), 7);
  EXPECT_EQ(world.run(answer_later(7, stack)), 7);
  const std::size_t before = new_frames();
  EXPECT_EQ(world.run(sum_of_answers<kAnswer>(stack)), kAwaits);
  EXPECT_LE(new_frames() - before, kFramesMax);
  EXPECT_LT(stack.bytes(), kStackBytesMax);
}

TEST(Compiler, a_million_awaits_of_ready_tasks_grow_nothing) {
  expect_awaits_cost_no_memory<answer_at_once>();
}

TEST(Compiler, a_million_awaits_of_suspending_tasks_grow_nothing) {
  expect_awaits_cost_no_memory<answer_later>();
}

TEST(Compiler, a_million_awaits_of_nested_tasks_grow_nothing) {
  expect_awaits_cost_no_memory<answer_below>();
}

Task<int> wait_for_set_event(int times, Event& event, StackSpan& stack) {
  int done = 0;
  for (int i = 0; i < times; ++i) {
    const auto waited = co_await event.wait();
    if (waited) ++done;
    stack.look();
  }
  co_return done;
}

TEST(Compiler, a_million_awaits_that_need_not_suspend_grow_nothing) {
  sim::World world(1);
  StackSpan stack;
  Event event(world.loop());
  event.set();
  EXPECT_EQ(world.run(wait_for_set_event(kAwaits, event, stack)), kAwaits);
  EXPECT_LT(stack.bytes(), kStackBytesMax);
}

Task<int> descend(int depth, StackSpan& stack) {
  stack.look();
  if (depth == 0) {
    const auto turned = co_await yield();
    co_return turned ? 0 : -1;
  }
  const int below = co_await descend(depth - 1, stack);
  stack.look();
  co_return below + 1;
}

TEST(Compiler, a_long_chain_of_awaiting_tasks_lives_on_the_heap_alone) {
  sim::World world(1);
  StackSpan stack;
  EXPECT_EQ(world.run(descend(10'000, stack)), 10'000);
  EXPECT_LT(stack.bytes(), kStackBytesMax);
}

// Knows how many of its kind live.
class Counted {
 public:
  Counted() noexcept { ++made; }
  Counted(const Counted& /*other*/) noexcept { ++made; }
  Counted(Counted&& /*other*/) noexcept { ++made; }
  Counted& operator=(const Counted&) = default;
  Counted& operator=(Counted&&) = default;
  ~Counted() { ++destroyed; }
  [[nodiscard]] const Counted& self() const noexcept { return *this; }

  static inline int made = 0;
  static inline int destroyed = 0;
};

Task<int> living_when_awaited(const Counted& borrowed, Counted owned) {
  const auto turned = co_await yield();
  std::ignore = borrowed.self();
  std::ignore = owned.self();
  co_return turned ? Counted::made - Counted::destroyed : -1;
}

Task<int> await_with_temporaries() {
  const int living = co_await living_when_awaited(Counted().self(), Counted());
  co_return living;
}

TEST(Compiler, temporaries_of_an_awaiting_statement_live_until_its_end_and_are_destroyed_once) {
  Counted::made = 0;
  Counted::destroyed = 0;
  sim::World world(1);
  // The borrowed one, the argument, and its copy in the frame of the task.
  EXPECT_EQ(world.run(await_with_temporaries()), 3);
  EXPECT_EQ(Counted::made, 3);
  EXPECT_EQ(Counted::destroyed, Counted::made);
}

Task<std::string> long_text(std::string text) {
  const auto turned = co_await yield();
  co_return turned ? text + text : std::string();
}

Task<std::size_t> await_in_a_loop_with_strings() {
  std::size_t bytes = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string text = co_await long_text(std::string(100, 'x') + std::to_string(i % 10));
    bytes += text.size();
  }
  co_return bytes;
}

TEST(Compiler, values_with_memory_of_their_own_pass_through_awaits) {
  sim::World world(1);
  EXPECT_EQ(world.run(await_in_a_loop_with_strings()), 202'000U);
}

}  // namespace
}  // namespace causeway::runtime
