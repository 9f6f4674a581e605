// SPDX-License-Identifier: Apache-2.0
// What takes finished lines: a stream of the process, or a file that rotates (rotating_file.h).
// Used by the log's writer thread only. A target never throws; it may block that one thread, never
// a caller of the log.
//
// Files are opened, written and renamed here with the calls of the machine although os/ stands
// above: observe is where records leave the process, and a log that needs nothing above floor 0 can
// be the first thing that is built and the last that ends.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace causeway::observe::internal {

class LogTarget {
 public:
  LogTarget() = default;
  LogTarget(const LogTarget&) = delete;
  LogTarget& operator=(const LogTarget&) = delete;
  virtual ~LogTarget() = default;

  // Writes one line, which ends with a line feed. `at` is the line's own time. An error means that
  // the line is lost, in whole or in part; the next one begins on a line of its own.
  [[nodiscard]] virtual Result<void> write_line(std::string_view line, Instant now,
                                                WallTime at) = 0;

  // Since it was opened.
  [[nodiscard]] virtual std::uint64_t rotations() const noexcept { return 0; }
  [[nodiscard]] virtual std::uint64_t rotation_failures() const noexcept { return 0; }
};

// A descriptor that is written line by line.
class LogDescriptor {
 public:
  enum class Kind : std::uint8_t { file, stream };  // a stream may make us wait

  LogDescriptor() = default;  // of nothing
  [[nodiscard]] static LogDescriptor borrow(int fd) noexcept;
  [[nodiscard]] static LogDescriptor own(int fd, Kind kind) noexcept;
  LogDescriptor(LogDescriptor&& other) noexcept;
  LogDescriptor& operator=(LogDescriptor&& other) noexcept;
  ~LogDescriptor();

  // Waits for a stream that takes nothing for at most a second, and then not again until it has
  // taken a line.
  [[nodiscard]] Result<void> write_line(std::string_view line) noexcept;

 private:
  LogDescriptor(int fd, Kind kind, bool owned) noexcept : fd_(fd), kind_(kind), owned_(owned) {}
  [[nodiscard]] Result<void> write_all(std::string_view bytes) noexcept;
  [[nodiscard]] Result<void> wait_writable() noexcept;

  int fd_ = -1;
  Kind kind_ = Kind::stream;
  bool owned_ = false;
  bool stuck_ = false;
  bool torn_ = false;  // the last write ended within a line
};

// Standard error, standard output, or any other descriptor as it is.
class StreamTarget final : public LogTarget {
 public:
  explicit StreamTarget(LogDescriptor descriptor) noexcept : descriptor_(std::move(descriptor)) {}
  [[nodiscard]] Result<void> write_line(std::string_view line, Instant now, WallTime at) override;

 private:
  LogDescriptor descriptor_;
};

}  // namespace causeway::observe::internal
