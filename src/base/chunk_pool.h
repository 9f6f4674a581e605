// SPDX-License-Identifier: Apache-2.0
// Buffers of one size, lent for as long as a message is incomplete or a write is short. One
// ChunkPool per worker, used on that worker's loop only; it outlives every Chunk it lent.
//
// The pool takes memory in slabs of several chunks, and asks the process's MemoryBudget once a
// slab, so that borrowing touches nothing that another worker touches. It keeps a few unused slabs
// at hand and gives the others back, to the budget and to the allocator. It never waits: with the
// budget used up, borrow() returns nothing and the caller decides who is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/intrusive_list.h"
#include "base/memory_budget.h"

namespace causeway::base {

class ChunkPool;

namespace internal {

struct Slab;
struct SlabTag;

// What a Chunk points at. Content lies in [begin, end) of the chunk's memory.
struct ChunkBlock {
  Slab* slab = nullptr;
  ChunkBlock* next_free = nullptr;
  std::byte* memory = nullptr;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

}  // namespace internal

// A lease of one buffer: bytes are written into space(), made content by commit(), and taken off
// its front by consume(). One pointer wide, because connections hold it. Goes back to its pool when
// it is destroyed or assigned over, on the pool's loop. Every call but the moves, reset() and the
// conversion to bool needs a chunk that holds a buffer.
class Chunk {
 public:
  Chunk() noexcept = default;  // holds nothing
  Chunk(Chunk&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Chunk& operator=(Chunk&& other) noexcept {
    if (this != &other) {
      reset();
      block_ = std::exchange(other.block_, nullptr);
    }
    return *this;
  }
  ~Chunk() { reset(); }

  explicit operator bool() const noexcept { return block_ != nullptr; }

  // Gives the buffer back now.
  void reset() noexcept;

  [[nodiscard]] std::size_t capacity() const noexcept;

  // The unwritten tail. Valid until the next call that is not const.
  [[nodiscard]] MutableBytes space() noexcept;
  // What was committed and not yet consumed. Valid until the next call that is not const.
  [[nodiscard]] Bytes content() const noexcept;
  [[nodiscard]] bool empty() const noexcept;

  // The first `size` bytes of space() have been written.
  void commit(std::size_t size) noexcept;
  // The first `size` bytes of content() are done with. When nothing is left, all of it is space
  // again.
  void consume(std::size_t size) noexcept;
  // Moves the content to the front, so that what was consumed becomes space.
  void compact() noexcept;
  void clear() noexcept;

 private:
  friend class ChunkPool;
  explicit Chunk(internal::ChunkBlock& block) noexcept : block_(&block) {}
  internal::ChunkBlock* block_ = nullptr;
};
static_assert(sizeof(Chunk) == sizeof(void*));

struct ChunkPoolOptions {
  std::uint32_t chunk_bytes = 16 * 1024;
  std::uint32_t chunks_per_slab = 16;  // 256 KiB a slab by default
  std::uint32_t idle_slabs_max = 4;    // unused slabs kept while there is traffic
  std::uint32_t idle_slabs_floor = 1;  // and when there is none
};

class ChunkPool {
 public:
  // `budget` outlives the pool. Nothing is allocated before the first borrow().
  ChunkPool(MemoryBudget& budget, ChunkPoolOptions options);
  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;
  ~ChunkPool();  // asserts that every chunk came back

  // An empty chunk; nothing when the budget is used up, which is counted.
  [[nodiscard]] std::optional<Chunk> borrow();

  // Called when the worker has nothing to do: gives unused slabs back down to the floor.
  void on_idle() noexcept;

  [[nodiscard]] std::size_t chunk_bytes() const noexcept { return options_.chunk_bytes; }
  [[nodiscard]] std::uint32_t lent_chunks() const noexcept { return lent_chunks_; }
  [[nodiscard]] std::uint64_t refusals() const noexcept { return refusals_; }
  // What the pool holds of the budget now, lent or not.
  [[nodiscard]] std::uint64_t held_bytes() const noexcept;

 private:
  friend class Chunk;

  void take_back(internal::ChunkBlock& block) noexcept;
  [[nodiscard]] internal::Slab* add_slab();
  void drop_slab(internal::Slab& slab) noexcept;
  void trim_idle(std::uint32_t slabs_max) noexcept;

  MemoryBudget& budget_;
  const ChunkPoolOptions options_;
  const std::uint64_t slab_bytes_;  // with its bookkeeping, as the budget sees it
  std::vector<std::unique_ptr<internal::Slab>> slabs_;
  // A slab is in `partly_lent_` or `idle_` by what it has free, and in neither when all is lent.
  IntrusiveList<internal::Slab, internal::SlabTag> partly_lent_;
  IntrusiveList<internal::Slab, internal::SlabTag> idle_;
  std::uint32_t idle_count_ = 0;
  std::uint32_t lent_chunks_ = 0;
  std::uint64_t refusals_ = 0;
};

}  // namespace causeway::base

namespace causeway {
using base::Chunk;
}  // namespace causeway
