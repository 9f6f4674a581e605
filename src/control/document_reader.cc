// SPDX-License-Identifier: Apache-2.0
#include "control/document_reader.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/result.h"
#include "control/diagnostic.h"
#include "control/document.h"
#include "control/json_reader.h"
#include "control/source_text.h"
#include "control/toml_reader.h"
#include "control/yaml_reader.h"

namespace causeway::control {
namespace {

struct FileClose {
  void operator()(std::FILE* file) const noexcept { (void)std::fclose(file); }
};

// The language that the first line with something on it speaks.
Language guess(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const auto begin = line.find_first_not_of(" \t\r\xef\xbb\xbf");
    if (begin == std::string_view::npos || line[begin] == '#') continue;
    line.remove_prefix(begin);
    if (line.front() == '{') return Language::json;
    if (line.front() == '[') return Language::toml;
    const auto stop = line.find_first_of("=:");
    const bool is_assignment = stop != std::string_view::npos && line[stop] == '=';
    return is_assignment ? Language::toml : Language::yaml;
  }
  return Language::yaml;
}

}  // namespace

Language language_of(std::string_view name, std::string_view text) noexcept {
  if (name.ends_with(".yaml") || name.ends_with(".yml")) return Language::yaml;
  if (name.ends_with(".toml")) return Language::toml;
  if (name.ends_with(".json")) return Language::json;
  return guess(text);
}

std::optional<Node> read_document(std::string name, std::string text, Language language,
                                  Sources& sources, Diagnostics& diagnostics) {
  const bool is_too_large = text.size() > kDocumentBytesMax;
  const auto source = sources.add(std::move(name), is_too_large ? std::string() : std::move(text));
  if (is_too_large) {
    diagnostics.add(
        {.code = Code::too_large,
         .place = {.source = source},
         .message = fmt::format("the document has more than {} bytes", kDocumentBytesMax)});
    return std::nullopt;
  }
  const SourceText& kept = sources.at(source);
  if (const auto problem = find_text_problem(kept.text())) {
    diagnostics.add({.code = Code::syntax,
                     .place = kept.place_at(problem->offset, source),
                     .message = std::string(problem->what)});
    return std::nullopt;
  }
  std::optional<Node> root;
  switch (language) {
    case Language::yaml:
      root = read_yaml(sources, source, diagnostics);
      break;
    case Language::toml:
      root = read_toml(sources, source, diagnostics);
      break;
    case Language::json:
      root = read_json(sources, source, diagnostics);
      break;
  }
  return root;
}

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  // NOLINTNEXTLINE(clang-analyzer-unix.Stream): closed by its unique_ptr, which is not followed
  const std::unique_ptr<std::FILE, FileClose> file(std::fopen(path.c_str(), "rbe"));
  if (!file) return fail(base::from_errno(errno, "open"));
  std::string text;
  std::string chunk(64U << 10U, '\0');
  for (;;) {
    const std::size_t got = std::fread(chunk.data(), 1, chunk.size(), file.get());
    text.append(chunk, 0, got);
    if (text.size() > bytes_max) {
      return fail(Errc::out_of_range, Side::local, "the file is too large");
    }
    if (got == chunk.size()) continue;
    if (std::ferror(file.get()) != 0) return fail(base::from_errno(errno, "read"));
    return text;
  }
}

}  // namespace causeway::control
