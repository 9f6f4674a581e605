// SPDX-License-Identifier: Apache-2.0
#include "app/demo/report.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "app/demo/demo.h"
#include "app/demo/load.h"
#include "app/gateway.h"
#include "app/serve.h"
#include "base/error.h"
#include "base/time.h"
#include "model/listener.h"
#include "os/process.h"
#include "upstream/endpoint.h"
#include "upstream/status.h"

namespace causeway::app::demo {
namespace {

constexpr int kPlainEvery = 4;  // without a terminal, one of so many progress lines is printed

double milliseconds(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e6; }
double milliseconds(Duration span) { return static_cast<double>(span.count()) / 1e6; }

void print_row(std::string_view name, const Tally& tally, double seconds) {
  const auto latency = tally.latency_ns.snapshot();
  fmt::print("  {:<12}{:>12}{:>12.0f}{:>11.2f}{:>11.2f}{:>12.1f}{:>9}\n", name,
             tally.exchanges.value(), static_cast<double>(tally.exchanges.value()) / seconds,
             milliseconds(latency.percentile(0.5)), milliseconds(latency.percentile(0.99)),
             static_cast<double>(tally.bytes.value()) / 1e6, tally.errors.total());
}

std::uint64_t count_errors(const Load& load) {
  return load.http().errors.total() + load.echo().errors.total() + load.datagrams().errors.total();
}

// Why exchanges failed, where some did.
void print_reasons(std::string_view name, const Tally& tally) {
  for (std::size_t i = 0; i < base::kErrcCount; ++i) {
    const auto code = static_cast<Errc>(i);
    if (tally.errors.value(code) == 0) continue;
    fmt::print("  {}: {} × {}\n", name, tally.errors.value(code), base::describe(code).text);
  }
}

// Why the gateway gave connections up, where it did.
void print_refusals(const Gateway& gateway) {
  for (const auto& worker : gateway.workers()) {
    for (const auto& listener : worker->tcp_listeners()) {
      for (std::size_t i = 0; i < base::kErrcCount; ++i) {
        const auto code = static_cast<Errc>(i);
        const std::uint64_t count = listener->metrics().refused.value(code);
        if (count > 0)
          fmt::print("  listener {}: {} × {}\n", listener->model().name, count,
                     base::describe(code).text);
      }
    }
  }
}

std::string when(const std::optional<Duration>& span) {
  return span ? fmt::format("after {:.0f} ms", milliseconds(*span)) : std::string("never");
}

}  // namespace

void print_header(const Gateway& gateway, const Options& options) {
  fmt::print("causeway demo: {} workers, {} s of load\n\n", gateway.workers().size(),
             options.seconds);
  fmt::print("  load ──▶ listener web        ──▶ pool web        ──▶ web-1, web-2, web-3 (HTTP)\n");
  fmt::print("       ──▶ listener echo       ──▶ pool echo       ──▶ TCP echo\n");
  fmt::print("       ──▶ listener datagrams  ──▶ pool datagrams  ──▶ UDP echo\n\n");
  std::fflush(stdout);
}

void print_addresses(const Gateway& gateway) {
  fmt::print("\nstill serving, until Ctrl-C or SIGTERM:\n");
  for (const OpenListener& open : gateway.listeners()) {
    const model::Listener& listener = gateway.snapshot().listeners.at(open.id.index());
    fmt::print("  {:<10} {} {}\n", listener.name,
               listener.protocol == model::Protocol::tcp ? "tcp" : "udp", open.address.to_text());
  }
  std::fflush(stdout);
}

Progress::Progress(const Load& load, const Gateway& gateway)
    : load_(load), gateway_(gateway), on_terminal_(::isatty(STDOUT_FILENO) == 1) {}

void Progress::print() {
  ++calls_;
  if (!on_terminal_ && calls_ % kPlainEvery != 0) return;
  fmt::print("{}  {} HTTP, {} TCP echo, {} UDP exchanges; {} errors; {} connections open{}",
             on_terminal_ ? "\r" : "", load_.http().exchanges.value(),
             load_.echo().exchanges.value(), load_.datagrams().exchanges.value(),
             count_errors(load_), gateway_.admission().connections(), on_terminal_ ? "   " : "\n");
  std::fflush(stdout);
}

void Progress::say(std::string_view what) {
  fmt::print("{}  >> {}\n", ::isatty(STDOUT_FILENO) == 1 ? "\r\x1b[K" : "", what);
  std::fflush(stdout);
}

ExitCode print_report(const Outcome& outcome, const Load& load, const Gateway& gateway) {
  const double seconds = milliseconds(outcome.length) / 1e3;
  fmt::print("{}\n  {:<12}{:>12}{:>12}{:>11}{:>11}{:>12}{:>9}\n",
             ::isatty(STDOUT_FILENO) == 1 ? "\r\x1b[K" : "", "load", "exchanges", "per second",
             "p50 ms", "p99 ms", "megabytes", "errors");
  print_row("HTTP/TCP", load.http(), seconds);
  print_row("TCP echo", load.echo(), seconds);
  print_row("UDP echo", load.datagrams(), seconds);

  fmt::print("\n  {:<24}{:<11}{:>13}{:>18}\n", "endpoint", "state", "connections",
             "failed connects");
  for (const upstream::PoolStatus& pool : gateway.directory().status()) {
    for (const upstream::EndpointStatus& endpoint : pool.endpoints) {
      fmt::print("  {:<24}{:<11}{:>13}{:>18}\n", endpoint.address.to_text(),
                 upstream::name_of(endpoint.state), endpoint.totals.connections,
                 endpoint.totals.connect_failures);
    }
  }
  const std::uint64_t errors = count_errors(load);
  fmt::print("\n  web-2 stopped: left out {}; started again: in use {}\n",
             when(outcome.left_out_after), when(outcome.back_after));
  fmt::print("  {} failed exchanges; {:.1f} MB resident memory, load and endpoints included\n",
             errors, static_cast<double>(os::resident_bytes()) / 1e6);
  print_reasons("HTTP/TCP", load.http());
  print_reasons("TCP echo", load.echo());
  print_reasons("UDP echo", load.datagrams());
  if (errors > 0) print_refusals(gateway);
  std::fflush(stdout);
  const bool noticed = outcome.left_out_after && outcome.back_after;
  return errors == 0 && noticed ? ExitCode::ok : ExitCode::failure;
}

}  // namespace causeway::app::demo
