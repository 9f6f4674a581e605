// SPDX-License-Identifier: Apache-2.0
// Bytes that were read and could not be written yet: one stalled direction of a connection. Borrows
// chunks of its worker's pool while it holds bytes, and nothing while it is empty.
#pragma once

#include <cstddef>
#include <vector>

#include "base/bytes.h"
#include "base/chunk_pool.h"
#include "base/result.h"

namespace causeway::proxy {

class Backlog {
 public:
  [[nodiscard]] bool empty() const noexcept { return chunks_.empty(); }

  // Copies `bytes` behind what is held. Errors: memory_limit when the worker's budget is used up;
  // what fitted before is kept, but the stream is broken and the caller ends it.
  [[nodiscard]] Result<void> append(base::ChunkPool& pool, Bytes bytes);
  // Takes over a chunk that is not empty.
  void append(Chunk chunk);

  // The oldest bytes in one piece; valid until the next call that is not const. Only if not empty.
  [[nodiscard]] Bytes front() const noexcept { return chunks_.front().content(); }
  void consume(std::size_t bytes);

 private:
  std::vector<Chunk> chunks_;  // oldest first; none of them empty
};

}  // namespace causeway::proxy
