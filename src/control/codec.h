// SPDX-License-Identifier: Apache-2.0
// A codec is one type of value of the configuration: how it is read from a node, with diagnostics,
// written back, described to editors and to people. The schema is a tree of codecs that binds keys
// to members of the model, and everything that speaks of the schema walks that tree. Codecs are
// immutable and live as long as the schema.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "control/diagnostic.h"
#include "control/document.h"
#include "control/substitution.h"
#include "model/limits.h"

namespace causeway::control {

// What a reading of one document carries along: where it is, for messages, and where they go.
class Reader {
 public:
  Reader(Diagnostics& diagnostics, const Environment& environment)
      : diagnostics_(diagnostics), environment_(environment) {}

  // Enters a map for as long as the scope lives. `label` is what such a map is called ("pool"); a
  // map that is an item of a list is named by its `name`, or by `index`, others by their key.
  class Scope {
   public:
    Scope(Reader& reader, std::string_view label, const Node& node);
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope() { reader_.frames_.pop_back(); }

   private:
    Reader& reader_;
  };

  void report(Code code, const Node& at, std::string message, std::string hint = {});
  void report(Diagnostic diagnostic) { diagnostics_.add(std::move(diagnostic)); }
  [[nodiscard]] bool wants_hints() const noexcept { return !diagnostics_.is_full(); }
  [[nodiscard]] const Environment& environment() const noexcept { return environment_; }

  // " in `timeouts` of listener `web`", or empty at the top.
  [[nodiscard]] std::string where() const;

  std::string_view key;                        // that is being read, for messages
  std::size_t index = 0;                       // of the list item that is being read
  const model::Timeouts* inherited = nullptr;  // what listeners start from

 private:
  struct Frame {
    std::string_view label;
    std::string_view key;
    const Node* node;
    std::size_t index;
  };

  Diagnostics& diagnostics_;
  const Environment& environment_;
  std::vector<Frame> frames_;
};

struct ObjectShape;
struct ListShape;

class Codec {
 public:
  Codec() = default;
  Codec(const Codec&) = delete;
  Codec& operator=(const Codec&) = delete;
  virtual ~Codec() = default;

  // Reads `node` into the value at `into`, which is of the codec's type. Returns false when it
  // could not, which the reader has then been told; the value is as it was.
  virtual bool read(const Node& node, void* into, Reader& reader) const = 0;
  // The node that read() would take; null for a value that is left out.
  [[nodiscard]] virtual Node write(const void* from) const = 0;
  // Its JSON Schema, draft 2020-12.
  [[nodiscard]] virtual Node schema() const = 0;
  // For the reference: "duration", "`tcp` or `udp`".
  [[nodiscard]] virtual std::string kind() const = 0;
  // What stands in the place of a default for values that may be absent, if anything.
  [[nodiscard]] virtual bool is_optional() const { return false; }

  // The shape of a map or a list, for those who walk the tree; nullptr for scalars.
  [[nodiscard]] virtual const ObjectShape* object() const { return nullptr; }
  [[nodiscard]] virtual const ListShape* list() const { return nullptr; }
};

// A codec whose type the compiler knows.
template <class T>
class ValueCodec : public Codec {
 public:
  using Value = T;
  virtual bool decode(const Node& node, T& value, Reader& reader) const = 0;
  [[nodiscard]] virtual Node encode(const T& value) const = 0;

  bool read(const Node& node, void* into, Reader& reader) const final {
    return decode(node, *static_cast<T*>(into), reader);
  }
  [[nodiscard]] Node write(const void* from) const final {
    return encode(*static_cast<const T*>(from));
  }
};

template <class T>
using CodecOf = std::unique_ptr<const ValueCodec<T>>;

enum class Presence : std::uint8_t { optional, required };

struct Field {
  std::string_view name;
  std::string_view doc;  // one line, in Markdown
  Presence presence;
  Node fallback;  // what the member is written as when the object is fresh
  std::unique_ptr<const Codec> codec;
  void* (*member)(void* object);  // from the object to the member that the codec reads and writes
};

// A key that is not there, and what to say to whoever tries it.
struct Stranger {
  std::string_view name;
  std::string_view hint;
};

struct ObjectShape {
  std::string_view label;      // "pool", for messages
  std::string_view shorthand;  // the key that a bare scalar stands for; empty: none
  std::vector<Field> fields;   // in the order in which they are read, written and described
  std::vector<Stranger> strangers;

  [[nodiscard]] const Field* find(std::string_view name) const noexcept;
  // What to say about a key that is not there.
  [[nodiscard]] std::string hint_for(std::string_view name) const;
};

struct ListShape {
  const Codec* item = nullptr;
  bool takes_scalar = false;  // a bare scalar is a list of one
};

// The parts of a map codec that do not depend on its type.
bool read_object(const ObjectShape& shape, const Node& node, void* object, Reader& reader);
[[nodiscard]] Node write_object(const ObjectShape& shape, const void* object);
[[nodiscard]] Node object_schema(const ObjectShape& shape);

// Turns shorthands into what they stand for: a scalar into a list of one, or into a map of one key.
void expand_shorthands(Node& node, const Codec& codec);

namespace detail {
template <auto first, auto... rest, class Object>
auto& reach(Object& object) {
  if constexpr (sizeof...(rest) == 0) {
    return object.*first;
  } else {
    return reach<rest...>(object.*first);
  }
}
}  // namespace detail

// A map that becomes a T. When T has a member `node` it is set to where the map stands in the
// document, and `is_sound` to whether all of it could be read; when it has
// `inherit(const model::Timeouts&)` it begins with the timeouts of the document.
template <class T>
class ObjectCodec final : public ValueCodec<T> {
 public:
  explicit ObjectCodec(std::string_view label) { shape_.label = label; }

  // Binds `name` to the member at the end of the chain of member pointers.
  template <auto... path, class C>
  void field(std::string_view name, std::unique_ptr<C> codec, std::string_view doc,
             Presence presence = Presence::optional) {
    using Member = std::remove_reference_t<decltype(detail::reach<path...>(std::declval<T&>()))>;
    static_assert(std::same_as<Member, typename C::Value>, "the codec is for another type");
    const T fresh{};
    Node fallback = codec->encode(detail::reach<path...>(fresh));
    shape_.fields.push_back({.name = name,
                             .doc = doc,
                             .presence = presence,
                             .fallback = std::move(fallback),
                             .codec = std::move(codec),
                             .member = [](void* object) -> void* {
                               return &detail::reach<path...>(*static_cast<T*>(object));
                             }});
  }
  void shorthand(std::string_view name) { shape_.shorthand = name; }
  void stranger(std::string_view name, std::string_view hint) {
    shape_.strangers.push_back({.name = name, .hint = hint});
  }

  bool decode(const Node& node, T& value, Reader& reader) const override {
    if constexpr (requires { value.node; }) value.node = &node;
    if constexpr (requires { value.inherit(*reader.inherited); }) {
      if (reader.inherited != nullptr) value.inherit(*reader.inherited);
    }
    if constexpr (requires { value.inheritable(); }) reader.inherited = value.inheritable();
    const bool is_sound = read_object(shape_, node, &value, reader);
    if constexpr (requires { value.is_sound; }) value.is_sound = is_sound;
    return is_sound;
  }
  [[nodiscard]] Node encode(const T& value) const override { return write_object(shape_, &value); }
  [[nodiscard]] Node schema() const override { return object_schema(shape_); }
  [[nodiscard]] std::string kind() const override { return "map"; }
  [[nodiscard]] const ObjectShape* object() const override { return &shape_; }

 private:
  ObjectShape shape_;
};

}  // namespace causeway::control
