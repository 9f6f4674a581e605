// SPDX-License-Identifier: Apache-2.0
#include "proxy/backlog.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/chunk_pool.h"
#include "base/error.h"
#include "base/memory_budget.h"
#include "base/random.h"
#include "sim/seeds.h"

namespace causeway::proxy {
namespace {

constexpr base::ChunkPoolOptions kSmallChunks{
    .chunk_bytes = 64, .chunks_per_slab = 1, .idle_slabs_max = 0, .idle_slabs_floor = 0};

std::string take_all(Backlog& backlog) {
  std::string text;
  while (!backlog.empty()) {
    text += base::as_text(backlog.front());
    backlog.consume(backlog.front().size());
  }
  return text;
}

TEST(Backlog, bytes_come_out_in_the_order_they_went_in) {
  base::MemoryBudget budget(1U << 20U);
  base::ChunkPool pool(budget, kSmallChunks);
  for (const std::uint64_t seed : sim::seeds(50)) {
    SCOPED_TRACE(seed);
    base::Random random(seed);
    Backlog backlog;
    std::string in;
    std::string out;
    for (int i = 0; i < 200; ++i) {
      const std::string text(random.below(150), static_cast<char>('a' + (i % 26)));
      ASSERT_TRUE(backlog.append(pool, base::as_bytes(text)));
      in += text;
      while (!backlog.empty() && random.below(3) > 0) {
        const auto front = base::as_text(backlog.front());
        ASSERT_FALSE(front.empty());
        const std::size_t count = 1 + random.below(static_cast<std::uint32_t>(front.size()));
        out += front.substr(0, count);
        backlog.consume(count);
      }
    }
    out += take_all(backlog);
    EXPECT_EQ(out, in);
    EXPECT_EQ(pool.lent_chunks(), 0U);
  }
}

TEST(Backlog, it_borrows_no_more_chunks_than_its_bytes_need_and_none_when_empty) {
  base::MemoryBudget budget(1U << 20U);
  base::ChunkPool pool(budget, kSmallChunks);
  Backlog backlog;
  EXPECT_TRUE(backlog.empty());
  ASSERT_TRUE(backlog.append(pool, {}));
  EXPECT_TRUE(backlog.empty());
  EXPECT_EQ(pool.lent_chunks(), 0U);
  ASSERT_TRUE(backlog.append(pool, base::as_bytes(std::string(64, 'x'))));
  EXPECT_EQ(pool.lent_chunks(), 1U);
  ASSERT_TRUE(backlog.append(pool, base::as_bytes("y")));
  EXPECT_EQ(pool.lent_chunks(), 2U);
  backlog.consume(64);
  EXPECT_EQ(pool.lent_chunks(), 1U);
  EXPECT_EQ(base::as_text(backlog.front()), "y");
  backlog.consume(1);
  EXPECT_TRUE(backlog.empty());
  EXPECT_EQ(pool.lent_chunks(), 0U);
}

TEST(Backlog, a_chunk_is_taken_over_and_an_empty_one_is_given_back) {
  base::MemoryBudget budget(1U << 20U);
  base::ChunkPool pool(budget, kSmallChunks);
  Backlog backlog;
  backlog.append(pool.borrow().value());
  EXPECT_TRUE(backlog.empty());
  EXPECT_EQ(pool.lent_chunks(), 0U);

  Chunk chunk = pool.borrow().value();
  chunk.space()[0] = std::byte{'a'};
  chunk.commit(1);
  backlog.append(std::move(chunk));
  ASSERT_TRUE(backlog.append(pool, base::as_bytes("bc")));
  EXPECT_EQ(pool.lent_chunks(), 1U);  // what follows goes into the room that is left
  EXPECT_EQ(take_all(backlog), "abc");
}

TEST(Backlog, with_the_budget_used_up_it_says_memory_limit_and_keeps_what_fitted) {
  base::MemoryBudget budget(600);  // room for a few slabs with their bookkeeping
  base::ChunkPool pool(budget, kSmallChunks);
  Backlog backlog;
  const std::string text(4096, 'x');
  const auto kept = backlog.append(pool, base::as_bytes(text));
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().code, Errc::memory_limit);
  EXPECT_EQ(kept.error().side, Side::local);
  EXPECT_EQ(take_all(backlog).size() % 64, 0U);
  EXPECT_EQ(pool.lent_chunks(), 0U);
}

}  // namespace
}  // namespace causeway::proxy
