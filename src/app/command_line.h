// SPDX-License-Identifier: Apache-2.0
// The command tree of the program: parses flags, calls the verb, returns the process's exit code
// (0 ok, 1 failure, 2 usage, 3 check failed).
#pragma once

namespace causeway::app {

[[nodiscard]] int run_command_line(int argc, char** argv);

}  // namespace causeway::app
