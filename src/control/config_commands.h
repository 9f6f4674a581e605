// SPDX-License-Identifier: Apache-2.0
// The verbs that speak of a configuration without running it: `check`, `schema`, `config show`.
// `app` parses the command line and calls these; each returns the exit code of the process.
#pragma once

#include <cstdint>
#include <ostream>

#include "control/diagnostic.h"
#include "control/loader.h"

namespace causeway::control {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;      // the file could not be read
inline constexpr int kExitUsage = 2;        // given by `app`
inline constexpr int kExitCheckFailed = 3;  // it was read, and is wrong

// Where a command writes. Both outlive the call.
struct Terminal {
  std::ostream& out;
  std::ostream& err;
  Colour colour = Colour::off;  // on when `err` is a terminal
};

// Writes the diagnostics of `loaded` to terminal.err, and the exit code that they mean. For whoever
// goes on to run the snapshot, too.
[[nodiscard]] int report(const Loaded& loaded, Terminal terminal);

// One line on terminal.out when all is well: "gateway.yaml: ok (2 listeners, 3 pools, 5
// endpoints)".
[[nodiscard]] int check_command(const ConfigSources& sources, Terminal terminal);

// The JSON Schema on terminal.out.
[[nodiscard]] int schema_command(Terminal terminal);

enum class Format : std::uint8_t { yaml, json };

struct ShowOptions {
  Values values = Values::written;  // --effective: all
  bool origins = false;             // --origin
  Format format = Format::yaml;
};

[[nodiscard]] int config_show_command(const ConfigSources& sources, const ShowOptions& options,
                                      Terminal terminal);

}  // namespace causeway::control
