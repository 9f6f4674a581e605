// SPDX-License-Identifier: Apache-2.0
#include "control/source_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace causeway::control {
namespace {

constexpr std::size_t kStride = 256;  // characters
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

constexpr bool is_continuation(unsigned char byte) noexcept { return (byte & 0xc0U) == 0x80U; }

}  // namespace

SourceText::SourceText(std::string name, std::string text)
    : name_(std::move(name)), text_(std::move(text)) {
  if (text_.starts_with(kByteOrderMark)) text_.erase(0, kByteOrderMark.size());
  line_starts_.push_back(0);
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') line_starts_.push_back(i + 1);
    if (is_continuation(static_cast<unsigned char>(text_[i]))) continue;
    if (characters % kStride == 0) strides_.push_back(i);
    ++characters;
  }
}

std::string_view SourceText::line(std::uint32_t number) const noexcept {
  if (number == 0 || number > line_starts_.size()) return {};
  const std::size_t start = line_starts_[number - 1];
  const std::size_t end = number < line_starts_.size() ? line_starts_[number] - 1 : text_.size();
  std::string_view found = text();
  found = found.substr(start, end - start);
  if (found.ends_with('\r')) found.remove_suffix(1);
  return found;
}

std::size_t SourceText::characters_before(std::size_t offset) const noexcept {
  const auto after = std::ranges::upper_bound(strides_, offset);
  if (after == strides_.begin()) return 0;
  const auto stride = static_cast<std::size_t>(after - strides_.begin()) - 1;
  const std::size_t from = strides_[stride];
  return stride * kStride + count_characters(text().substr(from, offset - from));
}

Place SourceText::place_at(std::size_t offset, std::uint32_t source) const noexcept {
  offset = std::min(offset, text_.size());
  const auto after = std::ranges::upper_bound(line_starts_, offset);
  const auto number = static_cast<std::size_t>(after - line_starts_.begin());
  const std::size_t before =
      characters_before(offset) - characters_before(line_starts_[number - 1]);
  return {.source = source,
          .line = static_cast<std::uint32_t>(number),
          .column = static_cast<std::uint32_t>(before + 1)};
}

std::size_t SourceText::offset_of(std::uint32_t line, std::uint32_t column) const noexcept {
  if (line == 0 || column == 0) return 0;
  if (line > line_starts_.size()) return text_.size();
  const std::size_t wanted = characters_before(line_starts_[line - 1]) + column - 1;
  if (wanted / kStride >= strides_.size()) return text_.size();
  std::size_t offset = strides_[wanted / kStride];
  for (std::size_t left = wanted % kStride; left > 0 && offset < text_.size(); --left) {
    ++offset;
    while (offset < text_.size() && is_continuation(static_cast<unsigned char>(text_[offset]))) {
      ++offset;
    }
  }
  return offset;
}

Sources::Sources() { add("default"); }

std::uint32_t Sources::add(std::string name, std::string text) {
  all_.emplace_back(std::move(name), std::move(text));
  return static_cast<std::uint32_t>(all_.size() - 1);
}

std::string Sources::to_text(const Place& place) const {
  const std::string& name = at(place.source).name();
  return place.line == 0 ? name : fmt::format("{}:{}:{}", name, place.line, place.column);
}

// RFC 3629 section 4.
std::size_t character_bytes(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  std::size_t size = 0;
  unsigned char second_min = 0x80;
  unsigned char second_max = 0xbf;
  if (lead >= 0xc2 && lead <= 0xdf) {
    size = 2;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    size = 3;
    if (lead == 0xe0) second_min = 0xa0;  // shorter forms exist
    if (lead == 0xed) second_max = 0x9f;  // surrogates
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    size = 4;
    if (lead == 0xf0) second_min = 0x90;
    if (lead == 0xf4) second_max = 0x8f;  // beyond U+10FFFF
  }
  if (size == 0 || text.size() < size) return 0;
  if (byte(1) < second_min || byte(1) > second_max) return 0;
  for (std::size_t i = 2; i < size; ++i) {
    if (!is_continuation(byte(i))) return 0;
  }
  return size;
}

std::optional<TextProblem> find_text_problem(std::string_view text) noexcept {
  for (std::size_t offset = 0; offset < text.size();) {
    if (text[offset] == '\0') return TextProblem{offset, "a NUL byte in the text"};
    const std::size_t size = character_bytes(text.substr(offset));
    if (size == 0) return TextProblem{offset, "the text is not UTF-8"};
    offset += size;
  }
  return std::nullopt;
}

std::size_t count_characters(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return !is_continuation(static_cast<unsigned char>(c)); }));
}

}  // namespace causeway::control
