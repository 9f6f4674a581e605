// SPDX-License-Identifier: Apache-2.0
// What the demo prints: a heading, a line of progress, and the table at the end.
#pragma once

#include <optional>
#include <string_view>

#include "app/demo/load.h"
#include "app/gateway.h"
#include "app/serve.h"
#include "base/time.h"

namespace causeway::app::demo {

struct Options;

// What the course of the demo found out.
struct Outcome {
  Duration length{};
  // From the stop of the endpoint until the gateway chose it no more, and from its start until it
  // was chosen again; nothing when that did not happen in time.
  std::optional<Duration> left_out_after{};
  std::optional<Duration> back_after{};
};

void print_header(const Gateway& gateway, const Options& options);
void print_addresses(const Gateway& gateway);

// One line that is written over on a terminal, and a line now and then elsewhere.
class Progress {
 public:
  static constexpr Duration kInterval = std::chrono::milliseconds(500);

  Progress(const Load& load, const Gateway& gateway);
  void print();
  static void say(std::string_view what);

 private:
  const Load& load_;
  const Gateway& gateway_;
  bool on_terminal_;
  int calls_ = 0;
};

// ok when nothing failed and the stopped endpoint was noticed both ways.
[[nodiscard]] ExitCode print_report(const Outcome& outcome, const Load& load,
                                    const Gateway& gateway);

}  // namespace causeway::app::demo
