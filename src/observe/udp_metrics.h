// SPDX-License-Identifier: Apache-2.0
// What one worker counts for one datagram listener. Written on that worker's loop only. Received
// and sent are seen from downstream, as in listener_metrics.h: received came from who asked, sent
// went back to them.
#pragma once

#include <array>

#include "observe/metric.h"

namespace causeway::observe {

struct alignas(kCacheLineBytes) UdpMetrics {
  Counter sessions_opened;
  Gauge sessions_active;
  Counter sessions_expired;
  ReasonCounters sessions_refused;
  Counter received_datagrams;
  Counter received_bytes;
  Counter sent_datagrams;
  Counter sent_bytes;
  ReasonCounters dropped;  // datagrams of either way
  Counter icmp_errors;     // carried back to downstream
};

inline constexpr auto kUdpMetrics = std::to_array<Metric<UdpMetrics>>({
    {{"causeway_udp_sessions_total", "Sessions opened."}, &UdpMetrics::sessions_opened},
    {{"causeway_udp_active_sessions", "Sessions that are open."}, &UdpMetrics::sessions_active},
    {{"causeway_udp_expired_sessions_total", "Sessions ended because both sides were silent."},
     &UdpMetrics::sessions_expired},
    {{"causeway_udp_refusals_total", "Sessions refused, by reason."},
     &UdpMetrics::sessions_refused},
    {{"causeway_udp_received_datagrams_total", "Datagrams received from downstream."},
     &UdpMetrics::received_datagrams},
    {{"causeway_udp_received_bytes_total", "Payload received from downstream.", MetricUnit::bytes},
     &UdpMetrics::received_bytes},
    {{"causeway_udp_sent_datagrams_total", "Datagrams sent to downstream."},
     &UdpMetrics::sent_datagrams},
    {{"causeway_udp_sent_bytes_total", "Payload sent to downstream.", MetricUnit::bytes},
     &UdpMetrics::sent_bytes},
    {{"causeway_udp_drops_total", "Datagrams dropped, by reason."}, &UdpMetrics::dropped},
    {{"causeway_udp_icmp_errors_total", "ICMP errors carried back to downstream."},
     &UdpMetrics::icmp_errors},
});

}  // namespace causeway::observe
