// SPDX-License-Identifier: Apache-2.0
// What a log line is made of: a text that is fixed when the program is compiled, and named values
// that keep their type until the line is rendered. Nothing here formats; making a Field copies a
// word or two. Values may come from strangers and are escaped when rendered; names and texts
// cannot. Secrets are never made a Field.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <variant>

#include "base/address.h"
#include "base/error.h"
#include "base/time.h"

namespace causeway::observe {

inline constexpr std::size_t kLogTextBytesMax = 256;
inline constexpr std::size_t kFieldNameBytesMax = 48;
inline constexpr std::size_t kFieldsMax = 16;

namespace detail {

// Named by what is wrong: a call that is not a constant expression is what the compiler then shows.
void log_text_must_be_1_to_256_printable_ascii_with_balanced_braces();
void field_name_must_be_lower_case_with_underscores_and_not_ts_level_msg_cut();

consteval bool is_sound_text(std::string_view text) {
  bool in_brace = false;
  for (const char c : text) {
    if (c < ' ' || c > '~') return false;
    if (c == '{' || c == '}') {
      if (in_brace == (c == '{')) return false;
      in_brace = !in_brace;
    }
  }
  return !text.empty() && text.size() <= kLogTextBytesMax && !in_brace;
}

consteval bool is_sound_name(std::string_view name) {
  for (const char c : name) {
    if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_') return false;
  }
  if (name == "ts" || name == "level" || name == "msg" || name == "cut") return false;
  return !name.empty() && name.size() <= kFieldNameBytesMax;
}

}  // namespace detail

// The text of a line: a literal. `{name}` in it stands for the value of the field of that name; a
// name that no field has stays as it is written.
class LogText {
 public:
  template <std::size_t kSize>
  // NOLINTNEXTLINE(google-explicit-constructor): a literal is one
  consteval LogText(const char (&text)[kSize]) : text_(text, kSize - 1) {
    if (!detail::is_sound_text(text_)) {
      detail::log_text_must_be_1_to_256_printable_ascii_with_balanced_braces();
    }
  }
  [[nodiscard]] constexpr std::string_view view() const noexcept { return text_; }

 private:
  std::string_view text_;
};

// The name of a value: a literal in snake_case. `ts`, `level`, `msg` and `cut` are the line's own.
class FieldName {
 public:
  template <std::size_t kSize>
  // NOLINTNEXTLINE(google-explicit-constructor): a literal is one
  consteval FieldName(const char (&name)[kSize]) : name_(name, kSize - 1) {
    if (!detail::is_sound_name(name_)) {
      detail::field_name_must_be_lower_case_with_underscores_and_not_ts_level_msg_cut();
    }
  }
  [[nodiscard]] constexpr std::string_view view() const noexcept { return name_; }

 private:
  std::string_view name_;
};

// Durations are text for people (`1.5s`) and seconds in JSON (1.5); errors and addresses are texts.
using FieldValue = std::variant<std::string_view, std::int64_t, std::uint64_t, bool, double,
                                Duration, Error, base::IpAddress, base::SocketAddress>;

// A view: valid until the end of the logging call it is made for.
struct Field {
  std::string_view name;
  FieldValue value;
};

// The value's own type chooses the arm, so that a pointer never becomes a bool and a char never a
// number.
template <class T>
[[nodiscard]] Field field(FieldName name, const T& value) noexcept {
  if constexpr (std::convertible_to<const T&, std::string_view>) {
    return {name.view(), FieldValue(std::string_view(value))};
  } else if constexpr (std::same_as<T, bool>) {
    return {name.view(), FieldValue(std::in_place_type<bool>, value)};
  } else if constexpr (std::signed_integral<T> && !std::same_as<T, char>) {
    return {name.view(), FieldValue(std::in_place_type<std::int64_t>, value)};
  } else if constexpr (std::unsigned_integral<T> && !std::same_as<T, char>) {
    return {name.view(), FieldValue(std::in_place_type<std::uint64_t>, value)};
  } else if constexpr (std::floating_point<T>) {
    return {name.view(), FieldValue(std::in_place_type<double>, value)};
  } else if constexpr (std::convertible_to<const T&, Duration>) {
    return {name.view(), FieldValue(std::in_place_type<Duration>, value)};
  } else {
    return {name.view(), FieldValue(std::in_place_type<T>, value)};
  }
}

}  // namespace causeway::observe
