// SPDX-License-Identifier: Apache-2.0
// What one worker counts for one pool and for each endpoint in it. Written on that worker's loop
// only. The histogram is kept by the pool alone: 4 KiB for each endpoint and worker would be most
// of the memory of a large pool. Ejections and health are counted where they are decided
// (upstream/).
#pragma once

#include <array>

#include "observe/metric.h"

namespace causeway::observe {

struct alignas(kCacheLineBytes) PoolMetrics {
  Counter connections;
  Gauge active;
  Gauge waiting;  // for an endpoint below its max_connections
  ReasonCounters refused;
  ReasonCounters connect_failures;
  Histogram connect_time;
  Counter received_bytes;  // from upstream
  Counter sent_bytes;      // to upstream
};

struct alignas(kCacheLineBytes) EndpointMetrics {
  Counter connections;
  Gauge active;
  ReasonCounters connect_failures;
  Counter received_bytes;  // from upstream
  Counter sent_bytes;      // to upstream
};

inline constexpr auto kPoolMetrics = std::to_array<Metric<PoolMetrics>>({
    {{"causeway_upstream_connections_total", "Connections made to endpoints of the pool."},
     &PoolMetrics::connections},
    {{"causeway_upstream_active_connections", "Connections to endpoints that are open."},
     &PoolMetrics::active},
    {{"causeway_upstream_waiting_connections", "Connections that wait for an endpoint."},
     &PoolMetrics::waiting},
    {{"causeway_upstream_refusals_total", "Connections the pool could not place, by reason."},
     &PoolMetrics::refused},
    {{"causeway_upstream_connect_failures_total", "Connection attempts that failed, by reason."},
     &PoolMetrics::connect_failures},
    {{"causeway_upstream_connect_seconds", "Time until an endpoint accepted.", MetricUnit::seconds},
     &PoolMetrics::connect_time},
    {{"causeway_upstream_received_bytes_total", "Bytes received from endpoints.",
      MetricUnit::bytes},
     &PoolMetrics::received_bytes},
    {{"causeway_upstream_sent_bytes_total", "Bytes sent to endpoints.", MetricUnit::bytes},
     &PoolMetrics::sent_bytes},
});

inline constexpr auto kEndpointMetrics = std::to_array<Metric<EndpointMetrics>>({
    {{"causeway_endpoint_connections_total", "Connections made to the endpoint."},
     &EndpointMetrics::connections},
    {{"causeway_endpoint_active_connections", "Connections to the endpoint that are open."},
     &EndpointMetrics::active},
    {{"causeway_endpoint_connect_failures_total", "Connection attempts that failed, by reason."},
     &EndpointMetrics::connect_failures},
    {{"causeway_endpoint_received_bytes_total", "Bytes received from the endpoint.",
      MetricUnit::bytes},
     &EndpointMetrics::received_bytes},
    {{"causeway_endpoint_sent_bytes_total", "Bytes sent to the endpoint.", MetricUnit::bytes},
     &EndpointMetrics::sent_bytes},
});

}  // namespace causeway::observe
