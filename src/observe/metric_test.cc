// SPDX-License-Identifier: Apache-2.0
#include "observe/metric.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/error.h"
#include "observe/counter.h"
#include "observe/histogram.h"
#include "observe/listener_metrics.h"
#include "observe/log_metrics.h"
#include "observe/pool_metrics.h"
#include "observe/reason_counters.h"
#include "observe/udp_metrics.h"
#include "observe/worker_metrics.h"

namespace causeway::observe {
namespace {

std::uint64_t total_of(const Counter& counter) { return counter.value(); }
std::uint64_t total_of(const Gauge& gauge) { return static_cast<std::uint64_t>(gauge.value()); }
std::uint64_t total_of(const Histogram& histogram) { return histogram.snapshot().count(); }
std::uint64_t total_of(const ReasonCounters& reasons) { return reasons.total(); }

template <class Table, class Owner>
std::map<std::string, std::uint64_t, std::less<>> totals_of(const Table& table,
                                                            const Owner& owner) {
  std::map<std::string, std::uint64_t, std::less<>> totals;
  visit_metrics(table, owner, [&totals](const MetricInfo& info, const auto& field) {
    totals.emplace(info.name, total_of(field));
  });
  return totals;
}

// causeway_<who>_<what>_<unit>[_total]
template <class Owner, class Table>
void expect_rule(const Table& table, std::set<std::string_view>& names) {
  const Owner owner;
  visit_metrics(table, owner, [&names](const MetricInfo& info, const auto& field) {
    SCOPED_TRACE(std::string(info.name));
    using Field = std::remove_cvref_t<decltype(field)>;
    constexpr bool kGrows = std::is_same_v<Field, Counter> || std::is_same_v<Field, ReasonCounters>;
    EXPECT_TRUE(info.name.starts_with("causeway_"));
    EXPECT_TRUE(
        std::ranges::all_of(info.name, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; }));
    EXPECT_EQ(info.name.ends_with("_total"), kGrows);
    EXPECT_EQ(info.name.ends_with("_seconds"), info.unit == MetricUnit::seconds);
    EXPECT_EQ(info.name.find("_bytes") != std::string_view::npos, info.unit == MetricUnit::bytes);
    EXPECT_TRUE(info.help.ends_with('.'));
    EXPECT_TRUE(names.insert(info.name).second) << "named twice";
  });
}

TEST(MetricTables, names_follow_the_rule_and_are_unique_over_all_tables) {
  std::set<std::string_view> names;
  expect_rule<ListenerMetrics>(kListenerMetrics, names);
  expect_rule<PoolMetrics>(kPoolMetrics, names);
  expect_rule<EndpointMetrics>(kEndpointMetrics, names);
  expect_rule<UdpMetrics>(kUdpMetrics, names);
  expect_rule<WorkerMetrics>(kWorkerMetrics, names);
  expect_rule<LogMetrics>(kLogMetrics, names);
  EXPECT_EQ(names.size(), kListenerMetrics.size() + kPoolMetrics.size() + kEndpointMetrics.size() +
                              kUdpMetrics.size() + kWorkerMetrics.size() + kLogMetrics.size());
}

// A field that the table forgets would never be exported: their sizes must add up to the struct.
template <class Owner, class Table>
std::size_t bytes_named_in(const Table& table) {
  std::size_t bytes = 0;
  const Owner owner;
  visit_metrics(table, owner,
                [&bytes](const MetricInfo&, const auto& field) { bytes += sizeof(field); });
  return bytes;
}

TEST(MetricTables, name_every_field_of_their_struct) {
  const auto padded = [](std::size_t bytes) {
    return (bytes + kCacheLineBytes - 1) / kCacheLineBytes * kCacheLineBytes;
  };
  EXPECT_EQ(padded(bytes_named_in<ListenerMetrics>(kListenerMetrics)), sizeof(ListenerMetrics));
  EXPECT_EQ(padded(bytes_named_in<PoolMetrics>(kPoolMetrics)), sizeof(PoolMetrics));
  EXPECT_EQ(padded(bytes_named_in<EndpointMetrics>(kEndpointMetrics)), sizeof(EndpointMetrics));
  EXPECT_EQ(padded(bytes_named_in<UdpMetrics>(kUdpMetrics)), sizeof(UdpMetrics));
  EXPECT_EQ(padded(bytes_named_in<WorkerMetrics>(kWorkerMetrics)), sizeof(WorkerMetrics));
  EXPECT_EQ(bytes_named_in<LogMetrics>(kLogMetrics), sizeof(LogMetrics));
}

TEST(MetricTables, join_each_name_to_its_own_field) {
  ListenerMetrics listener;
  listener.accepted.add(1);
  listener.active.add(2);
  listener.refused.add(Errc::source_limit, 3);
  listener.received_bytes.add(4);
  listener.sent_bytes.add(5);
  listener.accept_pauses.add(6);
  listener.accept_paused.set(1);
  auto totals = totals_of(kListenerMetrics, listener);
  EXPECT_EQ(totals["causeway_listener_connections_total"], 1U);
  EXPECT_EQ(totals["causeway_listener_active_connections"], 2U);
  EXPECT_EQ(totals["causeway_listener_refusals_total"], 3U);
  EXPECT_EQ(totals["causeway_listener_received_bytes_total"], 4U);
  EXPECT_EQ(totals["causeway_listener_sent_bytes_total"], 5U);
  EXPECT_EQ(totals["causeway_listener_accept_pauses_total"], 6U);
  EXPECT_EQ(totals["causeway_listener_accept_paused"], 1U);

  PoolMetrics pool;
  pool.connect_time.record(std::chrono::milliseconds(3));
  pool.connect_failures.add(Errc::refused, 2);
  totals = totals_of(kPoolMetrics, pool);
  EXPECT_EQ(totals["causeway_upstream_connect_seconds"], 1U);
  EXPECT_EQ(totals["causeway_upstream_connect_failures_total"], 2U);
  EXPECT_EQ(totals["causeway_upstream_refusals_total"], 0U);
}

}  // namespace
}  // namespace causeway::observe
