// SPDX-License-Identifier: Apache-2.0
// `causeway demo`: endpoints, a gateway in front of them and load through it, in one process.
// Half-way one endpoint is stopped, later it comes back; at the end a table says what that did to
// whom.
#pragma once

#include "app/serve.h"

namespace causeway::app::demo {

struct Options {
  int seconds = 10;   // of load
  bool keep = false;  // serve on afterwards, until a signal
};

// ok when no exchange failed; failure otherwise.
[[nodiscard]] ExitCode run(const Options& options);

}  // namespace causeway::app::demo
