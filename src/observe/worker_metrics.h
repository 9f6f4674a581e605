// SPDX-License-Identifier: Apache-2.0
// What a worker counts about its own loop. Written on that loop only.
#pragma once

#include <array>

#include "observe/metric.h"

namespace causeway::observe {

struct alignas(kCacheLineBytes) WorkerMetrics {
  Counter loop_turns;
  Histogram loop_lag;        // how long one turn kept everybody else waiting
  Counter ready_bound_hits;  // turns that left ready work for the next one
  Counter resumed;           // coroutines
  Counter messages;          // from other threads
  Counter timers_fired;
};

inline constexpr auto kWorkerMetrics = std::to_array<Metric<WorkerMetrics>>({
    {{"causeway_worker_loop_turns_total", "Turns of the event loop."}, &WorkerMetrics::loop_turns},
    {{"causeway_worker_loop_lag_seconds",
      "How long one turn of the loop kept everything else waiting.", MetricUnit::seconds},
     &WorkerMetrics::loop_lag},
    {{"causeway_worker_ready_bound_hits_total", "Turns that left ready work for the next turn."},
     &WorkerMetrics::ready_bound_hits},
    {{"causeway_worker_resumed_tasks_total", "Times a task was resumed."}, &WorkerMetrics::resumed},
    {{"causeway_worker_messages_total", "Messages from other threads."}, &WorkerMetrics::messages},
    {{"causeway_worker_fired_timers_total", "Timers that came due."}, &WorkerMetrics::timers_fired},
});

}  // namespace causeway::observe
