// SPDX-License-Identifier: Apache-2.0
// The queue and the thread between those who log and the LogWriter. The only file that knows spdlog
// is async_backend.cc: its headers are heavy.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "observe/internal/log_writer.h"
#include "observe/log.h"

namespace causeway::observe::internal {

// Starts the writer thread, which blocks every signal that is not a fault of its own. Errors:
// system when there is no thread or no memory to be had.
[[nodiscard]] Result<std::unique_ptr<LogBackend>> start_async(std::unique_ptr<LogWriter> writer,
                                                              std::uint32_t queue_lines);

}  // namespace causeway::observe::internal
