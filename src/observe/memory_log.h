// SPDX-License-Identifier: Apache-2.0
// A log for tests: lines stay in memory, in order, and are there when the call returns. Owned by
// the test, used from any thread. Lines are text as people see it without colour and without the
// time: "WARN  connection refused reason=source_limit".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "observe/log.h"

namespace causeway::observe {

class MemoryLog {
 public:
  // Of lines that are kept; later ones are counted as dropped.
  static constexpr std::size_t kLinesMax = 65536;

  explicit MemoryLog(LogLevel level = LogLevel::trace);
  ~MemoryLog();
  MemoryLog(const MemoryLog&) = delete;
  MemoryLog& operator=(const MemoryLog&) = delete;

  // Valid as long as this.
  [[nodiscard]] Log& log() noexcept { return *log_; }

  [[nodiscard]] std::vector<std::string> lines() const;
  // How many lines hold `part`.
  [[nodiscard]] std::size_t count_of(std::string_view part) const;

 private:
  class Backend;
  class StillClock;
  std::unique_ptr<StillClock> clock_;
  std::unique_ptr<Log> log_;
  Backend* backend_;  // owned by log_
};

}  // namespace causeway::observe
