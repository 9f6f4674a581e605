// SPDX-License-Identifier: Apache-2.0
#include "control/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "control/source_text.h"

namespace causeway::control {
namespace {

struct CodeInfo {
  Code code;
  std::string_view name;
  Severity severity;
};

constexpr std::array<CodeInfo, kCodeCount> kCodes = {{
    {Code::unreadable, "unreadable", Severity::error},
    {Code::syntax, "syntax", Severity::error},
    {Code::too_large, "too-large", Severity::error},
    {Code::too_deep, "too-deep", Severity::error},
    {Code::duplicate_key, "duplicate-key", Severity::error},
    {Code::unset_variable, "unset-variable", Severity::error},
    {Code::unknown_key, "unknown-key", Severity::error},
    {Code::missing_key, "missing-key", Severity::error},
    {Code::conflicting_keys, "conflicting-keys", Severity::error},
    {Code::wrong_type, "wrong-type", Severity::error},
    {Code::bad_value, "bad-value", Severity::error},
    {Code::bad_unit, "bad-unit", Severity::error},
    {Code::out_of_range, "out-of-range", Severity::error},
    {Code::duplicate_name, "duplicate-name", Severity::error},
    {Code::dangling_name, "dangling-name", Severity::error},
    {Code::port_clash, "port-clash", Severity::error},
    {Code::self_forward, "self-forward", Severity::error},
    {Code::endpoint_conflict, "endpoint-conflict", Severity::error},
    {Code::unreachable_route, "unreachable-route", Severity::error},
    {Code::no_default_route, "no-default-route", Severity::warning},
    {Code::unused_pool, "unused-pool", Severity::warning},
    {Code::no_effect, "no-effect", Severity::warning},
}};

static_assert([] {
  for (std::size_t i = 0; i < kCodes.size(); ++i) {
    if (kCodes[i].code != static_cast<Code>(i)) return false;
  }
  return true;
}());

constexpr std::size_t kLineCharactersMax =
    160;                                     // of the quoted line; longer ones are cut to a window
constexpr std::size_t kBeforeCaretMax = 60;  // characters of such a window before the caret
constexpr std::size_t kMessageCharactersMax = 400;

// A quoted line cut to what fits, and how far the caret is from its beginning.
struct Excerpt {
  std::string text;
  std::size_t caret = 0;
  std::size_t length = 1;
};

// Byte offset of the character with index `wanted`.
std::size_t byte_of(std::string_view text, std::size_t wanted) noexcept {
  std::size_t offset = 0;
  for (std::size_t at = 0; at < wanted && offset < text.size(); ++at) {
    ++offset;
    while (offset < text.size() && (static_cast<unsigned char>(text[offset]) & 0xc0U) == 0x80U) {
      ++offset;
    }
  }
  return offset;
}

Excerpt excerpt_of(std::string_view line, const Place& place) {
  const std::size_t characters = count_characters(line);
  const std::size_t column = place.column > 0 ? place.column - 1U : 0U;
  std::size_t first = 0;
  if (characters > kLineCharactersMax && column > kBeforeCaretMax) first = column - kBeforeCaretMax;
  const std::size_t last = std::min(characters, first + kLineCharactersMax);

  Excerpt excerpt;
  const std::size_t begin = byte_of(line, first);
  const std::size_t end = begin + byte_of(line.substr(begin), last - first);
  excerpt.text = printable(line.substr(begin, end - begin));
  excerpt.caret = column - first;
  if (first > 0) {
    excerpt.text.insert(0, "...");
    excerpt.caret += 3;
  }
  if (last < characters) excerpt.text += "...";
  const std::size_t room = last > column ? last - column : 1;
  excerpt.length = std::clamp<std::size_t>(place.length, 1, std::max<std::size_t>(room, 1));
  return excerpt;
}

// Escape sequences of the terminal, all empty when colours are off.
struct Paint {
  std::string_view error;
  std::string_view warning;
  std::string_view strong;
  std::string_view caret;
  std::string_view off;
};

constexpr Paint kPlain = {};
constexpr Paint kColours = {.error = "\x1b[1;31m",
                            .warning = "\x1b[1;35m",
                            .strong = "\x1b[1m",
                            .caret = "\x1b[1;32m",
                            .off = "\x1b[0m"};

std::string shortened(std::string_view text) {
  const std::size_t end = byte_of(text, kMessageCharactersMax);
  std::string kept = printable(text.substr(0, end));
  if (end < text.size()) kept += "...";
  return kept;
}

void render_one(std::string& out, const Diagnostic& what, const Sources& sources,
                const Paint& paint) {
  const bool is_error = severity_of(what.code) == Severity::error;
  fmt::format_to(std::back_inserter(out), "{}{}:{} {}{}[{}]:{} {}\n", paint.strong,
                 printable(sources.to_text(what.place)), paint.off,
                 is_error ? paint.error : paint.warning, is_error ? "error" : "warning",
                 name_of(what.code), paint.off, shortened(what.message));
  if (what.place.line > 0 && !what.hides_line) {
    const auto excerpt =
        excerpt_of(sources.at(what.place.source).line(what.place.line), what.place);
    fmt::format_to(std::back_inserter(out), "{:>4} | {}\n", what.place.line, excerpt.text);
    fmt::format_to(std::back_inserter(out), "     | {:{}}{}^{:~<{}}{}\n", "", excerpt.caret,
                   paint.caret, "", excerpt.length - 1, paint.off);
  }
  if (what.note) {
    fmt::format_to(std::back_inserter(out), "  note: {}: {}\n", shortened(what.note->text),
                   printable(sources.to_text(what.note->place)));
  }
  if (!what.hint.empty()) {
    fmt::format_to(std::back_inserter(out), "  hint: {}\n", shortened(what.hint));
  }
}

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace

std::string_view name_of(Code code) noexcept { return kCodes[static_cast<std::size_t>(code)].name; }

Severity severity_of(Code code) noexcept { return kCodes[static_cast<std::size_t>(code)].severity; }

void Diagnostics::add(Diagnostic diagnostic) {
  auto& count = severity_of(diagnostic.code) == Severity::error ? errors_ : warnings_;
  ++count;
  if (is_full()) return;
  diagnostic.found = static_cast<std::uint32_t>(kept_.size());
  kept_.push_back(std::move(diagnostic));
}

void Diagnostics::sort() {
  std::ranges::sort(kept_, {}, [](const Diagnostic& d) {
    return std::tuple(d.place.source, d.place.line, d.place.column, d.found);
  });
}

std::string render(const Diagnostics& diagnostics, const Sources& sources, Colour colour) {
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    render_one(out, diagnostic, sources, colour == Colour::on ? kColours : kPlain);
  }
  const std::size_t total = diagnostics.errors() + diagnostics.warnings();
  if (total > diagnostics.all().size()) {
    fmt::format_to(std::back_inserter(out), "... and {} more\n", total - diagnostics.all().size());
  }
  return out;
}

std::string summarize(const Diagnostics& diagnostics) {
  std::string text;
  if (diagnostics.errors() > 0) text = counted(diagnostics.errors(), "error");
  if (diagnostics.warnings() > 0) {
    if (!text.empty()) text += ", ";
    text += counted(diagnostics.warnings(), "warning");
  }
  return text;
}

std::string printable(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = character_bytes(text);
    const auto character = text.substr(0, size == 0 ? 1 : size);
    text.remove_prefix(character.size());
    const auto first = static_cast<unsigned char>(character.front());
    // U+0080 to U+009F are controls too; in UTF-8 they are C2 followed by the value.
    const bool is_c1 = first == 0xc2 && static_cast<unsigned char>(character.back()) < 0xa0;
    if (character == "\t") {
      safe.push_back(' ');
    } else if (size == 0 || first < 0x20 || first == 0x7f || is_c1) {
      safe.push_back('?');
    } else {
      safe.append(character);
    }
  }
  return safe;
}

}  // namespace causeway::control
