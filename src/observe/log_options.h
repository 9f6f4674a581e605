// SPDX-License-Identifier: Apache-2.0
// What the log is told when it is opened: how much, how it looks, where to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace causeway::observe {

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error, off };

// "info"; static lifetime.
[[nodiscard]] std::string_view name_of(LogLevel level) noexcept;

enum class LogFormat : std::uint8_t { automatic, text, json };  // automatic: text on a terminal

// on_terminal still means no colour in a file or a pipe. NO_COLOR is the caller's to honour.
enum class LogColour : std::uint8_t { never, on_terminal };

// When the file is closed and begun anew, and how long the closed ones stay. Days are UTC.
struct LogRotationRule {
  bool daily = false;
  std::uint64_t max_size_bytes = 0;  // 0: no bound
  std::uint32_t retention_days = 0;  // closed files older than this are removed; 0: kept
  std::uint32_t max_files = 0;       // closed files that are kept; 0: no bound
};

struct LogOptions {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::automatic;
  LogColour colour = LogColour::on_terminal;
  std::string target = "stderr";     // stderr, stdout or the path of a file
  LogRotationRule rotation{};        // of a file
  std::uint32_t queue_lines = 1024;  // about 400 bytes each, allocated at open
};

}  // namespace causeway::observe
