// SPDX-License-Identifier: Apache-2.0
// The end of the queue: writes lines to the target, counts what became of them, and says so, once
// and in the log itself where that is possible. Used by the writer thread only, and by nobody until
// that has begun and after it has ended.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/time.h"
#include "observe/internal/log_target.h"
#include "observe/log.h"
#include "observe/log_metrics.h"

namespace causeway::observe::internal {

class LogWriter {
 public:
  // `complaints` is where it says that the target fails: standard error, or nothing when that is
  // the target. The clock outlives the writer.
  LogWriter(std::unique_ptr<LogTarget> target, LogDescriptor complaints, LogStyle style,
            const base::Clock& clock);

  // `dropped_total` is how many lines the queue has dropped since it was opened. Neither throws nor
  // fails: what could not be written is counted.
  void write(std::string_view line, WallTime at, std::uint64_t dropped_total) noexcept;

  // Says what is still unsaid. Nothing is written after it.
  void finish() noexcept;

  [[nodiscard]] const LogMetrics& metrics() const noexcept { return metrics_; }

 private:
  [[nodiscard]] Result<void> put(std::string_view line, Instant now, WallTime at) noexcept;
  void on_lost(const Error& error, WallTime at) noexcept;
  void report_gaps(Instant now, WallTime at) noexcept;

  std::unique_ptr<LogTarget> target_;
  LogDescriptor complaints_;
  LogStyle style_;
  const base::Clock& clock_;
  LogMetrics metrics_;
  bool failing_ = false;
  Error last_error_;
  std::uint64_t reported_dropped_ = 0;
  std::uint64_t reported_lost_ = 0;
  Instant next_report_ = Instant::min();
};

}  // namespace causeway::observe::internal
