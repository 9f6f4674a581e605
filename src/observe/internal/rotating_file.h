// SPDX-License-Identifier: Apache-2.0
// A log file that is closed and begun anew by size and by day, and whose closed parts are removed
// by age and number. spdlog has a sink for either rule, not for both together, nor for an age.
//
// Lines go to `path`. A closed file is renamed to `path.2026-11-21.3`: the day (UTC) of its last
// line and the number of that day. Only names of exactly this form are ever removed, and only a
// regular file is ever renamed. A rotation that fails is counted and tried again ten seconds later;
// the lines go on into the old file meanwhile. Used by one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "observe/internal/log_target.h"
#include "observe/log_options.h"

namespace causeway::observe::internal {

// A closed file, from old to new by comparison.
struct ClosedFile {
  std::chrono::sys_days day;
  std::uint32_t number = 0;
  friend auto operator<=>(const ClosedFile&, const ClosedFile&) = default;
};

// "causeway.log.2026-11-21.3" for the stem "causeway.log". Nothing for any other form.
[[nodiscard]] Result<ClosedFile> parse_closed_name(std::string_view stem, std::string_view name);
[[nodiscard]] std::string closed_name(std::string_view stem, const ClosedFile& file);

class RotatingFile final : public LogTarget {
  struct Key {
    explicit Key() = default;
  };

 public:
  // For open() alone.
  RotatingFile(Key key, std::string path, const LogRotationRule& rule);

  // Creates the file, or appends to it: a restart does not rotate unless a rule asks for it.
  // Errors: those of open(2).
  [[nodiscard]] static Result<std::unique_ptr<RotatingFile>> open(std::string path,
                                                                  const LogRotationRule& rule,
                                                                  WallTime at);

  [[nodiscard]] Result<void> write_line(std::string_view line, Instant now, WallTime at) override;
  [[nodiscard]] std::uint64_t rotations() const noexcept override { return rotations_; }
  [[nodiscard]] std::uint64_t rotation_failures() const noexcept override { return failures_; }

 private:
  using Day = std::chrono::sys_days;

  [[nodiscard]] Result<void> open_file(Day today);
  [[nodiscard]] bool is_due(std::size_t line_bytes, Day today) const noexcept;
  [[nodiscard]] Result<void> rotate(Day today);
  [[nodiscard]] Result<std::vector<ClosedFile>> list_closed() const;
  void remove_old(std::vector<ClosedFile> closed, Day today);

  std::string path_;
  std::string directory_;
  std::string stem_;  // of path_, without the directory
  LogRotationRule rule_;
  LogDescriptor file_;
  bool is_regular_ = false;
  std::uint64_t size_bytes_ = 0;
  Day last_day_;  // of the newest line
  Instant next_try_ = Instant::min();
  std::uint64_t rotations_ = 0;
  std::uint64_t failures_ = 0;
};

}  // namespace causeway::observe::internal
