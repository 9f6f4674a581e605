// SPDX-License-Identifier: Apache-2.0
#include "base/host_name.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace causeway::base {
namespace {

constexpr std::size_t kLabelBytesMax = 63;

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

constexpr bool is_label_byte(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '_';
}

bool is_label(std::string_view label) noexcept {
  return !label.empty() && label.size() <= kLabelBytesMax && label.front() != '-' &&
         label.back() != '-' && std::ranges::all_of(label, is_label_byte);
}

}  // namespace

bool is_host_name(std::string_view text) noexcept {
  if (text.size() > kHostNameBytesMax) return false;
  for (;;) {
    const auto dot = text.find('.');
    const auto label = text.substr(0, dot);
    if (!is_label(label)) return false;
    if (dot == std::string_view::npos) return !std::ranges::all_of(label, is_digit);
    text.remove_prefix(dot + 1);
  }
}

}  // namespace causeway::base
