// SPDX-License-Identifier: Apache-2.0
// The codecs of numbers, sizes, durations and the like.
#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/number.h"
#include "base/time.h"
#include "base/units.h"
#include "control/codec.h"
#include "control/codec_parts.h"
#include "control/codecs.h"
#include "control/diagnostic.h"
#include "control/document.h"
#include "model/snapshot.h"

namespace causeway::control {
namespace {

using detail::any_of;
using detail::is_digits;
using detail::number_schema;
using detail::scalar_text;
using detail::Takes;
using detail::text_schema;
using detail::typed;
using detail::variable_schema;

constexpr std::uint32_t kModeMax = 0777;
constexpr std::uint64_t kModeDigitsMax = 777;  // octal digits, as a number of JSON has them
constexpr std::uint32_t kCoreMax = 4095;
constexpr std::size_t kCoresMax = 4096;

template <class T, class Show>
bool in_range(const Node& node, T value, Range<T> range, Show show, Reader& reader) {
  if (value >= range.min && value <= range.max) return true;
  reader.report(Code::out_of_range, node,
                fmt::format("`{}` is {}; it may be {} to {}", reader.key, show(value),
                            show(range.min), show(range.max)));
  return false;
}

// Whole numbers in one spelling: `010` is eight to some readers of YAML and ten to others.
template <class T>
bool read_count(const Node& node, Range<T> range, T& value, Reader& reader) {
  const auto* text = scalar_text(node, Takes::number, "a whole number", reader);
  if (text == nullptr) return false;
  const auto show = [](T number) { return fmt::format("{}", number); };
  if (!is_digits(*text) || (text->size() > 1 && text->front() == '0')) {
    const bool is_negative = text->starts_with('-') && is_digits(std::string_view(*text).substr(1));
    reader.report(is_negative ? Code::out_of_range : Code::bad_value, node,
                  fmt::format("`{}` takes a whole number, not `{}`", reader.key, *text),
                  is_negative ? fmt::format("it may be {} to {}", range.min, range.max)
                              : "write it in decimal digits, without leading zeros");
    return false;
  }
  const auto number = base::parse_number<T>(*text);
  if (!number) {
    reader.report(
        Code::out_of_range, node,
        fmt::format("`{}` is {}; it may be {} to {}", reader.key, *text, range.min, range.max));
    return false;
  }
  if (!in_range(node, *number, range, show, reader)) return false;
  value = *number;
  return true;
}

template <class T>
class CountCodec final : public ValueCodec<T> {
 public:
  explicit CountCodec(Range<T> range) : range_(range) {}
  bool decode(const Node& node, T& value, Reader& reader) const override {
    return read_count(node, range_, value, reader);
  }
  [[nodiscard]] Node encode(const T& value) const override { return number_node(value); }
  [[nodiscard]] Node schema() const override {
    return any_of({number_schema(range_.min, range_.max), variable_schema()});
  }
  [[nodiscard]] std::string kind() const override {
    if (range_.max == std::numeric_limits<T>::max()) return "number";
    return fmt::format("number, {} to {}", range_.min, range_.max);
  }

 private:
  Range<T> range_;
};

class AutomaticCountCodec final : public ValueCodec<std::uint32_t> {
 public:
  explicit AutomaticCountCodec(Range<std::uint32_t> range) : range_(range) {}
  bool decode(const Node& node, std::uint32_t& value, Reader& reader) const override {
    if (node.kind == Node::Kind::string && node.text == "auto") {
      value = 0;
      return true;
    }
    if (node.kind == Node::Kind::string && !node.is_untyped && !is_digits(node.text)) {
      detail::report_unknown_word(node, {"auto"}, reader, "`auto` or a number");
      return false;
    }
    return read_count(node, range_, value, reader);
  }
  [[nodiscard]] Node encode(const std::uint32_t& value) const override {
    return value == 0 ? string_node("auto") : number_node(value);
  }
  [[nodiscard]] Node schema() const override {
    return any_of({number_schema(range_.min, range_.max), text_schema("^auto$")});
  }
  [[nodiscard]] std::string kind() const override {
    return fmt::format("`auto` or number, {} to {}", range_.min, range_.max);
  }

 private:
  Range<std::uint32_t> range_;
};

template <class T>
class SizeCodec final : public ValueCodec<T> {
 public:
  explicit SizeCodec(Range<T> range) : range_(range) {}
  bool decode(const Node& node, T& value, Reader& reader) const override {
    const auto* text = scalar_text(node, Takes::text_or_number, "a size such as `64KiB`", reader);
    if (text == nullptr) return false;
    const auto bytes = base::parse_size(*text);
    if (!bytes && bytes.error().code == Errc::out_of_range) {
      reader.report(Code::out_of_range, node, fmt::format("`{}` is too large a size", *text));
      return false;
    }
    if (!bytes) {
      const bool has_number = !text->empty() && is_digits(text->substr(0, 1));
      reader.report(has_number ? Code::bad_unit : Code::bad_value, node,
                    fmt::format("`{}` is not a size", *text),
                    "units are B, KiB MiB GiB TiB (1024) and KB MB GB TB (1000), as in `64KiB`");
      return false;
    }
    const Range<std::uint64_t> range = {.min = range_.min, .max = range_.max};
    if (!in_range(node, *bytes, range, base::format_size, reader)) return false;
    value = static_cast<T>(*bytes);
    return true;
  }
  [[nodiscard]] Node encode(const T& value) const override {
    return string_node(base::format_size(value));
  }
  [[nodiscard]] Node schema() const override {
    return any_of({number_schema(range_.min, range_.max),
                   text_schema("^[0-9]+(B|KiB|MiB|GiB|TiB|KB|MB|GB|TB)?$")});
  }
  [[nodiscard]] std::string kind() const override {
    return fmt::format("size, {} to {}", base::format_size(range_.min),
                       base::format_size(range_.max));
  }

 private:
  Range<T> range_;
};

class DurationCodec final : public ValueCodec<Duration> {
 public:
  DurationCodec(Range<Duration> range, Zero zero) : range_(range), zero_(zero) {}
  bool decode(const Node& node, Duration& value, Reader& reader) const override {
    const auto* text = scalar_text(
        node, Takes::text_or_number,
        zero_ == Zero::off ? "a duration such as `10s`, or `off`" : "a duration such as `10s`",
        reader);
    if (text == nullptr) return false;
    if (zero_ == Zero::off && *text == "off") {
      value = Duration::zero();
      return true;
    }
    const auto duration = base::parse_duration(*text);
    if (!duration && duration.error().code == Errc::out_of_range) {
      reader.report(Code::out_of_range, node, fmt::format("`{}` is too long a duration", *text));
      return false;
    }
    if (!duration) return refuse(node, *text, reader);
    const bool is_off = zero_ == Zero::off && *duration == Duration::zero();
    if (!is_off && !in_range(node, *duration, range_, base::format_duration, reader)) return false;
    value = *duration;
    return true;
  }
  [[nodiscard]] Node encode(const Duration& value) const override {
    const bool is_off = zero_ == Zero::off && value == Duration::zero();
    return string_node(is_off ? "off" : base::format_duration(value));
  }
  [[nodiscard]] Node schema() const override {
    const std::string_view off = zero_ == Zero::off ? "|^off$" : "";
    Node zero = typed("integer");
    zero.set("const", number_node(0));
    return any_of(
        {text_schema(fmt::format(R"(^([0-9]+(\.[0-9]+)?(d|h|m|s|ms|us|ns))+$|^0${})", off)),
         std::move(zero)});
  }
  [[nodiscard]] std::string kind() const override {
    return zero_ == Zero::off ? "duration or `off`" : "duration";
  }

 private:
  static bool refuse(const Node& node, const std::string& text, Reader& reader) {
    const bool has_number = !text.empty() && is_digits(text.substr(0, 1));
    if (is_digits(text)) {
      reader.report(Code::bad_unit, node, fmt::format("`{}` has no unit", text),
                    fmt::format("write `{}s` for seconds, `{}ms` for milliseconds", text, text));
    } else {
      reader.report(has_number ? Code::bad_unit : Code::bad_value, node,
                    fmt::format("`{}` is not a duration", text),
                    "units are d h m s ms us ns, from large to small, as in `10s` or `1h30m`");
    }
    return false;
  }

  Range<Duration> range_;
  Zero zero_;
};

class BooleanCodec final : public ValueCodec<bool> {
 public:
  bool decode(const Node& node, bool& value, Reader& reader) const override {
    const bool is_usable = node.kind == Node::Kind::boolean || node.is_untyped;
    if (is_usable && (node.text == "true" || node.text == "false")) {
      value = node.text == "true";
      return true;
    }
    const bool is_text = node.kind == Node::Kind::string;
    reader.report(is_text ? Code::bad_value : Code::wrong_type, node,
                  is_text ? fmt::format("`{}` is neither `true` nor `false`", node.text)
                          : fmt::format("`{}` is {}; it takes `true` or `false`", reader.key,
                                        describe(node.kind)),
                  is_text ? "write `true` or `false`, without quotes" : "");
    return false;
  }
  [[nodiscard]] Node encode(const bool& value) const override { return boolean_node(value); }
  [[nodiscard]] Node schema() const override {
    return any_of({typed("boolean"), variable_schema()});
  }
  [[nodiscard]] std::string kind() const override { return "`true` or `false`"; }
};

class FileModeCodec final : public ValueCodec<std::uint32_t> {
 public:
  bool decode(const Node& node, std::uint32_t& value, Reader& reader) const override {
    const auto* text =
        scalar_text(node, Takes::text_or_number, "a file mode such as `0660`", reader);
    if (text == nullptr) return false;
    std::string_view digits = *text;
    if (digits.starts_with("0o")) digits.remove_prefix(2);
    if (digits.size() == 4 && digits.front() == '0') digits.remove_prefix(1);
    const bool is_octal =
        digits.size() == 3 && digits.find_first_not_of("01234567") == std::string_view::npos;
    if (!is_octal) {
      reader.report(Code::bad_value, node, fmt::format("`{}` is not a file mode", *text),
                    "write three octal digits, as in `0660`");
      return false;
    }
    std::uint32_t mode = 0;
    for (const char digit : digits) mode = mode * 8 + static_cast<std::uint32_t>(digit - '0');
    value = mode;
    return true;
  }
  [[nodiscard]] Node encode(const std::uint32_t& value) const override {
    return string_node(fmt::format("{:04o}", value & kModeMax));
  }
  [[nodiscard]] Node schema() const override {
    return any_of({text_schema("^(0o?)?[0-7]{3}$"), number_schema(0, kModeDigitsMax)});
  }
  [[nodiscard]] std::string kind() const override { return "file mode"; }
};

class AffinityCodec final : public ValueCodec<model::Affinity> {
 public:
  bool decode(const Node& node, model::Affinity& value, Reader& reader) const override {
    using Mode = model::Affinity::Mode;
    if (node.kind == Node::Kind::list) {
      std::vector<std::uint32_t> cores;
      if (!cores_->decode(node, cores, reader)) return false;
      value = {.mode = Mode::list, .cores = std::move(cores)};
      return true;
    }
    const auto* text = scalar_text(node, Takes::text, "`auto`, `off` or a list of cores", reader);
    if (text == nullptr) return false;
    if (node.is_untyped && is_digits(*text)) {  // a variable or a flag with one core
      std::vector<std::uint32_t> cores;
      if (!cores_->decode(list_node({node}), cores, reader)) return false;
      value = {.mode = Mode::list, .cores = std::move(cores)};
      return true;
    }
    if (*text != "auto" && *text != "off") {
      detail::report_unknown_word(node, {"auto", "off"}, reader,
                                  "`auto`, `off` or a list of cores");
      return false;
    }
    value = {.mode = *text == "off" ? Mode::off : Mode::automatic, .cores = {}};
    return true;
  }
  [[nodiscard]] Node encode(const model::Affinity& value) const override {
    switch (value.mode) {
      case model::Affinity::Mode::automatic:
        return string_node("auto");
      case model::Affinity::Mode::off:
        return string_node("off");
      case model::Affinity::Mode::list:
        return cores_->encode(value.cores);
    }
    return {};
  }
  [[nodiscard]] Node schema() const override {
    return any_of({text_schema("^(auto|off)$"), cores_->schema()});
  }
  [[nodiscard]] std::string kind() const override { return "`auto`, `off` or list of number"; }
  [[nodiscard]] const ListShape* list() const override { return cores_->list(); }

 private:
  CodecOf<std::vector<std::uint32_t>> cores_ =
      list_of(count({.min = 0, .max = kCoreMax}), {.min = 1, .max = kCoresMax});
};

}  // namespace

CodecOf<bool> boolean() { return std::make_unique<const BooleanCodec>(); }

CodecOf<std::uint32_t> count(Range<std::uint32_t> range) {
  return std::make_unique<const CountCodec<std::uint32_t>>(range);
}

CodecOf<std::uint64_t> big_count(Range<std::uint64_t> range) {
  return std::make_unique<const CountCodec<std::uint64_t>>(range);
}

CodecOf<std::uint32_t> size(Range<std::uint32_t> range) {
  return std::make_unique<const SizeCodec<std::uint32_t>>(range);
}

CodecOf<std::uint64_t> big_size(Range<std::uint64_t> range) {
  return std::make_unique<const SizeCodec<std::uint64_t>>(range);
}

CodecOf<Duration> duration(Range<Duration> range, Zero zero) {
  return std::make_unique<const DurationCodec>(range, zero);
}

CodecOf<std::uint32_t> automatic_count(Range<std::uint32_t> range) {
  return std::make_unique<const AutomaticCountCodec>(range);
}

CodecOf<std::uint32_t> file_mode() { return std::make_unique<const FileModeCodec>(); }

CodecOf<model::Affinity> affinity() { return std::make_unique<const AffinityCodec>(); }

}  // namespace causeway::control
