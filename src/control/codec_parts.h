// SPDX-License-Identifier: Apache-2.0
// What the codecs of single values share: taking the text of a scalar, saying what was expected,
// and the pieces of their JSON Schemas. For the codecs of this folder only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "control/codec.h"
#include "control/document.h"

namespace causeway::control {

template <class T>
struct Range {
  T min = 0;
  T max = std::numeric_limits<T>::max();
};

namespace detail {

// Which scalars a codec has a use for; what came from a variable or a flag always fits.
enum class Takes : std::uint8_t { text, number, text_or_number };

// The text of the scalar, or nullptr when it does not fit, which has then been reported; `wanted`
// says what was expected: "a duration such as `10s`". Valid as long as the node.
[[nodiscard]] const std::string* scalar_text(const Node& node, Takes takes, std::string_view wanted,
                                             Reader& reader);

[[nodiscard]] bool is_digits(std::string_view text) noexcept;

// "`tcp` or `udp`".
[[nodiscard]] std::string word_list(const std::vector<std::string_view>& words);
// `all` says what else than words there is: "`auto` or a number".
void report_unknown_word(const Node& node, const std::vector<std::string_view>& words,
                         Reader& reader, std::string_view all = {});
[[nodiscard]] bool check_list(const Node& node, Range<std::size_t> range, Reader& reader);

// Pieces of JSON Schema. Text may always hold a variable instead.
[[nodiscard]] Node typed(std::string_view type);
[[nodiscard]] Node any_of(std::vector<Node> forms);
[[nodiscard]] Node variable_schema();
[[nodiscard]] Node text_schema(std::string_view pattern);
[[nodiscard]] Node number_schema(std::uint64_t min, std::uint64_t max);
[[nodiscard]] Node word_schema(const std::vector<std::string_view>& words);
[[nodiscard]] Node list_schema(Node item, Range<std::size_t> range, bool takes_scalar);

}  // namespace detail
}  // namespace causeway::control
