// SPDX-License-Identifier: Apache-2.0
#include "control/json_reader.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "control/diagnostic.h"
#include "control/document.h"
#include "control/source_text.h"
#include "control/tree_builder.h"

// NOLINTBEGIN(misc-include-cleaner): nlohmann/json.hpp is the one header that it wants included
namespace causeway::control {
namespace {

using Json = nlohmann::json;

// Takes nlohmann's events, which come in the order of the text but say nothing of where. So a
// cursor walks the same text beside them: whenever an event arrives the parser has found its token
// well formed, and what lies between the last token and this one is white space, commas and colons.
class Events final : public nlohmann::json_sax<Json> {
 public:
  Events(TreeBuilder& builder, std::string_view text) : builder_(builder), text_(text) {}

  bool null() override { return scalar(Node::Kind::null, {}); }
  bool boolean(bool value) override {
    return scalar(Node::Kind::boolean, value ? "true" : "false");
  }
  bool number_integer(std::int64_t value) override {
    return scalar(Node::Kind::number, fmt::format("{}", value));
  }
  bool number_unsigned(std::uint64_t value) override {
    return scalar(Node::Kind::number, fmt::format("{}", value));
  }
  bool number_float(double /*value*/, const std::string& as_written) override {
    return scalar(Node::Kind::number, as_written);
  }
  bool string(std::string& value) override { return scalar(Node::Kind::string, std::move(value)); }
  bool binary(Json::binary_t& /*value*/) override { return false; }  // not in JSON

  bool start_object(std::size_t /*count*/) override {
    builder_.begin_map(take_token());
    return !builder_.has_stopped();
  }
  bool start_array(std::size_t /*count*/) override {
    builder_.begin_list(take_token());
    return !builder_.has_stopped();
  }
  bool key(std::string& text) override {
    builder_.key(std::move(text), take_token());
    return !builder_.has_stopped();
  }
  bool end_object() override { return end(); }
  bool end_array() override { return end(); }

  bool parse_error(std::size_t position, const std::string& /*last_token*/,
                   const nlohmann::detail::exception& problem) override {
    // "[json.exception.parse_error.101] parse error at line 3, column 9: syntax error while ..."
    std::string_view what = problem.what();
    const auto colon = what.find(": ");
    if (colon != std::string_view::npos) what.remove_prefix(colon + 2);
    builder_.fail(Code::syntax, position == 0 ? 0 : position - 1, std::string(what));
    return false;
  }

 private:
  bool scalar(Node::Kind kind, std::string value) {
    builder_.scalar(kind, std::move(value), take_token());
    return !builder_.has_stopped();
  }

  bool end() {
    (void)take_token();
    builder_.end();
    return !builder_.has_stopped();
  }

  // The offset of the next token; the cursor moves past it.
  std::size_t take_token() {
    while (cursor_ < text_.size() && is_between(text_[cursor_])) ++cursor_;
    const std::size_t start = cursor_;
    if (cursor_ >= text_.size()) return start;
    const char first = text_[cursor_++];
    if (first == '"') {
      skip_string();
    } else if (first != '{' && first != '}' && first != '[' && first != ']') {
      while (cursor_ < text_.size() && !is_between(text_[cursor_]) && text_[cursor_] != ']' &&
             text_[cursor_] != '}') {
        ++cursor_;
      }
    }
    return start;
  }

  void skip_string() {
    while (cursor_ < text_.size() && text_[cursor_] != '"') {
      cursor_ += text_[cursor_] == '\\' ? 2 : 1;
    }
    ++cursor_;
  }

  static bool is_between(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',' || c == ':';
  }

  TreeBuilder& builder_;
  std::string_view text_;
  std::size_t cursor_ = 0;
};

}  // namespace

std::optional<Node> read_json(const Sources& sources, std::uint32_t source,
                              Diagnostics& diagnostics) {
  TreeBuilder builder(sources, source, diagnostics);
  const auto text = sources.at(source).text();
  try {
    Events events(builder, text);
    if (!Json::sax_parse(text.begin(), text.end(), &events)) return std::nullopt;
  } catch (const std::exception&) {
    builder.fail(Code::syntax, 0, "the text is not JSON");
  }
  return builder.take();
}

}  // namespace causeway::control
// NOLINTEND(misc-include-cleaner)
