// SPDX-License-Identifier: Apache-2.0
#include "control/node_writer.h"

#include <fmt/format.h>

#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "control/diagnostic.h"
#include "control/document.h"
#include "control/source_text.h"
#include "control/yaml_reader.h"

namespace causeway::control {
namespace {

constexpr std::size_t kOriginColumn = 40;

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20 || byte == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
  return out;
}

// Recursion in this file is bounded by kDocumentDepthMax, or by the schema.
void write_json(std::string& out, const Node& node, std::size_t indent) {
  const std::string inner(indent + 2, ' ');
  const std::string outer(indent, ' ');
  std::string_view separator = "\n";
  switch (node.kind) {
    case Node::Kind::null:
      out += "null";
      return;
    case Node::Kind::boolean:
    case Node::Kind::number:
      out += node.text;
      return;
    case Node::Kind::string:
      out += quoted(node.text);
      return;
    case Node::Kind::list:
      out += "[";
      for (const Node& item : node.items) {
        out.append(separator).append(inner);
        write_json(out, item, indent + 2);
        separator = ",\n";
      }
      out += node.items.empty() ? "]" : "\n" + outer + "]";
      return;
    case Node::Kind::map:
      out += "{";
      for (const Entry& entry : node.entries) {
        out.append(separator).append(inner).append(quoted(entry.key)).append(": ");
        write_json(out, entry.value, indent + 2);
        separator = ",\n";
      }
      out += node.entries.empty() ? "}" : "\n" + outer + "}";
      return;
  }
}

// Whether YAML 1.2 reads the bare text as that text, in block and in flow.
bool is_plain_safe(std::string_view text) noexcept {
  constexpr std::string_view kAnywhere =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-:";
  if (text.empty() || text == "null" || text == "Null" || text == "NULL") return false;
  if (text.find_first_not_of(kAnywhere) != std::string_view::npos) return false;
  if (text.front() == '-' || text.front() == ':' || text.front() == '.' || text.back() == ':') {
    return false;
  }
  return kind_of_plain(text) == Node::Kind::string;
}

std::string yaml_scalar(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "null";
    case Node::Kind::boolean:
    case Node::Kind::number:
      return node.text;
    case Node::Kind::string:
      return is_plain_safe(node.text) ? node.text : quoted(node.text);
    case Node::Kind::list:
      return "[]";
    case Node::Kind::map:
      return "{}";
  }
  return "";
}

class YamlWriter {
 public:
  YamlWriter(const Sources& sources, Origins origins) : sources_(sources), origins_(origins) {}

  // `out_` ends where the node begins: after "key:", after "- ", or at the start of a line.
  void write(const Node& node, std::size_t indent, bool is_after_key) {
    if (node.kind == Node::Kind::map && !node.entries.empty()) {
      write_map(node, indent, is_after_key);
    } else if (node.kind == Node::Kind::list && !node.items.empty()) {
      write_list(node, indent);
    } else {
      if (is_after_key) out_ += ' ';
      out_ += yaml_scalar(node);
      end_line(node);
    }
  }
  [[nodiscard]] std::string take() && { return std::move(out_); }

 private:
  void write_map(const Node& node, std::size_t indent, bool is_after_key) {
    bool is_first = !is_after_key;  // the first key goes on the line that is begun
    if (is_after_key) out_ += '\n';
    for (const Entry& entry : node.entries) {
      if (!is_first) out_.append(indent, ' ');
      is_first = false;
      out_.append(yaml_scalar(string_node(entry.key))).append(":");
      write(entry.value, indent + 2, true);
    }
  }

  void write_list(const Node& node, std::size_t indent) {
    out_ += '\n';
    for (const Node& item : node.items) {
      out_.append(indent, ' ').append("- ");
      write(item, indent + 2, false);
    }
  }

  void end_line(const Node& node) {
    if (origins_ == Origins::shown) {
      const auto newline = out_.rfind('\n');
      const std::size_t start = newline == std::string::npos ? 0 : newline + 1;
      const std::size_t width = count_characters(std::string_view(out_).substr(start));
      out_.append(width + 2 < kOriginColumn ? kOriginColumn - width : 2, ' ');
      out_.append("# ").append(printable(sources_.to_text(node.place)));
    }
    out_ += '\n';
  }

  const Sources& sources_;
  Origins origins_;
  std::string out_;
};

}  // namespace

std::string to_json(const Node& node) {
  std::string out;
  write_json(out, node, 0);
  out += '\n';
  return out;
}

std::string to_yaml(const Node& node, const Sources& sources, Origins origins) {
  YamlWriter writer(sources, origins);
  writer.write(node, 0, false);
  return std::move(writer).take();
}

Node with_origins(const Node& node, const Sources& sources) {
  if (node.is_scalar()) {
    Node leaf = map_node();
    leaf.set("value", node);
    leaf.set("origin", string_node(sources.to_text(node.place)));
    return leaf;
  }
  Node copy = container_node(node.kind, node.place);
  for (const Node& item : node.items) copy.items.push_back(with_origins(item, sources));
  for (const Entry& entry : node.entries) copy.set(entry.key, with_origins(entry.value, sources));
  return copy;
}

}  // namespace causeway::control
