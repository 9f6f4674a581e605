// SPDX-License-Identifier: Apache-2.0
// Turns one log entry into one line, in text or in JSON. Runs on the thread that logs; no clock, no
// I/O. Whatever the values hold, the line is one line, shorter than kLineBytesMax, valid JSON or
// text without control characters: what does not fit is left out and said to be.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "base/time.h"
#include "observe/log.h"

namespace causeway::observe::internal {

// With the line feed. A pipe takes this many bytes whole or not at all (PIPE_BUF), so lines of
// several processes on one pipe do not mix.
inline constexpr std::size_t kLineBytesMax = 4096;
// Of a text value before escaping; what is longer ends in "...".
inline constexpr std::size_t kValueBytesMax = 1024;

// A line under construction. A piece goes in whole or not at all, and after the first that did not
// fit nothing does until the buffer is rewound: what is in it is always a prefix of what was meant.
class LineBuffer {
 public:
  void put(std::string_view piece) noexcept;
  void put(char piece) noexcept { put(std::string_view(&piece, 1)); }

  [[nodiscard]] std::size_t mark() const noexcept { return size_; }
  void rewind(std::size_t mark) noexcept;
  [[nodiscard]] bool is_full() const noexcept { return full_; }

  // The last piece, at most kTailBytes, for which there is always room.
  void finish(std::string_view tail) noexcept;

  // Valid until the next change of the buffer.
  [[nodiscard]] std::string_view view() const noexcept { return {bytes_.data(), size_}; }

 private:
  static constexpr std::size_t kTailBytes = 32;
  std::array<char, kLineBytesMax> bytes_{};
  std::size_t size_ = 0;
  bool full_ = false;
};

struct Entry {
  WallTime at;
  LogLevel level = LogLevel::info;
  std::string_view text;
  std::span<const Field> fields;
};

// Fills `line`, which is empty, up to and with its line feed.
void render(const Entry& entry, LogStyle style, LineBuffer& line);

}  // namespace causeway::observe::internal
