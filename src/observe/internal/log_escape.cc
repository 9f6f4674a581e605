// SPDX-License-Identifier: Apache-2.0
#include "observe/internal/log_escape.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "observe/internal/log_line.h"

namespace causeway::observe::internal {
namespace {

struct Decoded {
  char32_t point = 0;
  std::size_t size_bytes = 1;
  bool valid = false;
};

// The first code point of `text`, which is not empty, as RFC 3629 has it: no overlong form, no
// surrogate, nothing above U+10FFFF. What is not valid is taken as a single byte.
Decoded decode_first(std::string_view text) noexcept {
  const auto byte_at = [text](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte_at(0);
  if (lead < 0x80) return {.point = lead, .size_bytes = 1, .valid = true};
  const Decoded malformed{.point = lead, .size_bytes = 1, .valid = false};
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return malformed;

  char32_t point = lead & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte_at(i) & 0xC0U) != 0x80U) return malformed;
    point = (point << 6U) | (byte_at(i) & 0x3FU);
  }
  constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  if (point < kSmallest[size] || surrogate || point > 0x10FFFF) return malformed;
  return {.point = point, .size_bytes = size, .valid = true};
}

// What must not be shown as it is: C0, DEL and C1 (U+009B begins a terminal's control sequence),
// marks without width, line separators, and the marks that reverse the order of what follows.
constexpr bool is_unsafe(char32_t point) noexcept {
  constexpr std::array<std::pair<char32_t, char32_t>, 6> kRanges{{{0x00, 0x1F},
                                                                  {0x7F, 0x9F},
                                                                  {0x200B, 0x200F},
                                                                  {0x2028, 0x202E},
                                                                  {0x2060, 0x206F},
                                                                  {0xFEFF, 0xFEFF}}};
  return std::ranges::any_of(kRanges, [point](const auto& range) {
    return point >= range.first && point <= range.second;
  });
}

// The escapes that JSON and our text share; empty when there is none.
constexpr std::string_view short_escape(char32_t point) noexcept {
  switch (point) {
    case U'"':
      return "\\\"";
    case U'\\':
      return "\\\\";
    case U'\n':
      return "\\n";
    case U'\r':
      return "\\r";
    case U'\t':
      return "\\t";
    default:
      return {};
  }
}

void put_hex(LineBuffer& line, std::string_view prefix, std::uint32_t value, int digits) {
  std::array<char, 16> room{};
  const auto end = fmt::format_to_n(room.data(), room.size(), "{}{:0{}x}", prefix, value, digits);
  line.put({room.data(), end.size});
}

bool is_plain_word(std::string_view value) noexcept {
  if (value.empty() || value.size() > kValueBytesMax) return false;
  for (std::size_t at = 0; at < value.size();) {
    const Decoded next = decode_first(value.substr(at));
    const char32_t point = next.point;
    if (!next.valid || is_unsafe(point) || point == U' ' || point == U'=') return false;
    if (!short_escape(point).empty()) return false;
    at += next.size_bytes;
  }
  return true;
}

enum class Malformed : std::uint8_t { as_hex, as_replacement };

void put_escaped(LineBuffer& line, std::string_view value, Malformed malformed) {
  for (std::size_t at = 0; at < value.size();) {
    if (at >= kValueBytesMax) {
      line.put("...");
      return;
    }
    const Decoded next = decode_first(value.substr(at));
    const std::string_view known = short_escape(next.point);
    const bool as_hex = malformed == Malformed::as_hex;
    if (!next.valid) {
      as_hex ? put_hex(line, "\\x", next.point, 2) : line.put("\\ufffd");
    } else if (!known.empty()) {
      line.put(known);
    } else if (is_unsafe(next.point)) {
      as_hex&& next.point < 0x80 ? put_hex(line, "\\x", next.point, 2)
                                 : put_hex(line, "\\u", next.point, 4);
    } else {
      line.put(value.substr(at, next.size_bytes));
    }
    at += next.size_bytes;
  }
}

}  // namespace

void put_text_value(LineBuffer& line, std::string_view value) {
  if (is_plain_word(value)) {
    line.put(value);
    return;
  }
  line.put('"');
  put_escaped(line, value, Malformed::as_hex);
  line.put('"');
}

void put_json_text(LineBuffer& line, std::string_view value) {
  put_escaped(line, value, Malformed::as_replacement);
}

}  // namespace causeway::observe::internal
