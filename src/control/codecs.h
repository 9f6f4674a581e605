// SPDX-License-Identifier: Apache-2.0
// The types of values that the schema is made of. Each function returns one codec; lists and
// optionals are built from others. Nothing here knows which keys exist.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/time.h"
#include "control/codec.h"
#include "control/codec_parts.h"
#include "model/snapshot.h"

namespace causeway::control {

inline constexpr Duration kDurationMax = std::chrono::hours(24 * 365);
inline constexpr std::uint32_t kWorkersMax = 1024;
inline constexpr std::uint32_t kNameBytesMax = 64;

enum class Zero : std::uint8_t { value, off };  // off: the word `off` stands for a duration of zero

[[nodiscard]] CodecOf<bool> boolean();
[[nodiscard]] CodecOf<std::uint32_t> count(Range<std::uint32_t> range = {});
[[nodiscard]] CodecOf<std::uint64_t> big_count(Range<std::uint64_t> range);
[[nodiscard]] CodecOf<std::uint32_t> size(Range<std::uint32_t> range);
[[nodiscard]] CodecOf<std::uint64_t> big_size(Range<std::uint64_t> range);
[[nodiscard]] CodecOf<Duration> duration(Range<Duration> range, Zero zero = Zero::value);
// A count in which the word `auto` stands for zero.
[[nodiscard]] CodecOf<std::uint32_t> automatic_count(Range<std::uint32_t> range);
// The permission bits of a file, in octal.
[[nodiscard]] CodecOf<std::uint32_t> file_mode();

// The name of a listener or a pool: letters, digits, `.`, `_`, `-`.
[[nodiscard]] CodecOf<std::string> name();
// `stderr`, `stdout` or a path.
[[nodiscard]] CodecOf<std::string> log_target();
// A host name in lower case, or `*.` and one.
[[nodiscard]] CodecOf<std::string> server_name();
// A protocol name of ALPN (RFC 7301): 1 to 255 bytes.
[[nodiscard]] CodecOf<std::string> alpn_name();
// Where to listen: an address or a unix socket; no name, since a listener is there before DNS is.
[[nodiscard]] CodecOf<base::Address> bind_address();
// Where an endpoint is: anything that Address::parse takes with a port other than zero.
[[nodiscard]] CodecOf<base::Address> endpoint_address();
// The address of a DNS server; the port is 53 unless it is given.
[[nodiscard]] CodecOf<base::SocketAddress> dns_server();
[[nodiscard]] CodecOf<base::Network> network();
// `auto`, `off` or a list of cores.
[[nodiscard]] CodecOf<model::Affinity> affinity();

// One word of a closed list.
template <class E>
class WordCodec final : public ValueCodec<E> {
 public:
  WordCodec(std::initializer_list<std::pair<std::string_view, E>> words) {
    for (const auto& [word, value] : words) {
      words_.push_back(word);
      values_.push_back(value);
    }
  }

  bool decode(const Node& node, E& value, Reader& reader) const override {
    const std::string wanted = detail::word_list(words_);
    const auto* text = detail::scalar_text(node, detail::Takes::text, wanted, reader);
    if (text == nullptr) return false;
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if (*text != words_[i]) continue;
      value = values_[i];
      return true;
    }
    detail::report_unknown_word(node, words_, reader);
    return false;
  }
  [[nodiscard]] Node encode(const E& value) const override {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      if (values_[i] == value) return string_node(words_[i]);
    }
    return {};
  }
  [[nodiscard]] Node schema() const override { return detail::word_schema(words_); }
  [[nodiscard]] std::string kind() const override { return detail::word_list(words_); }

 private:
  std::vector<std::string_view> words_;
  std::vector<E> values_;
};

template <class E>
[[nodiscard]] CodecOf<E> word(std::initializer_list<std::pair<std::string_view, E>> words) {
  return std::make_unique<const WordCodec<E>>(words);
}

enum class Scalar : std::uint8_t { refused, is_list_of_one };

template <class T>
class ListCodec final : public ValueCodec<std::vector<T>> {
 public:
  ListCodec(CodecOf<T> item, Range<std::size_t> range, Scalar scalar)
      : item_(std::move(item)),
        range_(range),
        shape_{.item = item_.get(), .takes_scalar = scalar == Scalar::is_list_of_one} {}

  bool decode(const Node& node, std::vector<T>& list, Reader& reader) const override {
    if (!detail::check_list(node, range_, reader)) return false;
    std::vector<T> read(node.items.size());
    const auto index_before = reader.index;
    bool is_good = true;
    for (std::size_t i = 0; i < read.size(); ++i) {
      reader.index = i;
      if (!item_->decode(node.items[i], read[i], reader)) is_good = false;
    }
    reader.index = index_before;
    list = std::move(read);  // also when an item was refused: the rest can still be checked
    return is_good;
  }
  // A list that may not be empty is left out when it is.
  [[nodiscard]] Node encode(const std::vector<T>& list) const override {
    if (list.empty() && range_.min > 0) return {};
    Node node = list_node();
    for (const T& item : list) node.items.push_back(item_->encode(item));
    return node;
  }
  [[nodiscard]] Node schema() const override {
    return detail::list_schema(item_->schema(), range_, shape_.takes_scalar);
  }
  [[nodiscard]] std::string kind() const override { return "list of " + item_->kind(); }
  [[nodiscard]] const ListShape* list() const override { return &shape_; }

 private:
  CodecOf<T> item_;
  Range<std::size_t> range_;
  ListShape shape_;
};

template <class C>
[[nodiscard]] CodecOf<std::vector<typename C::Value>> list_of(std::unique_ptr<C> item,
                                                              Range<std::size_t> range,
                                                              Scalar scalar = Scalar::refused) {
  using T = typename C::Value;
  return std::make_unique<const ListCodec<T>>(CodecOf<T>(std::move(item)), range, scalar);
}

// A value that may be absent and has no default of its own.
template <class T>
class OptionalCodec final : public ValueCodec<std::optional<T>> {
 public:
  explicit OptionalCodec(CodecOf<T> inner) : inner_(std::move(inner)) {}

  bool decode(const Node& node, std::optional<T>& value, Reader& reader) const override {
    T read{};
    const bool is_good = inner_->decode(node, read, reader);
    value = std::move(read);
    return is_good;
  }
  [[nodiscard]] Node encode(const std::optional<T>& value) const override {
    return value ? inner_->encode(*value) : Node();
  }
  [[nodiscard]] Node schema() const override { return inner_->schema(); }
  [[nodiscard]] std::string kind() const override { return inner_->kind(); }
  [[nodiscard]] bool is_optional() const override { return true; }
  [[nodiscard]] const ObjectShape* object() const override { return inner_->object(); }
  [[nodiscard]] const ListShape* list() const override { return inner_->list(); }

 private:
  CodecOf<T> inner_;
};

template <class C>
[[nodiscard]] CodecOf<std::optional<typename C::Value>> optional_of(std::unique_ptr<C> inner) {
  using T = typename C::Value;
  return std::make_unique<const OptionalCodec<T>>(CodecOf<T>(std::move(inner)));
}

}  // namespace causeway::control
