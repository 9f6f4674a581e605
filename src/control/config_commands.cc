// SPDX-License-Identifier: Apache-2.0
#include "control/config_commands.h"

#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "control/diagnostic.h"
#include "control/document.h"
#include "control/loader.h"
#include "control/node_writer.h"
#include "control/schema.h"
#include "model/pool.h"
#include "model/snapshot.h"

namespace causeway::control {
namespace {

std::string counted(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string display_name(const ConfigSources& sources) {
  if (sources.document) return "command line";
  return sources.path == "-" ? "standard input" : printable(sources.path);
}

std::string summary(const model::Snapshot& snapshot) {
  std::size_t endpoints = 0;
  for (const model::Pool& pool : snapshot.pools) endpoints += pool.endpoints.size();
  return fmt::format("{}, {}, {}", counted(snapshot.listeners.size(), "listener"),
                     counted(snapshot.pools.size(), "pool"), counted(endpoints, "endpoint"));
}

}  // namespace

int report(const Loaded& loaded, Terminal terminal) {
  terminal.err << render(loaded.diagnostics, loaded.sources, terminal.colour);
  if (loaded.snapshot != nullptr) return kExitOk;
  return loaded.is_unreadable ? kExitFailure : kExitCheckFailed;
}

int check_command(const ConfigSources& sources, Terminal terminal) {
  const Loaded loaded = load(sources);
  const int code = report(loaded, terminal);
  const std::string found = summarize(loaded.diagnostics);
  if (code == kExitOk) {
    terminal.out << fmt::format("{}: ok ({}){}{}\n", display_name(sources),
                                summary(*loaded.snapshot), found.empty() ? "" : ", ", found);
  } else {
    terminal.err << fmt::format("{}: {}\n", display_name(sources), found);
  }
  return code;
}

int schema_command(Terminal terminal) {
  terminal.out << to_json(json_schema(*make_schema()));
  return kExitOk;
}

int config_show_command(const ConfigSources& sources, const ShowOptions& options,
                        Terminal terminal) {
  const Loaded loaded = load(sources);
  const int code = report(loaded, terminal);
  if (code != kExitOk) return code;
  const Node node = effective(loaded, options.values);
  switch (options.format) {
    case Format::yaml:
      terminal.out << to_yaml(node, loaded.sources,
                              options.origins ? Origins::shown : Origins::hidden);
      break;
    case Format::json:
      terminal.out << to_json(options.origins ? with_origins(node, loaded.sources) : node);
      break;
  }
  return kExitOk;
}

}  // namespace causeway::control
