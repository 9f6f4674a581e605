// SPDX-License-Identifier: Apache-2.0
#include "app/serve.h"

#include <fmt/format.h>
#include <signal.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "app/gateway.h"
#include "base/error.h"
#include "base/result.h"
#include "model/listener.h"
#include "model/logging.h"
#include "model/snapshot.h"
#include "observe/log_options.h"
#include "os/entropy.h"
#include "os/process.h"
#include "runtime/epoll_poller.h"
#include "runtime/loop.h"
#include "runtime/scope.h"
#include "runtime/task.h"
#include "runtime/waiter.h"

namespace causeway::app {
namespace {

using observe::field;

observe::LogOptions log_options(const model::Logging& logging) {
  static_assert(static_cast<int>(model::LogLevel::off) == static_cast<int>(observe::LogLevel::off));
  static_assert(static_cast<int>(model::LogFormat::json) ==
                static_cast<int>(observe::LogFormat::json));
  return {.level = static_cast<observe::LogLevel>(logging.level),
          .format = static_cast<observe::LogFormat>(logging.format),
          .target = logging.target,
          .rotation = {.daily = logging.rotation == model::LogRotation::daily,
                       .max_size_bytes = logging.max_size_bytes,
                       .retention_days = logging.retention_days,
                       .max_files = logging.max_files}};
}

// Ends the drain when another signal says that it has taken long enough.
Task<void> cut_on_signal(Process& process, runtime::CancelNode& draining, bool& cut) {
  const auto asked = co_await wait_for_end(process);
  if (!asked) co_return;
  cut = true;
  draining.cancel();
}

Task<ExitCode> drain_and_stop(Process& process, Gateway& gateway) {
  const runtime::TaskContext context = co_await runtime::this_task();
  process.log().info("draining: {connections} connections are open",
                     field("connections", gateway.admission().connections()));
  bool cut = false;
  runtime::CancelNode draining(*context.loop, *context.cancel);
  runtime::Scope watching(context);
  watching.spawn(cut_on_signal(process, draining, cut));
  const auto left = co_await gateway.drain().under(draining);
  watching.cancel();
  co_await watching.join();
  if (cut) {
    process.log().warn("second signal: {connections} connections are cut",
                       field("connections", gateway.admission().connections()));
  } else if (left && *left > 0) {
    process.log().warn("the drain deadline has passed: {connections} connections are cut",
                       field("connections", *left));
  }
  co_await gateway.stop();
  process.log().info("ended");
  co_return cut ? ExitCode::failure : ExitCode::ok;
}

}  // namespace

Task<Result<void>> wait_for_end(Process& process) {
  for (;;) {
    const auto number = co_await process.signals().next();
    if (!number) co_return fail(number);
    if (*number != SIGHUP) co_return {};
    process.log().info("SIGHUP changes nothing: the configuration is read at start");
  }
}

Task<ExitCode> serve_until_signal(Process& process, Gateway& gateway) {
  const auto asked = co_await wait_for_end(process);
  if (!asked) process.log().error("signals cannot be read: {error}", field("error", asked.error()));
  co_return co_await drain_and_stop(process, gateway);
}

std::unique_ptr<Process> Process::create(const model::Logging& logging) {
  auto process = std::make_unique<Process>();
  const auto say = [](const char* what, const Error& error) {
    fmt::print(stderr, "causeway: {}: {}\n", what, base::to_text(error));
    return nullptr;
  };
  os::ignore_broken_pipes();
  process->descriptors_max_ = os::raise_descriptor_limit();
  const auto seed = os::random_seed();
  if (!seed) return say("no random numbers", seed.error());
  process->seed_ = *seed;
  auto poller = runtime::EpollPoller::create(process->clock_);
  if (!poller) return say("no event loop", poller.error());
  process->poller_ = *std::move(poller);
  process->loop_ = std::make_unique<runtime::Loop>(process->clock_, *process->poller_, *seed);
  // Before the log's writer and every other thread, so that all of them leave signals to us.
  auto signals = SignalWatch::create(*process->loop_, *process->poller_, {SIGTERM, SIGINT, SIGHUP});
  if (!signals) return say("no signals", signals.error());
  process->signals_ = *std::move(signals);
  auto log = observe::Log::open(log_options(logging), process->clock_);
  if (!log) return say("the log cannot be opened", log.error());
  process->log_ = *std::move(log);
  return process;
}

ExitCode serve(Process& process, model::SnapshotPtr snapshot) {
  Gateway gateway(process.control(), process.log(), std::move(snapshot), process.descriptors_max(),
                  process.seed());
  const auto started = gateway.start();
  if (!started) {
    report(process.log(), started.error());
    return ExitCode::failure;
  }
  announce(process.log(), gateway);
  return runtime::run_until_done(process.control().loop, serve_until_signal(process, gateway));
}

void report(observe::Log& log, const StartFailure& failure) {
  if (failure.listener == nullptr) {
    log.error("the gateway cannot start: {error}", field("error", failure.error));
    return;
  }
  const std::string address = failure.listener->bind.to_text();
  log.error("listener {listener} cannot listen on {address}: {error}",
            field("listener", std::string_view(failure.listener->name)),
            field("address", std::string_view(address)), field("error", failure.error));
}

void announce(observe::Log& log, const Gateway& gateway) {
  for (const OpenListener& open : gateway.listeners()) {
    const model::Listener& listener = gateway.snapshot().listeners.at(open.id.index());
    const std::string address = open.address.to_text();
    log.info("listener {listener} accepts {protocol} on {address}",
             field("listener", std::string_view(listener.name)),
             field("protocol", listener.protocol == model::Protocol::tcp ? std::string_view("tcp")
                                                                         : std::string_view("udp")),
             field("address", std::string_view(address)));
  }
  log.info("ready: {workers} workers, at most {connections} connections",
           field("workers", gateway.workers().size()),
           field("connections", gateway.admission().connections_max()));
}

}  // namespace causeway::app
