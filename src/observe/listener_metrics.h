// SPDX-License-Identifier: Apache-2.0
// What one worker counts for one listener of streams. Written on that worker's loop only. Counts of
// datagram listeners are in udp_metrics.h.
#pragma once

#include <array>

#include "observe/metric.h"

namespace causeway::observe {

struct alignas(kCacheLineBytes) ListenerMetrics {
  Counter accepted;
  Gauge active;
  ReasonCounters refused;
  Counter received_bytes;  // from downstream
  Counter sent_bytes;      // to downstream
  Counter accept_pauses;
  Gauge accept_paused;  // 1 while this worker does not accept
};

inline constexpr auto kListenerMetrics = std::to_array<Metric<ListenerMetrics>>({
    {{"causeway_listener_connections_total", "Connections accepted from downstream."},
     &ListenerMetrics::accepted},
    {{"causeway_listener_active_connections", "Connections from downstream that are open."},
     &ListenerMetrics::active},
    {{"causeway_listener_refusals_total", "Connections from downstream refused, by reason."},
     &ListenerMetrics::refused},
    {{"causeway_listener_received_bytes_total", "Bytes received from downstream.",
      MetricUnit::bytes},
     &ListenerMetrics::received_bytes},
    {{"causeway_listener_sent_bytes_total", "Bytes sent to downstream.", MetricUnit::bytes},
     &ListenerMetrics::sent_bytes},
    {{"causeway_listener_accept_pauses_total", "Times accepting stopped for want of room."},
     &ListenerMetrics::accept_pauses},
    {{"causeway_listener_accept_paused", "Workers that do not accept at this moment."},
     &ListenerMetrics::accept_paused},
});

}  // namespace causeway::observe
