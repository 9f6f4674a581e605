// SPDX-License-Identifier: Apache-2.0
// Running a gateway as a process: set-up of the machine's side, start, signals, drain and the exit
// code. What `causeway run`, `forward` and `demo` have in common.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "app/gateway.h"
#include "app/signal_watch.h"
#include "base/result.h"
#include "model/snapshot.h"
#include "observe/log.h"
#include "os/system_clock.h"
#include "runtime/epoll_poller.h"
#include "runtime/loop.h"
#include "runtime/task.h"

namespace causeway::app {

enum class ExitCode : std::uint8_t { ok = 0, failure = 1, usage = 2, check_failed = 3 };

// The control thread's own machinery: clock, loop, signals, log. Made once, before any other
// thread.
class Process {
 public:
  // Prints what went wrong to standard error and gives nothing.
  [[nodiscard]] static std::unique_ptr<Process> create(const model::Logging& logging);

  [[nodiscard]] ControlLoop control() noexcept {
    return {.clock = clock_, .poller = *poller_, .loop = *loop_};
  }
  [[nodiscard]] observe::Log& log() noexcept { return *log_; }
  [[nodiscard]] SignalWatch& signals() noexcept { return *signals_; }
  [[nodiscard]] std::uint64_t descriptors_max() const noexcept { return descriptors_max_; }
  [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }

 private:
  os::SystemClock clock_;
  std::unique_ptr<runtime::EpollPoller> poller_;
  std::unique_ptr<runtime::Loop> loop_;
  std::unique_ptr<SignalWatch> signals_;
  std::unique_ptr<observe::Log> log_;
  std::uint64_t descriptors_max_ = 0;
  std::uint64_t seed_ = 0;
};

// Waits for a signal that asks the process to end. SIGHUP is only taken note of: a terminal that
// goes away, or an operator's habit, must not end a gateway. Errors: cancelled.
[[nodiscard]] Task<Result<void>> wait_for_end(Process& process);

// Serves until such a signal, drains, stops; ends at once on a second signal.
[[nodiscard]] Task<ExitCode> serve_until_signal(Process& process, Gateway& gateway);

// Starts the gateway, serves until SIGTERM or SIGINT, drains, and ends at once on a second signal.
// Returns ok after a drain, failure when it could not start or connections were cut by a second
// signal.
[[nodiscard]] ExitCode serve(Process& process, model::SnapshotPtr snapshot);

// Says in the log what listens where.
void announce(observe::Log& log, const Gateway& gateway);

// Says in the log why a gateway could not begin.
void report(observe::Log& log, const StartFailure& failure);

}  // namespace causeway::app
