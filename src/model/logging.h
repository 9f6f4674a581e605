// SPDX-License-Identifier: Apache-2.0
// Where the operational log goes and how it looks.
#pragma once

#include <cstdint>
#include <string>

namespace causeway::model {

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error, off };
enum class LogFormat : std::uint8_t { automatic, text, json };  // automatic: text on a terminal
enum class LogRotation : std::uint8_t { off, daily };

struct Logging {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::automatic;
  std::string target = "stderr";  // stderr, stdout or the path of a file
  LogRotation rotation = LogRotation::off;
  std::uint64_t max_size_bytes = 100ULL << 20U;  // of one file before it is rotated; 0: no bound
  std::uint32_t retention_days = 30;  // rotated files older than this are removed; 0: kept
  std::uint32_t max_files = 20;       // rotated files kept; 0: no bound
  friend bool operator==(const Logging&, const Logging&) = default;
};

}  // namespace causeway::model
