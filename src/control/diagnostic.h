// SPDX-License-Identifier: Apache-2.0
// What is wrong with a configuration, said the way compilers say it. Diagnostics collects
// everything that one pass finds, up to a bound, and renders it; it decides nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/source_text.h"

namespace causeway::control {

// The closed list of what a check can find. docs/configuration.md explains each.
enum class Code : std::uint8_t {
  unreadable,
  syntax,
  too_large,
  too_deep,
  duplicate_key,
  unset_variable,
  unknown_key,
  missing_key,
  conflicting_keys,
  wrong_type,
  bad_value,
  bad_unit,
  out_of_range,
  duplicate_name,
  dangling_name,
  port_clash,
  self_forward,
  endpoint_conflict,
  unreachable_route,
  no_default_route,
  unused_pool,
  no_effect,
};

inline constexpr std::size_t kCodeCount = static_cast<std::size_t>(Code::no_effect) + 1;

enum class Severity : std::uint8_t { warning, error };

// "unknown-key"; static lifetime.
[[nodiscard]] std::string_view name_of(Code code) noexcept;
// A code always has the same severity.
[[nodiscard]] Severity severity_of(Code code) noexcept;

// A second place that a diagnostic speaks of: "first defined here".
struct Note {
  std::string text;
  Place place;
};

struct Diagnostic {
  Code code = Code::syntax;
  Place place;
  std::string message;
  std::string hint = {};
  std::optional<Note> note = std::nullopt;
  bool hides_line = false;  // the line holds a secret
  std::uint32_t found = 0;  // its turn; set by Diagnostics
};

inline constexpr std::size_t kDiagnosticsMax = 100;  // kept and printed; the rest is counted

class Diagnostics {
 public:
  void add(Diagnostic diagnostic);

  // True when one more would only be counted: whoever would spend work on a hint need not.
  [[nodiscard]] bool is_full() const noexcept { return kept_.size() >= kDiagnosticsMax; }
  [[nodiscard]] bool has_errors() const noexcept { return errors_ > 0; }
  [[nodiscard]] std::size_t errors() const noexcept { return errors_; }
  [[nodiscard]] std::size_t warnings() const noexcept { return warnings_; }
  // In the order of the sources once sort() was called.
  [[nodiscard]] std::span<const Diagnostic> all() const noexcept { return kept_; }
  // By place, so that the report reads from top to bottom.
  void sort();

 private:
  std::vector<Diagnostic> kept_;
  std::size_t errors_ = 0;
  std::size_t warnings_ = 0;
};

enum class Colour : std::uint8_t { off, on };

// The whole report, each diagnostic with its line and a caret. Control characters of the document
// never reach the terminal.
[[nodiscard]] std::string render(const Diagnostics& diagnostics, const Sources& sources,
                                 Colour colour);

// "2 errors, 1 warning", or "1 warning", or empty when there is nothing.
[[nodiscard]] std::string summarize(const Diagnostics& diagnostics);

// `text` with what a terminal would obey replaced: safe to print, one line.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace causeway::control
