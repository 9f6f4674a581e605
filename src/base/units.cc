// SPDX-License-Identifier: Apache-2.0
#include "base/units.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/number.h"
#include "base/result.h"
#include "base/time.h"

namespace causeway::base {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t size;
};

constexpr std::array<Unit, 7> kDurationUnits = {{
    {"d", 86'400'000'000'000U},
    {"h", 3'600'000'000'000U},
    {"m", 60'000'000'000U},
    {"s", 1'000'000'000U},
    {"ms", 1'000'000U},
    {"us", 1'000U},
    {"ns", 1U},
}};

constexpr std::array<Unit, 5> kBinaryUnits = {{
    {"TiB", 1ULL << 40U},
    {"GiB", 1ULL << 30U},
    {"MiB", 1ULL << 20U},
    {"KiB", 1ULL << 10U},
    {"B", 1U},
}};

constexpr std::array<Unit, 4> kDecimalUnits = {{
    {"TB", 1'000'000'000'000U},
    {"GB", 1'000'000'000U},
    {"MB", 1'000'000U},
    {"KB", 1'000U},
}};

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// Takes the leading bytes that are (or are not) digits off `text`.
std::string_view take_while_digit(std::string_view& text, bool wanted) noexcept {
  std::size_t size = 0;
  while (size < text.size() && is_digit(text[size]) == wanted) ++size;
  const auto taken = text.substr(0, size);
  text.remove_prefix(size);
  return taken;
}

// `whole` of `unit` and the decimal `fraction` of one more, which must come to whole nanoseconds.
Result<std::uint64_t> term_ns(std::string_view whole, std::string_view fraction,
                              std::uint64_t unit) {
  const auto count = parse_number<std::uint64_t>(whole);
  if (!count) return fail(count);
  std::uint64_t total = 0;
  if (__builtin_mul_overflow(*count, unit, &total)) return fail(Errc::out_of_range);

  std::uint64_t part = 0;  // below one unit, so it cannot overflow
  for (const char digit : fraction) {
    if (unit % 10 != 0) return fail(Errc::bad_syntax, Side::none, "finer than a nanosecond");
    unit /= 10;
    part += static_cast<std::uint64_t>(digit - '0') * unit;
  }
  if (__builtin_add_overflow(total, part, &total)) return fail(Errc::out_of_range);
  return total;
}

// The index of the unit called `name` at or after `from`, or the end.
std::size_t find_duration_unit(std::string_view name, std::size_t from) noexcept {
  while (from < kDurationUnits.size() && kDurationUnits[from].name != name) ++from;
  return from;
}

// `total_ns` in one term of `unit`: "90s", "1.5h"; empty when that would begin with "0.".
std::string one_term(std::uint64_t total_ns, const Unit& unit) {
  const std::uint64_t whole = total_ns / unit.size;
  std::uint64_t rest = total_ns % unit.size;
  if (whole == 0) return {};
  std::string text = fmt::format("{}", whole);
  if (rest != 0) text.push_back('.');
  for (std::uint64_t place = unit.size; rest != 0;) {
    if (place % 10 != 0) return {};  // no finite spelling that parse_duration would take
    place /= 10;
    text.push_back(static_cast<char>('0' + rest / place));
    rest %= place;
  }
  return text.append(unit.name);
}

// `total_ns` without fractions: "1h30m".
std::string all_terms(std::uint64_t total_ns) {
  std::string text;
  for (const Unit& unit : kDurationUnits) {
    if (total_ns < unit.size) continue;
    text.append(fmt::format("{}{}", total_ns / unit.size, unit.name));
    total_ns %= unit.size;
  }
  return text;
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  if (text == "0") return Duration::zero();
  if (text.empty()) return fail(Errc::bad_syntax, Side::none, "a duration is a number and a unit");

  std::uint64_t total_ns = 0;
  bool has_fraction = false;
  std::size_t next_unit = 0;
  for (auto left = text; !left.empty();) {
    const bool is_first = left.size() == text.size();
    const auto whole = take_while_digit(left, true);
    std::string_view fraction;
    if (left.starts_with('.')) {
      left.remove_prefix(1);
      fraction = take_while_digit(left, true);
      if (fraction.empty()) return fail(Errc::bad_syntax, Side::none, "a digit follows the point");
      has_fraction = true;
    }
    const auto unit = find_duration_unit(take_while_digit(left, false), next_unit);
    if (unit == kDurationUnits.size()) {
      return fail(Errc::bad_syntax, Side::none,
                  "units are d h m s ms us ns, from large to small, each once");
    }
    if (has_fraction && !(is_first && left.empty())) {
      return fail(Errc::bad_syntax, Side::none, "a fraction stands alone, as in 1.5s");
    }
    const auto term = term_ns(whole, fraction, kDurationUnits[unit].size);
    if (!term) return fail(term);
    if (__builtin_add_overflow(total_ns, *term, &total_ns)) return fail(Errc::out_of_range);
    next_unit = unit + 1;
  }
  if (total_ns > static_cast<std::uint64_t>(std::numeric_limits<Duration::rep>::max())) {
    return fail(Errc::out_of_range);
  }
  return Duration(static_cast<Duration::rep>(total_ns));
}

std::string format_duration(Duration duration) {
  if (duration == Duration::zero()) return "0s";
  const bool is_negative = duration < Duration::zero();
  const auto count = static_cast<std::uint64_t>(duration.count());
  const std::uint64_t total_ns = is_negative ? 0 - count : count;  // also right for the least int64

  std::string shortest = all_terms(total_ns);
  for (const Unit& unit : kDurationUnits) {
    std::string candidate = one_term(total_ns, unit);
    if (!candidate.empty() && candidate.size() <= shortest.size()) shortest = std::move(candidate);
  }
  return is_negative ? "-" + shortest : shortest;
}

Result<std::uint64_t> parse_size(std::string_view text) {
  auto name = text;
  const auto digits = take_while_digit(name, true);
  const auto count = parse_number<std::uint64_t>(digits);
  if (!count) return fail(count);

  std::uint64_t unit = name.empty() ? 1 : 0;
  for (const Unit& known : kBinaryUnits) {
    if (name == known.name) unit = known.size;
  }
  for (const Unit& known : kDecimalUnits) {
    if (name == known.name) unit = known.size;
  }
  if (unit == 0) {
    return fail(Errc::bad_syntax, Side::none, "units are B, KiB MiB GiB TiB and KB MB GB TB");
  }
  std::uint64_t total = 0;
  if (__builtin_mul_overflow(*count, unit, &total)) return fail(Errc::out_of_range);
  return total;
}

std::string format_size(std::uint64_t bytes) {
  for (const Unit& unit : kBinaryUnits) {
    if (bytes != 0 && bytes % unit.size == 0)
      return fmt::format("{}{}", bytes / unit.size, unit.name);
  }
  return "0B";
}

}  // namespace causeway::base
