// SPDX-License-Identifier: Apache-2.0
// The texts that a configuration is made of, and places in them. A source is a file, an environment
// variable or the command line; only the first has lines. Sources outlive every Place into them and
// live on the control thread. Nothing is parsed here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace causeway::control {

// Where a key or a value stands. Lines and columns are counted from 1, columns in characters; line
// 0 means the source as a whole, which is all that can be said of a variable or a flag.
struct Place {
  std::uint32_t source = 0;  // index in Sources; 0 is the defaults built into the program
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t length = 1;  // characters on that line, for the caret

  [[nodiscard]] bool is_default() const noexcept { return source == 0; }
};

// One text, with the beginnings of its lines. The text is UTF-8; a byte order mark is not part of
// it.
class SourceText {
 public:
  SourceText(std::string name, std::string text);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::string_view text() const noexcept { return text_; }
  // Without its line end; empty when there is no such line. Valid as long as the SourceText.
  [[nodiscard]] std::string_view line(std::uint32_t number) const noexcept;
  // The place of the character at byte `offset`; an offset beyond the end is the end.
  [[nodiscard]] Place place_at(std::size_t offset, std::uint32_t source) const noexcept;
  // The byte at which the character at `line` and `column` begins, both from 1.
  [[nodiscard]] std::size_t offset_of(std::uint32_t line, std::uint32_t column) const noexcept;

 private:
  [[nodiscard]] std::size_t characters_before(std::size_t offset) const noexcept;

  std::string name_;
  std::string text_;
  std::vector<std::size_t> line_starts_;
  // The byte offset of every kStride-th character: a document may be one line of a mebibyte, and
  // counting from its beginning for each of its values would be quadratic.
  std::vector<std::size_t> strides_;
};

class Sources {
 public:
  Sources();

  // Returns the index for Place::source. `text` is empty for a variable or the command line.
  std::uint32_t add(std::string name, std::string text = {});
  [[nodiscard]] const SourceText& at(std::uint32_t source) const { return all_.at(source); }
  // "gateway.yaml:7:15", or "gateway.yaml" when the place has no line.
  [[nodiscard]] std::string to_text(const Place& place) const;

 private:
  std::vector<SourceText> all_;
};

// What makes a text no text at all, and where.
struct TextProblem {
  std::size_t offset = 0;
  std::string_view what;  // static lifetime
};

// Looks for NUL bytes and for what is not UTF-8 (RFC 3629: no overlong forms, no surrogates).
[[nodiscard]] std::optional<TextProblem> find_text_problem(std::string_view text) noexcept;

// The bytes of the character that begins `text`, which is not empty; 0 when it is not UTF-8.
[[nodiscard]] std::size_t character_bytes(std::string_view text) noexcept;

// How many characters the UTF-8 text has; each stray byte counts as one.
[[nodiscard]] std::size_t count_characters(std::string_view text) noexcept;

}  // namespace causeway::control
