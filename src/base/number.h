// SPDX-License-Identifier: Apache-2.0
// Numbers from text, strictly: the whole text, decimal digits only, no sign unless the type has
// one, no white space, no leading '+', and never a silent wrap.
#pragma once

#include <charconv>
#include <concepts>
#include <string_view>
#include <system_error>

#include "base/result.h"

namespace causeway::base {

// Errors: bad_syntax when `text` is not a number from end to end, out_of_range when it does not
// fit.
template <std::integral T>
[[nodiscard]] Result<T> parse_number(std::string_view text) noexcept {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, value);
  if (problem == std::errc::result_out_of_range) return fail(Errc::out_of_range);
  if (problem != std::errc{} || stop != end) return fail(Errc::bad_syntax);
  return value;
}

// The same, with bounds of the caller's.
template <std::integral T>
[[nodiscard]] Result<T> parse_number(std::string_view text, T min, T max) noexcept {
  const auto value = parse_number<T>(text);
  if (value && (*value < min || *value > max)) return fail(Errc::out_of_range);
  return value;
}

}  // namespace causeway::base
