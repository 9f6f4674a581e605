// SPDX-License-Identifier: Apache-2.0
#include "proxy/backlog.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/chunk_pool.h"
#include "base/error.h"
#include "base/result.h"

namespace causeway::proxy {

Result<void> Backlog::append(base::ChunkPool& pool, Bytes bytes) {
  while (!bytes.empty()) {
    if (chunks_.empty() || chunks_.back().space().empty()) {
      std::optional<Chunk> chunk = pool.borrow();
      if (!chunk) return fail(Errc::memory_limit, Side::local, "buffers of this worker");
      chunks_.push_back(*std::move(chunk));
    }
    const MutableBytes space = chunks_.back().space();
    const std::size_t fits = std::min(space.size(), bytes.size());
    std::ranges::copy(bytes.first(fits), space.begin());
    chunks_.back().commit(fits);
    bytes = bytes.subspan(fits);
  }
  return {};
}

void Backlog::append(Chunk chunk) {
  if (!chunk.empty()) chunks_.push_back(std::move(chunk));
}

void Backlog::consume(std::size_t bytes) {
  chunks_.front().consume(bytes);
  if (!chunks_.front().empty()) return;
  chunks_.erase(chunks_.begin());
  if (chunks_.empty())
    std::vector<Chunk>().swap(
        chunks_);  // an idle connection holds nothing, not even the list's memory
}

}  // namespace causeway::proxy
