// SPDX-License-Identifier: Apache-2.0
// What a worker counts about its own loop. Written on that loop only.
#pragma once

#include <array>

#include "observe/metric.h"

namespace causeway::observe {

struct alignas(kCacheLineBytes) WorkerMetrics {
  Counter loop_turns;
  Histogram loop_lag;        // how late a turn began to serve what was due
  Counter ready_bound_hits;  // turns that left ready work for the next one
  Gauge timers;              // armed
  Counter timers_fired;
};

inline constexpr auto kWorkerMetrics = std::to_array<Metric<WorkerMetrics>>({
    {{"causeway_worker_loop_turns_total", "Turns of the event loop."}, &WorkerMetrics::loop_turns},
    {{"causeway_worker_loop_lag_seconds", "How late the loop served what was due.",
      MetricUnit::seconds},
     &WorkerMetrics::loop_lag},
    {{"causeway_worker_ready_bound_hits_total", "Turns that left ready work for the next turn."},
     &WorkerMetrics::ready_bound_hits},
    {{"causeway_worker_armed_timers", "Timers that are armed."}, &WorkerMetrics::timers},
    {{"causeway_worker_fired_timers_total", "Timers that came due."}, &WorkerMetrics::timers_fired},
});

}  // namespace causeway::observe
