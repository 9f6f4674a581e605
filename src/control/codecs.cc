// SPDX-License-Identifier: Apache-2.0
#include "control/codecs.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/host_name.h"
#include "base/number.h"
#include "base/units.h"
#include "control/spelling.h"

namespace causeway::control {
namespace {

using detail::scalar_text;
using detail::Takes;

constexpr std::string_view kVariablePattern = R"(\$\{)";
constexpr std::size_t kAlpnBytesMax = 255;  // RFC 7301 section 3.1
constexpr std::uint16_t kDnsPort = 53;
constexpr std::uint32_t kModeMax = 0777;
constexpr std::uint32_t kCoreMax = 4095;
constexpr std::size_t kCoresMax = 4096;

Node typed(std::string_view type) { return std::move(map_node().set("type", string_node(type))); }

Node any_of(std::vector<Node> forms) {
  return std::move(map_node().set("anyOf", list_node(std::move(forms))));
}

// Any scalar may come from a variable, which JSON and TOML can only write as text.
Node variable_schema() {
  return std::move(typed("string").set("pattern", string_node(kVariablePattern)));
}

Node text_schema(std::string_view pattern) {
  Node text = typed("string");
  text.set("pattern", string_node(fmt::format("{}|{}", pattern, kVariablePattern)));
  return text;
}

Node number_schema(std::uint64_t min, std::uint64_t max) {
  Node number = typed("integer");
  number.set("minimum", number_node(min));
  number.set("maximum", number_node(max));
  return number;
}

bool is_digits(std::string_view text) noexcept {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

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
    reader.report(Code::out_of_range, node,
                  fmt::format("`{}` is {}; it may be {} to {}", reader.key, *text, range.min,
                              range.max));
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
  [[nodiscard]] std::string kind() const override { return "number"; }

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
  [[nodiscard]] std::string kind() const override { return "`auto` or number"; }

 private:
  Range<std::uint32_t> range_;
};

template <class T>
class SizeCodec final : public ValueCodec<T> {
 public:
  explicit SizeCodec(Range<T> range) : range_(range) {}
  bool decode(const Node& node, T& value, Reader& reader) const override {
    const auto* text =
        scalar_text(node, Takes::text_or_number, "a size such as `64KiB`", reader);
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
  [[nodiscard]] std::string kind() const override { return "size"; }

 private:
  Range<T> range_;
};

class DurationCodec final : public ValueCodec<Duration> {
 public:
  DurationCodec(Range<Duration> range, Zero zero) : range_(range), zero_(zero) {}
  bool decode(const Node& node, Duration& value, Reader& reader) const override {
    const auto* text = scalar_text(node, Takes::text_or_number,
                                   zero_ == Zero::off ? "a duration such as `10s`, or `off`"
                                                      : "a duration such as `10s`",
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
    return any_of({text_schema(fmt::format(R"(^([0-9]+(\.[0-9]+)?(d|h|m|s|ms|us|ns))+$|^0${})",
                                           off)),
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
    return any_of({text_schema("^(0o?)?[0-7]{3}$"), number_schema(0, kModeMax * 8)});
  }
  [[nodiscard]] std::string kind() const override { return "file mode"; }
};

// Text that one function turns into a value and another back.
template <class T>
class TextCodec final : public ValueCodec<T> {
 public:
  struct Traits {
    std::string_view kind;    // "network": for the reference
    std::string_view wanted;  // "a network such as `10.0.0.0/8`"
    std::string_view pattern;
    Result<T> (*parse)(std::string_view text);
    std::string (*format)(const T& value);
  };
  explicit TextCodec(Traits traits) : traits_(traits) {}

  bool decode(const Node& node, T& value, Reader& reader) const override {
    const auto* text = scalar_text(node, Takes::text, traits_.wanted, reader);
    if (text == nullptr) return false;
    auto parsed = traits_.parse(*text);
    if (!parsed) {
      const std::string_view note = parsed.error().note;
      reader.report(parsed.error().code == Errc::out_of_range ? Code::out_of_range : Code::bad_value,
                    node,
                    fmt::format("`{}` is not {}{}{}", *text, traits_.wanted,
                                note.empty() ? "" : ": ", note));
      return false;
    }
    value = std::move(*parsed);
    return true;
  }
  [[nodiscard]] Node encode(const T& value) const override {
    return string_node(traits_.format(value));
  }
  [[nodiscard]] Node schema() const override { return text_schema(traits_.pattern); }
  [[nodiscard]] std::string kind() const override { return std::string(traits_.kind); }

 private:
  Traits traits_;
};

template <class T>
CodecOf<T> text(typename TextCodec<T>::Traits traits) {
  return std::make_unique<const TextCodec<T>>(traits);
}

std::string same(const std::string& text) { return text; }

bool is_name_byte(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

Result<std::string> parse_name(std::string_view text) {
  if (text.empty() || text.size() > kNameBytesMax) {
    return fail(Errc::bad_syntax, Side::none, "1 to 64 characters");
  }
  if (!std::ranges::all_of(text, is_name_byte) || text.front() == '-' || text.front() == '.') {
    return fail(Errc::bad_syntax, Side::none, "letters, digits, `_`, `-` and `.`");
  }
  return std::string(text);
}

Result<std::string> parse_target(std::string_view text) {
  const bool is_path = text.starts_with('/') || text.starts_with("./") || text.starts_with("../");
  if (text != "stderr" && text != "stdout" && !is_path) {
    return fail(Errc::bad_syntax, Side::none, "a path begins with `/` or `./`");
  }
  return std::string(text);
}

Result<std::string> parse_server_name(std::string_view text) {
  std::string_view host = text;
  if (host.starts_with("*.")) host.remove_prefix(2);
  if (!base::is_host_name(host)) return fail(Errc::bad_syntax);
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

Result<std::string> parse_alpn(std::string_view text) {
  if (text.empty() || text.size() > kAlpnBytesMax) return fail(Errc::bad_syntax);
  return std::string(text);
}

Result<base::Address> parse_bind(std::string_view text) {
  auto address = base::Address::parse(text);
  if (address && address->named() != nullptr) {
    return fail(Errc::bad_syntax, Side::none, "a listener takes an address, not a name");
  }
  return address;
}

Result<base::Address> parse_endpoint(std::string_view text) {
  auto address = base::Address::parse(text);
  if (!address) return address;
  const bool has_no_port = (address->socket() != nullptr && address->socket()->port == 0) ||
                           (address->named() != nullptr && address->named()->port == 0);
  if (has_no_port) return fail(Errc::bad_syntax, Side::none, "nothing answers on port 0");
  const bool has_no_host = address->socket() != nullptr && address->socket()->ip.is_unspecified();
  if (has_no_host) {
    return fail(Errc::bad_syntax, Side::none, "an endpoint is one host, not every address");
  }
  return address;
}

Result<base::SocketAddress> parse_dns_server(std::string_view text) {
  const auto ip = base::IpAddress::parse(text);
  if (ip) return base::SocketAddress{.ip = *ip, .port = kDnsPort};
  return base::SocketAddress::parse(text);
}

template <class T>
std::string to_text(const T& value) {
  return value.to_text();
}

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
      detail::report_unknown_word(node, {"auto", "off"}, reader, "`auto`, `off` or a list of cores");
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

CodecOf<std::string> name() {
  return text<std::string>({.kind = "name",
                            .wanted = "a name",
                            .pattern = "^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$",
                            .parse = parse_name,
                            .format = same});
}

CodecOf<std::string> log_target() {
  return text<std::string>({.kind = "`stderr`, `stdout` or path",
                            .wanted = "`stderr`, `stdout` or a path",
                            .pattern = "^(stderr|stdout|\\.{0,2}/.*)$",
                            .parse = parse_target,
                            .format = same});
}

CodecOf<std::string> server_name() {
  return text<std::string>({.kind = "host name",
                            .wanted = "a host name or `*.` and one",
                            .pattern = "^(\\*\\.)?[A-Za-z0-9_.-]+$",
                            .parse = parse_server_name,
                            .format = same});
}

CodecOf<std::string> alpn_name() {
  return text<std::string>({.kind = "protocol name",
                            .wanted = "a protocol name of 1 to 255 bytes",
                            .pattern = "^.{1,255}$",
                            .parse = parse_alpn,
                            .format = same});
}

CodecOf<base::Address> bind_address() {
  return text<base::Address>({.kind = "address",
                              .wanted = "an address such as `0.0.0.0:80`, `:80` or `unix:/path`",
                              .pattern = "^(.*:[0-9]{1,5}|unix:.+)$",
                              .parse = parse_bind,
                              .format = to_text});
}

CodecOf<base::Address> endpoint_address() {
  return text<base::Address>({.kind = "address or host name with a port",
                              .wanted = "an address such as `10.0.0.5:80`, `db:5432` or `unix:/path`",
                              .pattern = "^(.+:[0-9]{1,5}|unix:.+)$",
                              .parse = parse_endpoint,
                              .format = to_text});
}

CodecOf<base::SocketAddress> dns_server() {
  return text<base::SocketAddress>({.kind = "address",
                                    .wanted = "the address of a server such as `10.0.0.2:53`",
                                    .pattern = "^[0-9A-Fa-f.:\\[\\]]+$",
                                    .parse = parse_dns_server,
                                    .format = to_text});
}

CodecOf<base::Network> network() {
  return text<base::Network>({.kind = "network",
                              .wanted = "a network such as `10.0.0.0/8`",
                              .pattern = "^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$",
                              .parse = base::Network::parse,
                              .format = to_text});
}

namespace detail {

const std::string* scalar_text(const Node& node, Takes takes, std::string_view wanted,
                               Reader& reader) {
  const bool is_text = node.kind == Node::Kind::string;
  const bool is_number = node.kind == Node::Kind::number;
  const bool fits = node.is_untyped || (is_text && takes != Takes::number) ||
                    (is_number && takes != Takes::text);
  if (node.is_refused) return nullptr;
  if (fits) return &node.text;
  std::string hint;
  if (is_text && is_digits(node.text)) hint = "leave the quotes out";
  if (takes == Takes::text && (is_number || node.kind == Node::Kind::boolean)) {
    hint = fmt::format("put it in quotes if it is meant as text: \"{}\"", node.text);
  }
  reader.report(Code::wrong_type, node,
                fmt::format("`{}` is {}; it takes {}", reader.key, describe(node.kind), wanted),
                std::move(hint));
  return nullptr;
}

Node word_schema(const std::vector<std::string_view>& words) {
  Node list = list_node();
  for (const auto word : words) list.items.push_back(string_node(word));
  return any_of({std::move(map_node().set("enum", std::move(list))), variable_schema()});
}

std::string word_list(const std::vector<std::string_view>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += fmt::format("`{}`", words[i]);
  }
  return text;
}

void report_unknown_word(const Node& node, const std::vector<std::string_view>& words,
                         Reader& reader, std::string_view all) {
  const auto near = nearest(node.text, words);
  reader.report(Code::bad_value, node,
                fmt::format("`{}` is not a value of `{}`", node.text, reader.key),
                near.empty() ? fmt::format("it takes {}", all.empty() ? word_list(words) : all)
                             : fmt::format("did you mean `{}`?", near));
}

bool check_list(const Node& node, Range<std::size_t> range, Reader& reader) {
  if (node.kind != Node::Kind::list) {
    reader.report(Code::wrong_type, node,
                  fmt::format("`{}` is {}; it takes a list", reader.key, describe(node.kind)));
    return false;
  }
  if (node.items.size() >= range.min && node.items.size() <= range.max) return true;
  reader.report(Code::out_of_range, node,
                node.items.empty()
                    ? fmt::format("`{}` is empty", reader.key)
                    : fmt::format("`{}` has {} items; at most {}", reader.key, node.items.size(),
                                  range.max));
  return false;
}

Node list_schema(Node item, Range<std::size_t> range, bool takes_scalar) {
  Node list = typed("array");
  if (range.min > 0) list.set("minItems", number_node(range.min));
  list.set("maxItems", number_node(range.max));
  list.set("items", item);
  return takes_scalar ? any_of({std::move(list), std::move(item)}) : list;
}

}  // namespace detail
}  // namespace causeway::control
