// SPDX-License-Identifier: Apache-2.0
#include "observe/internal/log_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "base/address.h"
#include "base/assert.h"
#include "base/error.h"
#include "base/time.h"
#include "observe/internal/log_escape.h"
#include "observe/log.h"
#include "observe/log_field.h"
#include "observe/log_options.h"

namespace causeway::observe::internal {

void LineBuffer::put(std::string_view piece) noexcept {
  if (full_ || piece.size() > bytes_.size() - kTailBytes - size_) {
    full_ = true;
    return;
  }
  std::ranges::copy(piece, bytes_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ += piece.size();
}

void LineBuffer::rewind(std::size_t mark) noexcept {
  CW_ASSERT(mark <= size_);
  size_ = mark;
  full_ = false;
}

void LineBuffer::finish(std::string_view tail) noexcept {
  CW_ASSERT(tail.size() <= kTailBytes && size_ + tail.size() <= bytes_.size());
  std::ranges::copy(tail, bytes_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ += tail.size();
}

namespace {

// ANSI sequences, in coloured text only.
constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kPlain = "\x1b[0m";

constexpr std::string_view colour_of(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::trace:
    case LogLevel::debug:
      return kDim;
    case LogLevel::info:
      return "\x1b[32m";
    case LogLevel::warn:
      return "\x1b[33m";
    case LogLevel::error:
      return "\x1b[1;31m";
    case LogLevel::off:
      return kPlain;
  }
  return kPlain;
}

constexpr std::string_view upper_name_of(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::trace:
      return "TRACE";
    case LogLevel::debug:
      return "DEBUG";
    case LogLevel::info:
      return "INFO ";
    case LogLevel::warn:
      return "WARN ";
    case LogLevel::error:
      return "ERROR";
    case LogLevel::off:
      return "OFF  ";
  }
  return "OFF  ";
}

template <class... Values>
void put_formatted(LineBuffer& line, fmt::format_string<Values...> format, Values&&... values) {
  fmt::memory_buffer text;
  fmt::format_to(std::back_inserter(text), format, std::forward<Values>(values)...);
  line.put({text.data(), text.size()});
}

// RFC 3339 with milliseconds, in UTC.
void put_timestamp(LineBuffer& line, WallTime at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::milliseconds>(at - day));
  put_formatted(line, "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                time.hours().count(), time.minutes().count(), time.seconds().count(),
                time.subseconds().count());
}

// For people: the unit that suits, at most three decimals ("1.5s", "250ms", "12.345us").
void put_duration(LineBuffer& line, Duration value) {
  const auto ns = static_cast<double>(value.count());
  const double size = std::abs(ns);
  const bool is_seconds = size >= 1e9;
  const bool is_ms = size >= 1e6;
  const bool is_us = size >= 1e3;
  const double scale = is_seconds ? 1e9 : is_ms ? 1e6 : is_us ? 1e3 : 1;
  std::string digits = fmt::format("{:.3f}", ns / scale);
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.ends_with('.')) digits.pop_back();
  line.put(digits);
  line.put(is_seconds ? "s" : is_ms ? "ms" : is_us ? "us" : "ns");
}

// What is a text in both styles: a string, an error, an address. Numbers and truth values are not.
struct TextOf {
  std::string operator()(const Error& error) const { return base::to_text(error); }
  std::string operator()(const base::IpAddress& ip) const { return ip.to_text(); }
  std::string operator()(const base::SocketAddress& address) const { return address.to_text(); }
  std::string_view operator()(std::string_view text) const { return text; }
};

void put_for_people(LineBuffer& line, const FieldValue& value) {
  std::visit(
      [&line]<class T>(const T& held) {
        if constexpr (std::is_same_v<T, Duration>) {
          put_duration(line, held);
        } else if constexpr (std::is_arithmetic_v<T>) {
          put_formatted(line, "{}", held);
        } else {
          put_text_value(line, TextOf{}(held));
        }
      },
      value);
}

// JSON has no word for a number that is not finite.
void put_json_number(LineBuffer& line, double value) {
  std::isfinite(value) ? put_formatted(line, "{}", value) : line.put("null");
}

void put_json_value(LineBuffer& line, const FieldValue& value) {
  std::visit(
      [&line]<class T>(const T& held) {
        if constexpr (std::is_same_v<T, Duration>) {
          put_json_number(line, std::chrono::duration<double>(held).count());
        } else if constexpr (std::is_same_v<T, double>) {
          put_json_number(line, held);
        } else if constexpr (std::is_arithmetic_v<T>) {
          put_formatted(line, "{}", held);
        } else {
          line.put('"');
          put_json_text(line, TextOf{}(held));
          line.put('"');
        }
      },
      value);
}

const Field* find_field(std::span<const Field> fields, std::string_view name) noexcept {
  const auto found = std::ranges::find(fields, name, &Field::name);
  return found == fields.end() ? nullptr : &*found;
}

// Writes the text with every `{name}` replaced by the value of that field, for people. A bit in the
// answer for each field that was used.
std::uint32_t put_message(LineBuffer& line, const Entry& entry) {
  static_assert(kFieldsMax <= 32);
  std::uint32_t used = 0;
  std::string_view rest = entry.text;
  for (;;) {
    const std::size_t open = std::min(rest.find('{'), rest.size());
    line.put(rest.substr(0, open));
    rest.remove_prefix(open);
    if (rest.empty()) return used;
    const std::size_t size = rest.find('}') + 1;  // LogText saw to it that there is one
    const Field* field = find_field(entry.fields, rest.substr(1, size - 2));
    if (field == nullptr) {
      line.put(rest.substr(0, size));
    } else {
      put_for_people(line, field->value);
      used |= 1U << static_cast<unsigned>(field - entry.fields.data());
    }
    rest.remove_prefix(size);
  }
}

void render_text(const Entry& entry, bool coloured, LineBuffer& line) {
  const auto paint = [&line, coloured](std::string_view sequence) {
    if (coloured) line.put(sequence);
  };
  paint(kDim);
  put_timestamp(line, entry.at);
  paint(kPlain);
  line.put(' ');
  paint(colour_of(entry.level));
  line.put(upper_name_of(entry.level));
  paint(kPlain);
  line.put(' ');
  const std::uint32_t used = put_message(line, entry);
  for (std::size_t i = 0; i < entry.fields.size(); ++i) {
    if ((used >> i & 1U) != 0) continue;
    line.put(' ');
    paint(kDim);
    line.put(entry.fields[i].name);
    line.put('=');
    paint(kPlain);
    put_for_people(line, entry.fields[i].value);
  }
  if (line.is_full()) line.finish(coloured ? "\x1b[0m (cut)" : " (cut)");
  line.finish("\n");
}

void render_json(const Entry& entry, LineBuffer& line) {
  line.put(R"({"ts":")");
  put_timestamp(line, entry.at);
  line.put(R"(","level":")");
  line.put(name_of(entry.level));
  line.put(R"(","msg":")");
  // Cut by put_json_text at kValueBytesMax, all of it printable: it always fits.
  LineBuffer message;
  put_message(message, entry);
  put_json_text(line, message.view());
  line.put('"');

  bool cut = false;
  for (const Field& field : entry.fields) {
    const std::size_t before = line.mark();
    line.put(",\"");
    line.put(field.name);
    line.put("\":");
    put_json_value(line, field.value);
    if (line.is_full()) {
      line.rewind(before);
      cut = true;
    }
  }
  line.finish(cut ? ",\"cut\":true}\n" : "}\n");
}

}  // namespace

void render(const Entry& entry, LogStyle style, LineBuffer& line) {
  switch (style) {
    case LogStyle::text:
      return render_text(entry, false, line);
    case LogStyle::coloured_text:
      return render_text(entry, true, line);
    case LogStyle::json:
      return render_json(entry, line);
  }
}

}  // namespace causeway::observe::internal
