// SPDX-License-Identifier: Apache-2.0
#include "observe/memory_log.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "observe/log.h"
#include "observe/log_metrics.h"
#include "observe/log_options.h"

namespace causeway::observe {

// Lines carry no time, so none has to be told.
class MemoryLog::StillClock final : public base::Clock {
 public:
  [[nodiscard]] Instant now() const override { return {}; }
  [[nodiscard]] WallTime wall_now() const override { return {}; }
};

class MemoryLog::Backend final : public LogBackend {
 public:
  void put(WallTime /*at*/, std::string_view line) noexcept override {
    const std::scoped_lock lock(mutex_);
    if (lines_.size() == kLinesMax) return metrics_.dropped_lines.add();
    line.remove_suffix(1);
    lines_.emplace_back(line.substr(line.find(' ') + 1));
    metrics_.written_lines.add();
  }
  [[nodiscard]] const LogMetrics& metrics() const noexcept override { return metrics_; }

  [[nodiscard]] std::vector<std::string> lines() const {
    const std::scoped_lock lock(mutex_);
    return lines_;
  }

 private:
  mutable std::mutex mutex_;  // of lines_, and of the writing side of metrics_
  std::vector<std::string> lines_;
  LogMetrics metrics_;
};

MemoryLog::MemoryLog(LogLevel level) : clock_(std::make_unique<StillClock>()) {
  auto backend = std::make_unique<Backend>();
  backend_ = backend.get();
  log_ = std::make_unique<Log>(level, LogStyle::text, std::move(backend), *clock_);
}

MemoryLog::~MemoryLog() = default;

std::vector<std::string> MemoryLog::lines() const { return backend_->lines(); }

std::size_t MemoryLog::count_of(std::string_view part) const {
  const auto all = lines();
  return static_cast<std::size_t>(std::ranges::count_if(
      all, [part](const std::string& line) { return line.find(part) != std::string::npos; }));
}

}  // namespace causeway::observe
