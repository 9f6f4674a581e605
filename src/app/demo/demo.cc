// SPDX-License-Identifier: Apache-2.0
#include "app/demo/demo.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "app/demo/endpoints.h"
#include "app/demo/load.h"
#include "app/demo/loop_thread.h"
#include "app/demo/report.h"
#include "app/gateway.h"
#include "app/serve.h"
#include "base/error.h"
#include "base/result.h"
#include "base/time.h"
#include "control/loader.h"
#include "os/system_clock.h"
#include "runtime/scope.h"
#include "runtime/sleep.h"
#include "runtime/task.h"
#include "runtime/waiter.h"
#include "upstream/endpoint.h"

namespace causeway::app::demo {
namespace {

using namespace std::chrono_literals;

constexpr int kHttpClients = 48;
constexpr int kEchoClients = 8;
constexpr int kDatagramClients = 8;
constexpr Duration kLook = 1ms;      // between looks at the state of the stopped endpoint
constexpr std::size_t kStopped = 1;  // which of the HTTP endpoints

// The endpoints of the demo, on their thread.
struct Backends {
  explicit Backends(LoopThread& loop_thread)
      : thread(loop_thread),
        everything(loop_thread.loop()),
        echo(thread, everything, Service::echo, "echo"),
        datagrams(thread) {
    for (const char* name : {"web-1", "web-2", "web-3"}) {
      web.push_back(std::make_unique<StreamEndpoint>(thread, everything, Service::http, name));
    }
  }

  [[nodiscard]] Result<void> open() {
    for (const auto& endpoint : web) {
      const auto opened = endpoint->open();
      if (!opened) return opened;
    }
    const auto opened = echo.open();
    if (!opened) return opened;
    return datagrams.open(everything);
  }

  LoopThread& thread;
  runtime::Scope everything;
  std::vector<std::unique_ptr<StreamEndpoint>> web;
  StreamEndpoint echo;
  DatagramEcho datagrams;
};

std::string document(const Backends& backends) {
  return fmt::format(R"(logging: {{ level: error, format: text }}
timeouts: {{ drain: 2s }}
listeners:
  - {{ name: web, bind: "127.0.0.1:0", protocol: tcp, pool: web }}
  - {{ name: echo, bind: "127.0.0.1:0", protocol: tcp, pool: echo }}
  - {{ name: datagrams, bind: "127.0.0.1:0", protocol: udp, pool: datagrams }}
pools:
  - name: web
    endpoints: [ "{}", "{}", "{}" ]
    health: {{ type: tcp, interval: 200ms, timeout: 200ms, unhealthy_threshold: 2, healthy_threshold: 2 }}
  - {{ name: echo, endpoints: [ "{}" ] }}
  - {{ name: datagrams, endpoints: [ "{}" ] }}
)",
                     backends.web[0]->address().to_text(), backends.web[1]->address().to_text(),
                     backends.web[2]->address().to_text(), backends.echo.address().to_text(),
                     backends.datagrams.address().to_text());
}

ExitCode fail_to_start(std::string_view why) {
  fmt::print(stderr, "causeway demo: cannot start: {}\n", why);
  return ExitCode::failure;
}

bool is_usable(const Gateway& gateway) {
  return gateway.directory().status().front().endpoints.at(kStopped).state ==
         upstream::EndpointState::healthy;
}

// The course of the demo, on the control loop.
class Course {
 public:
  Course(Process& process, Gateway& gateway, Backends& backends, Load& load, Duration length)
      : process_(process), gateway_(gateway), backends_(backends), load_(load), length_(length) {}

  // Errors: cancelled.
  [[nodiscard]] Task<Result<Outcome>> run();

 private:
  [[nodiscard]] Task<Result<void>> wait_until(Instant at);
  // How long it took until the gateway saw it so; nothing when it did not before `limit`.
  [[nodiscard]] Task<Result<std::optional<Duration>>> wait_for_state(bool usable, Instant limit);
  void change_endpoint(bool open);

  Process& process_;
  Gateway& gateway_;
  Backends& backends_;
  Load& load_;
  Duration length_;
};

void Course::change_endpoint(bool open) {
  StreamEndpoint& endpoint = *backends_.web.at(kStopped);
  std::ignore = backends_.thread.loop().post([&endpoint, open] {
    if (!open) {
      endpoint.close();
    } else if (const auto opened = endpoint.open(); !opened) {
      fmt::print(stderr, "demo: web-2 cannot come back: {}\n", base::to_text(opened.error()));
    }
  });
}

Task<Result<void>> Course::wait_until(Instant at) {
  runtime::Loop& loop = process_.control().loop;
  Progress progress(load_, gateway_);
  while (loop.now() < at) {
    const auto slept =
        co_await runtime::sleep_until(std::min(at, loop.now() + Progress::kInterval));
    if (!slept) co_return fail(slept);
    progress.print();
  }
  co_return {};
}

Task<Result<std::optional<Duration>>> Course::wait_for_state(bool usable, Instant limit) {
  runtime::Loop& loop = process_.control().loop;
  const Instant began = loop.now();
  while (loop.now() < limit) {
    if (is_usable(gateway_) == usable) co_return std::optional<Duration>(loop.now() - began);
    const auto slept = co_await runtime::sleep_for(kLook);
    if (!slept) co_return fail(slept);
  }
  co_return std::optional<Duration>();
}

Task<Result<Outcome>> Course::run() {
  const Instant began = process_.control().loop.now();
  Outcome outcome{.length = length_};
  auto passed = co_await wait_until(began + length_ * 2 / 5);
  if (!passed) co_return fail(passed);
  Progress::say("web-2 is stopped: new connections to it are refused");
  change_endpoint(false);
  const auto out = co_await wait_for_state(false, began + length_ * 7 / 10);
  if (!out) co_return fail(out);
  outcome.left_out_after = *out;

  passed = co_await wait_until(began + length_ * 7 / 10);
  if (!passed) co_return fail(passed);
  Progress::say("web-2 is started again");
  change_endpoint(true);
  const auto back = co_await wait_for_state(true, began + length_);
  if (!back) co_return fail(back);
  outcome.back_after = *back;

  passed = co_await wait_until(began + length_);
  if (!passed) co_return fail(passed);
  co_return outcome;
}

// A signal ends the course early; the load is then taken down as at its end.
Task<void> cancel_on_signal(Process& process, runtime::CancelNode& course) {
  const auto asked = co_await wait_for_end(process);
  if (asked) course.cancel();
}

Task<ExitCode> run_course(Process& process, Gateway& gateway, Backends& backends,
                          LoopThread& load_thread, Options options) {
  const runtime::TaskContext context = co_await runtime::this_task();
  runtime::Scope clients(load_thread.loop());
  Load load(load_thread, clients);
  const auto address_of = [&](std::size_t listener) {
    return *gateway.listeners().at(listener).address.socket();
  };
  load.start_http(address_of(0), kHttpClients);
  load.start_echo(address_of(1), kEchoClients);
  load.start_datagrams(address_of(2), kDatagramClients);
  load_thread.start();

  runtime::CancelNode node(*context.loop, *context.cancel);
  runtime::Scope watching(context);
  watching.spawn(cancel_on_signal(process, node));
  Course course(process, gateway, backends, load, std::chrono::seconds(options.seconds));
  const auto outcome = co_await course.run().under(node);
  watching.cancel();
  co_await watching.join();

  load_thread.end([&load] { load.finish(); }, clients);
  ExitCode code = outcome ? print_report(*outcome, load, gateway) : ExitCode::failure;
  if (outcome && options.keep) {
    print_addresses(gateway);
    code = co_await serve_until_signal(process, gateway);
  } else {
    co_await gateway.stop();
  }
  co_return code;
}

}  // namespace

ExitCode run(const Options& options) {
  const os::SystemClock clock;
  auto backend_thread = LoopThread::create(clock, "demo-endpoints", 1);
  auto load_thread = LoopThread::create(clock, "demo-load", 2);
  if (!backend_thread || !load_thread) return fail_to_start("no event loop");
  Backends backends(**backend_thread);
  if (const auto opened = backends.open(); !opened)
    return fail_to_start(base::to_text(opened.error()));

  const control::Loaded loaded = control::load_text("demo.yaml", document(backends), {});
  if (loaded.snapshot == nullptr) return fail_to_start("its own configuration is refused");
  const auto process = Process::create(loaded.snapshot->logging);
  if (process == nullptr) return ExitCode::failure;
  (*backend_thread)->start();
  ExitCode code = ExitCode::failure;
  {
    Gateway gateway(process->control(), process->log(), loaded.snapshot, process->descriptors_max(),
                    process->seed());
    if (const auto started = gateway.start(); !started) {
      report(process->log(), started.error());
    } else {
      print_header(gateway, options);
      code = runtime::run_until_done(
          process->control().loop, run_course(*process, gateway, backends, **load_thread, options));
    }
  }
  (*backend_thread)->end([&backends] { backends.everything.cancel(); }, backends.everything);
  return code;
}

}  // namespace causeway::app::demo
