// SPDX-License-Identifier: Apache-2.0
#include "base/chunk_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/memory_budget.h"
#include "base/random.h"

namespace causeway::base {
namespace {

constexpr ChunkPoolOptions kSmall = {
    .chunk_bytes = 64, .chunks_per_slab = 4, .idle_slabs_max = 2, .idle_slabs_floor = 1};
constexpr std::uint64_t kPlenty = 1U << 30U;

void write(Chunk& chunk, std::string_view text) {
  ASSERT_LE(text.size(), chunk.space().size());
  std::ranges::copy(as_bytes(text), chunk.space().begin());
  chunk.commit(text.size());
}

std::vector<Chunk> borrow(ChunkPool& pool, std::size_t count) {
  std::vector<Chunk> chunks(count);
  for (Chunk& chunk : chunks) chunk = pool.borrow().value();
  return chunks;
}

// What one slab of kSmall costs the budget.
std::uint64_t slab_bytes() {
  MemoryBudget budget(kPlenty);
  ChunkPool pool(budget, kSmall);
  const auto chunk = pool.borrow();
  return pool.held_bytes();
}

TEST(Chunk, what_is_committed_is_content_until_it_is_consumed) {
  MemoryBudget budget(kPlenty);
  ChunkPool pool(budget, kSmall);
  auto chunk = pool.borrow().value();
  EXPECT_TRUE(chunk.empty());
  EXPECT_EQ(chunk.space().size(), 64U);

  write(chunk, "hello world");
  EXPECT_EQ(as_text(chunk.content()), "hello world");
  EXPECT_EQ(chunk.space().size(), 64U - 11U);
  chunk.consume(6);
  EXPECT_EQ(as_text(chunk.content()), "world");
  EXPECT_EQ(chunk.space().size(), 64U - 11U);
}

TEST(Chunk, all_of_it_is_space_again_once_everything_is_consumed) {
  MemoryBudget budget(kPlenty);
  ChunkPool pool(budget, kSmall);
  auto chunk = pool.borrow().value();
  write(chunk, "hello");
  chunk.consume(5);
  EXPECT_TRUE(chunk.empty());
  EXPECT_EQ(chunk.space().size(), chunk.capacity());
}

TEST(Chunk, compact_turns_what_was_consumed_into_space) {
  MemoryBudget budget(kPlenty);
  ChunkPool pool(budget, kSmall);
  auto chunk = pool.borrow().value();
  chunk.commit(60);
  write(chunk, "tail");
  EXPECT_TRUE(chunk.space().empty());
  chunk.consume(58);
  chunk.consume(2);
  chunk.compact();
  EXPECT_EQ(as_text(chunk.content()), "tail");
  EXPECT_EQ(chunk.space().size(), 60U);
  chunk.compact();  // nothing to do
  EXPECT_EQ(as_text(chunk.content()), "tail");
}

TEST(Chunk, moves_carry_the_lease_along) {
  MemoryBudget budget(kPlenty);
  ChunkPool pool(budget, kSmall);
  Chunk a = pool.borrow().value();
  write(a, "a");
  Chunk b = std::move(a);
  EXPECT_FALSE(
      a);  // NOLINT(bugprone-use-after-move): that a moved-from chunk holds nothing is the promise
  EXPECT_TRUE(b);
  EXPECT_EQ(pool.lent_chunks(), 1U);

  Chunk c = pool.borrow().value();
  EXPECT_EQ(pool.lent_chunks(), 2U);
  c = std::move(b);  // gives back what c had
  EXPECT_EQ(pool.lent_chunks(), 1U);
  EXPECT_EQ(as_text(c.content()), "a");
  c.reset();
  EXPECT_FALSE(c);
  c.reset();
  EXPECT_EQ(pool.lent_chunks(), 0U);
}

TEST(Chunk, comes_empty_however_it_went_back) {
  MemoryBudget budget(kPlenty);
  ChunkPool pool(budget, kSmall);
  for (int i = 0; i < 20; ++i) {
    auto chunk = pool.borrow().value();
    EXPECT_TRUE(chunk.empty());
    EXPECT_EQ(chunk.space().size(), 64U);
    write(chunk, "left behind");
    chunk.consume(4);
  }
}

TEST(ChunkDeathTest, more_than_there_is_cannot_be_committed_or_consumed) {
  MemoryBudget budget(kPlenty);
  ChunkPool pool(budget, kSmall);
  auto chunk = pool.borrow().value();
  EXPECT_DEATH(chunk.commit(65), "size <=");
  EXPECT_DEATH(chunk.consume(1), "size <=");
}

TEST(ChunkPool, nothing_is_taken_before_the_first_borrow) {
  MemoryBudget budget(kPlenty);
  const ChunkPool pool(budget, kSmall);
  EXPECT_EQ(budget.used_bytes(), 0U);
}

TEST(ChunkPool, chunks_do_not_overlap) {
  MemoryBudget budget(kPlenty);
  ChunkPool pool(budget, kSmall);
  std::vector<Chunk> chunks;
  for (unsigned char i = 0; i < 50; ++i) {
    chunks.push_back(pool.borrow().value());
    std::ranges::fill(chunks.back().space(), std::byte{i});
    chunks.back().commit(64);
  }
  for (unsigned char i = 0; i < 50; ++i) {
    EXPECT_TRUE(
        std::ranges::all_of(chunks[i].content(), [i](std::byte b) { return b == std::byte{i}; }));
  }
}

TEST(ChunkPool, the_budget_is_asked_once_a_slab) {
  MemoryBudget budget(kPlenty);
  ChunkPool pool(budget, kSmall);
  auto chunks = borrow(pool, 4);
  EXPECT_EQ(budget.used_bytes(), slab_bytes());
  chunks.push_back(pool.borrow().value());
  EXPECT_EQ(budget.used_bytes(), 2 * slab_bytes());
  EXPECT_GE(slab_bytes(), 4U * 64U);
}

TEST(ChunkPool, says_no_when_the_budget_is_used_up_and_counts_it) {
  MemoryBudget budget(slab_bytes());
  ChunkPool pool(budget, kSmall);
  auto chunks = borrow(pool, 4);
  EXPECT_FALSE(pool.borrow());
  EXPECT_FALSE(pool.borrow());
  EXPECT_EQ(pool.refusals(), 2U);
  EXPECT_EQ(budget.refusals(), 2U);
  chunks.pop_back();
  EXPECT_TRUE(pool.borrow());
}

TEST(ChunkPool, one_workers_idle_memory_serves_another_once_it_rests) {
  MemoryBudget budget(2 * slab_bytes());
  ChunkPool busy(budget, kSmall);
  ChunkPool other(
      budget,
      {.chunk_bytes = 64, .chunks_per_slab = 4, .idle_slabs_max = 2, .idle_slabs_floor = 0});
  {
    auto chunks = borrow(other, 8);
  }
  EXPECT_FALSE(busy.borrow());
  other.on_idle();
  EXPECT_EQ(other.held_bytes(), 0U);
  EXPECT_TRUE(busy.borrow());
}

TEST(ChunkPool, keeps_no_more_unused_slabs_than_its_bound) {
  MemoryBudget budget(kPlenty);
  ChunkPool pool(budget, kSmall);
  {
    auto chunks = borrow(pool, 40);
    EXPECT_EQ(pool.held_bytes(), 10 * slab_bytes());
  }
  EXPECT_EQ(pool.held_bytes(), 2 * slab_bytes());
  pool.on_idle();
  EXPECT_EQ(pool.held_bytes(), slab_bytes());
  EXPECT_EQ(budget.used_bytes(), slab_bytes());
}

TEST(ChunkPool, a_slab_with_one_lent_chunk_stays) {
  MemoryBudget budget(kPlenty);
  ChunkPool pool(budget, kSmall);
  auto chunks = borrow(pool, 40);
  write(chunks[17], "still here");
  Chunk kept = std::move(chunks[17]);
  chunks.clear();
  pool.on_idle();
  EXPECT_EQ(pool.held_bytes(), 2 * slab_bytes());
  EXPECT_EQ(as_text(kept.content()), "still here");
}

TEST(ChunkPool, slabs_in_use_are_filled_before_others) {
  MemoryBudget budget(kPlenty);
  ChunkPool pool(budget, kSmall);
  auto chunks = borrow(pool, 8);
  chunks.erase(chunks.begin() + 1, chunks.end());  // one slab in use, one idle
  for (int i = 0; i < 3; ++i) chunks.push_back(pool.borrow().value());
  pool.on_idle();
  EXPECT_EQ(pool.held_bytes(), 2 * slab_bytes());  // the floor keeps the idle one
  chunks.push_back(pool.borrow().value());
  EXPECT_EQ(pool.held_bytes(), 2 * slab_bytes());
}

TEST(ChunkPool, holds_its_promises_over_many_random_steps) {
  MemoryBudget budget(20 * slab_bytes());
  {
    ChunkPool pool(budget, kSmall);
    Random random(6);
    std::vector<std::pair<Chunk, std::uint64_t>> lent;
    for (int step = 0; step < 50000; ++step) {
      if (random.below(1000) == 0) pool.on_idle();
      if (lent.empty() || random.below(100) < 52) {
        auto chunk = pool.borrow();
        ASSERT_EQ(chunk.has_value(), lent.size() < 80U);
        if (!chunk) continue;
        const std::uint64_t mark = random.next();
        std::memcpy(chunk->space().data(), &mark, sizeof mark);
        chunk->commit(sizeof mark);
        lent.emplace_back(*std::move(chunk), mark);
      } else {
        std::swap(lent[random.below(static_cast<std::uint32_t>(lent.size()))], lent.back());
        std::uint64_t mark = 0;
        std::memcpy(&mark, lent.back().first.content().data(), sizeof mark);
        ASSERT_EQ(mark, lent.back().second);
        lent.pop_back();
      }
      ASSERT_EQ(pool.lent_chunks(), lent.size());
      ASSERT_EQ(pool.held_bytes(), budget.used_bytes());
    }
  }
  EXPECT_EQ(budget.used_bytes(), 0U);
}

TEST(ChunkPoolDeathTest, a_chunk_must_not_outlive_its_pool) {
  EXPECT_DEATH(
      {
        MemoryBudget budget(kPlenty);
        Chunk kept;
        ChunkPool pool(budget, kSmall);
        kept = pool.borrow().value();
      },
      "lent_chunks_ == 0");
}

}  // namespace
}  // namespace causeway::base
