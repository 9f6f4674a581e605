// SPDX-License-Identifier: Apache-2.0
// What observing costs the one who is observed.
#include <benchmark/benchmark.h>

#include <array>
#include <chrono>
#include <cstdint>

#include "base/random.h"
#include "base/time.h"
#include "observe/counter.h"
#include "observe/histogram.h"
#include "observe/internal/log_line.h"
#include "observe/log.h"
#include "observe/log_field.h"
#include "observe/log_options.h"
#include "observe/memory_log.h"

namespace causeway::observe {
namespace {

void counter_add(benchmark::State& state) {
  Counter counter;
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(counter);  // else the loop becomes one addition
    counter.add(3);
  }
  benchmark::DoNotOptimize(counter.value());
}
BENCHMARK(counter_add);

void histogram_record(benchmark::State& state) {
  Histogram histogram;
  base::Random random(1);
  for ([[maybe_unused]] auto _ : state) histogram.record(random.next() >> 30U);
}
BENCHMARK(histogram_record);

void histogram_snapshot_percentile(benchmark::State& state) {
  Histogram histogram;
  base::Random random(1);
  for (int i = 0; i < 10000; ++i) histogram.record(random.next() >> 30U);
  for ([[maybe_unused]] auto _ : state)
    benchmark::DoNotOptimize(histogram.snapshot().percentile(0.99));
}
BENCHMARK(histogram_snapshot_percentile);

void log_call_below_the_level(benchmark::State& state) {
  MemoryLog memory(LogLevel::warn);
  std::uint64_t n = 0;
  for ([[maybe_unused]] auto _ : state)
    memory.log().debug("nothing", field("n", ++n), field("name", "web"));
}
BENCHMARK(log_call_below_the_level);

void log_line_rendered(benchmark::State& state) {
  const auto style = static_cast<LogStyle>(state.range(0));
  const std::array fields{field("name", "web"), field("address", "192.0.2.1:443"), field("n", 7)};
  for ([[maybe_unused]] auto _ : state) {
    internal::LineBuffer line;
    internal::render({.at = WallTime(std::chrono::hours(480'000)),
                      .level = LogLevel::info,
                      .text = "listener {name} accepts",
                      .fields = fields},
                     style, line);
    benchmark::DoNotOptimize(line.view().data());
  }
}
BENCHMARK(log_line_rendered)
    ->Arg(static_cast<int>(LogStyle::text))
    ->Arg(static_cast<int>(LogStyle::json));

}  // namespace
}  // namespace causeway::observe
