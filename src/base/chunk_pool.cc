// SPDX-License-Identifier: Apache-2.0
#include "base/chunk_pool.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/intrusive_list.h"
#include "base/memory_budget.h"

namespace causeway::base {
namespace internal {

// Memory for several chunks with their blocks, and the free ones among them, last returned first.
struct Slab : ListHook<SlabTag> {
  ChunkPool* pool = nullptr;
  std::size_t index = 0;  // in ChunkPool::slabs_
  std::uint32_t chunk_bytes = 0;
  std::uint32_t lent = 0;
  ChunkBlock* free = nullptr;
  std::unique_ptr<ChunkBlock[]> blocks;
  std::unique_ptr<std::byte[]> memory;
};

}  // namespace internal

using internal::ChunkBlock;
using internal::Slab;

void Chunk::reset() noexcept {
  if (block_ == nullptr) return;
  ChunkBlock& block = *std::exchange(block_, nullptr);
  block.slab->pool->take_back(block);
}

std::size_t Chunk::capacity() const noexcept { return block_->slab->chunk_bytes; }

MutableBytes Chunk::space() noexcept {
  return {block_->memory + block_->end, capacity() - block_->end};
}

Bytes Chunk::content() const noexcept {
  return {block_->memory + block_->begin, block_->end - block_->begin};
}

bool Chunk::empty() const noexcept { return block_->begin == block_->end; }

void Chunk::commit(std::size_t size) noexcept {
  CW_ASSERT(size <= capacity() - block_->end);
  block_->end += static_cast<std::uint32_t>(size);
}

void Chunk::consume(std::size_t size) noexcept {
  CW_ASSERT(size <= block_->end - block_->begin);
  block_->begin += static_cast<std::uint32_t>(size);
  if (empty()) clear();
}

void Chunk::compact() noexcept {
  if (block_->begin == 0) return;
  const std::uint32_t size = block_->end - block_->begin;
  std::memmove(block_->memory, block_->memory + block_->begin, size);
  block_->begin = 0;
  block_->end = size;
}

void Chunk::clear() noexcept {
  block_->begin = 0;
  block_->end = 0;
}

ChunkPool::ChunkPool(MemoryBudget& budget, ChunkPoolOptions options)
    : budget_(budget),
      options_(options),
      slab_bytes_(sizeof(Slab) + std::uint64_t{options.chunks_per_slab} *
                                     (sizeof(ChunkBlock) + options.chunk_bytes)) {
  CW_ASSERT(options.chunk_bytes > 0 && options.chunks_per_slab > 0);
  CW_ASSERT(options.idle_slabs_floor <= options.idle_slabs_max);
}

ChunkPool::~ChunkPool() {
  CW_ASSERT(lent_chunks_ == 0);
  trim_idle(0);
}

std::optional<Chunk> ChunkPool::borrow() {
  // Slabs in use are filled first, so that the others stay whole and can be given back.
  Slab* slab = nullptr;
  if (!partly_lent_.empty()) {
    slab = &partly_lent_.front();
  } else if (!idle_.empty()) {
    slab = &idle_.front();
  } else {
    slab = add_slab();
  }
  if (slab == nullptr) {
    ++refusals_;
    return std::nullopt;
  }

  ChunkBlock& block = *slab->free;
  slab->free = block.next_free;
  if (slab->lent++ == 0) {
    idle_.remove(*slab);
    --idle_count_;
    partly_lent_.push_front(*slab);
  }
  if (slab->free == nullptr) partly_lent_.remove(*slab);
  ++lent_chunks_;
  return Chunk(block);
}

void ChunkPool::take_back(ChunkBlock& block) noexcept {
  Slab& slab = *block.slab;
  CW_ASSERT(slab.lent > 0);
  const bool was_all_lent = slab.free == nullptr;
  block.begin = 0;
  block.end = 0;
  block.next_free = std::exchange(slab.free, &block);
  --slab.lent;
  --lent_chunks_;
  if (slab.lent == 0) {
    slab.unlink();
    idle_.push_front(slab);
    ++idle_count_;
    trim_idle(options_.idle_slabs_max);
  } else if (was_all_lent) {
    partly_lent_.push_back(slab);
  }
}

void ChunkPool::on_idle() noexcept { trim_idle(options_.idle_slabs_floor); }

std::uint64_t ChunkPool::held_bytes() const noexcept { return slabs_.size() * slab_bytes_; }

// Nothing when the budget, or the machine behind it, has no more. The memory is not touched here: a
// page costs nothing before the first read into it.
Slab* ChunkPool::add_slab() {
  if (!budget_.try_take(slab_bytes_)) return nullptr;
  try {
    auto slab = std::make_unique<Slab>();
    slab->blocks = std::make_unique<ChunkBlock[]>(options_.chunks_per_slab);
    slab->memory = std::make_unique_for_overwrite<std::byte[]>(
        std::size_t{options_.chunks_per_slab} * options_.chunk_bytes);
    slab->pool = this;
    slab->chunk_bytes = options_.chunk_bytes;
    slab->index = slabs_.size();
    for (std::uint32_t i = options_.chunks_per_slab; i-- > 0;) {
      ChunkBlock& block = slab->blocks[i];
      block.slab = slab.get();
      block.memory = slab->memory.get() + std::size_t{i} * options_.chunk_bytes;
      block.next_free = std::exchange(slab->free, &block);
    }
    slabs_.push_back(std::move(slab));
  } catch (const std::bad_alloc&) {  // the allocator's, where the machine has less than the budget
    budget_.give_back(slab_bytes_);
    return nullptr;
  }
  idle_.push_front(*slabs_.back());
  ++idle_count_;
  return slabs_.back().get();
}

void ChunkPool::drop_slab(Slab& slab) noexcept {
  CW_ASSERT(slab.lent == 0 && !slab.is_linked());
  const std::size_t index = slab.index;
  std::swap(slabs_[index], slabs_.back());
  slabs_[index]->index = index;
  slabs_.pop_back();
  budget_.give_back(slab_bytes_);
}

void ChunkPool::trim_idle(std::uint32_t slabs_max) noexcept {
  while (idle_count_ > slabs_max) {
    // From the back: the slab that has been unused longest, the coldest one.
    Slab& coldest = idle_.back();
    idle_.remove(coldest);
    --idle_count_;
    drop_slab(coldest);
  }
}

}  // namespace causeway::base
