// SPDX-License-Identifier: Apache-2.0
// The operational log: what an operator should know, a line each, for people on a terminal and as
// JSON otherwise. Owned by app and handed down by reference; there is no global one. Any thread may
// log:
//
//   log.info("listener {name} accepts", field("name", name), field("address", address));
//
// The caller renders the line and puts it into a bounded queue; a thread of the log's own writes
// it. A caller never waits for a disk or a terminal: when the queue is full the oldest line is
// dropped, which is counted and said. It is not for one line per connection, request or packet
// (that is the access log), and never for secrets.
#pragma once

#include <array>
#include <atomic>
#include <concepts>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "observe/log_field.h"
#include "observe/log_options.h"

namespace causeway::observe {

struct LogMetrics;

// How a line looks.
enum class LogStyle : std::uint8_t { text, coloured_text, json };

// Where rendered lines go.
class LogBackend {
 public:
  LogBackend() = default;
  LogBackend(const LogBackend&) = delete;
  LogBackend& operator=(const LogBackend&) = delete;
  virtual ~LogBackend() = default;

  // `line` ends with a line feed and is valid during the call. Called from any thread.
  virtual void put(WallTime at, std::string_view line) noexcept = 0;
  // Valid as long as the backend.
  [[nodiscard]] virtual const LogMetrics& metrics() const noexcept = 0;
};

class Log {
 public:
  // Opens what `options` name; the clock outlives the log. Errors: those of opening the file, and
  // system when the writer thread could not be started.
  [[nodiscard]] static Result<std::unique_ptr<Log>> open(const LogOptions& options,
                                                         const base::Clock& clock);

  // A log with a backend of the caller's; for tests see memory_log.h.
  Log(LogLevel level, LogStyle style, std::unique_ptr<LogBackend> backend,
      const base::Clock& clock);

  // Returns when every line in the queue was written or given up. A target that takes nothing
  // delays it by a second.
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // May change at any time, from any thread.
  void set_level(LogLevel level) noexcept { level_.store(level, std::memory_order_relaxed); }
  [[nodiscard]] bool wants(LogLevel level) const noexcept {
    return level >= level_.load(std::memory_order_relaxed) && level != LogLevel::off;
  }

  template <std::same_as<Field>... Fields>
  void trace(LogText text, const Fields&... fields) noexcept {
    write(LogLevel::trace, text, fields...);
  }
  template <std::same_as<Field>... Fields>
  void debug(LogText text, const Fields&... fields) noexcept {
    write(LogLevel::debug, text, fields...);
  }
  template <std::same_as<Field>... Fields>
  void info(LogText text, const Fields&... fields) noexcept {
    write(LogLevel::info, text, fields...);
  }
  template <std::same_as<Field>... Fields>
  void warn(LogText text, const Fields&... fields) noexcept {
    write(LogLevel::warn, text, fields...);
  }
  template <std::same_as<Field>... Fields>
  void error(LogText text, const Fields&... fields) noexcept {
    write(LogLevel::error, text, fields...);
  }

  // For a level that is chosen at run time.
  template <std::same_as<Field>... Fields>
  void write(LogLevel level, LogText text, const Fields&... fields) noexcept {
    static_assert(sizeof...(Fields) <= kFieldsMax);
    if (!wants(level)) return;
    const std::array<Field, sizeof...(Fields)> list{fields...};
    put(level, text, list);
  }

  // Valid as long as the log.
  [[nodiscard]] const LogMetrics& metrics() const noexcept;

 private:
  void put(LogLevel level, LogText text, std::span<const Field> fields) noexcept;

  std::atomic<LogLevel> level_;
  LogStyle style_;
  const base::Clock& clock_;
  std::unique_ptr<LogBackend> backend_;
};

}  // namespace causeway::observe
