// SPDX-License-Identifier: Apache-2.0
// Joins a name to a field of a struct of counters. The structs (listener_metrics.h, pool_metrics.h,
// udp_metrics.h, worker_metrics.h, log_metrics.h) hold numbers only; beside each stands a constant
// table that says what every field is called. Whoever exports, a metrics page or the summary on a
// terminal, walks the table; nothing registers itself anywhere.
//
// Names follow causeway_<who>_<what>_<unit>[_total]. Labels are the exporter's: the name of the
// listener or pool, and for ReasonCounters the name of the code.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>

#include "observe/counter.h"
#include "observe/histogram.h"
#include "observe/reason_counters.h"

namespace causeway::observe {

// What the number counts. Histograms of seconds are recorded in nanoseconds; whoever exports
// divides.
enum class MetricUnit : std::uint8_t { events, bytes, seconds };

// All views have static lifetime.
struct MetricInfo {
  std::string_view name;
  std::string_view help;
  MetricUnit unit = MetricUnit::events;
};

template <class Owner>
struct Metric {
  MetricInfo info;
  std::variant<Counter Owner::*, Gauge Owner::*, Histogram Owner::*, ReasonCounters Owner::*> field;
};

// Calls visitor(const MetricInfo&, const Field&) for each row of `table`, in its order, where Field
// is one of the four kinds.
template <class Table, class Owner, class Visitor>
void visit_metrics(const Table& table, const Owner& owner, Visitor&& visitor) {
  for (const Metric<Owner>& metric : table) {
    std::visit([&](auto field) { visitor(metric.info, owner.*field); }, metric.field);
  }
}

}  // namespace causeway::observe
