// SPDX-License-Identifier: Apache-2.0
#include "control/secret.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "control/codec.h"
#include "control/diagnostic.h"
#include "control/document.h"
#include "control/document_reader.h"
#include "control/substitution.h"

namespace causeway::control {
namespace {

class SecretCodec final : public ValueCodec<Secret> {
 public:
  bool decode(const Node& node, Secret& secret, Reader& reader) const override {
    if (node.is_refused) return false;
    if (node.kind != Node::Kind::string) {
      refuse(Code::wrong_type, node, "takes text, `env:NAME` or `file:/path`", reader);
      return false;
    }
    auto value = resolve(node, reader);
    if (!value) return false;
    if (value->empty()) {
      refuse(Code::bad_value, node, "is empty", reader);
      return false;
    }
    secret.value = std::move(*value);
    return true;
  }
  [[nodiscard]] Node encode(const Secret& secret) const override {
    return secret.value.empty() ? Node() : string_node("***");
  }
  [[nodiscard]] Node schema() const override {
    Node text = map_node();
    text.set("type", string_node("string"));
    text.set("minLength", number_node(1));
    return text;
  }
  [[nodiscard]] std::string kind() const override { return "secret"; }

 private:
  static std::optional<std::string> resolve(const Node& node, Reader& reader) {
    const std::string_view text = node.text;
    if (text.starts_with("env:")) return from_variable(node, text.substr(4), reader);
    if (text.starts_with("file:")) return from_file(node, std::string(text.substr(5)), reader);
    return node.text;
  }

  static std::optional<std::string> from_variable(const Node& node, std::string_view name,
                                                  Reader& reader) {
    const std::string* value = find_variable(reader.environment(), name);
    if (value != nullptr) return *value;
    refuse(Code::unset_variable, node,
           fmt::format("needs the variable `{}`, which is not set", name), reader);
    return std::nullopt;
  }

  static std::optional<std::string> from_file(const Node& node, const std::string& path,
                                              Reader& reader) {
    auto text = read_file(path, kSecretBytesMax);
    if (!text) {
      refuse(
          Code::unreadable, node,
          fmt::format("cannot be read from `{}`: {}", path, base::describe(text.error().code).text),
          reader);
      return std::nullopt;
    }
    if (text->ends_with('\n')) text->pop_back();
    if (text->ends_with('\r')) text->pop_back();
    return std::move(*text);
  }

  static void refuse(Code code, const Node& node, std::string_view what, Reader& reader) {
    reader.report({.code = code,
                   .place = node.place,
                   .message = fmt::format("the secret `{}` {}", reader.key, what),
                   .hides_line = true});
  }
};

}  // namespace

CodecOf<Secret> secret() { return std::make_unique<const SecretCodec>(); }

}  // namespace causeway::control
