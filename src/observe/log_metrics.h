// SPDX-License-Identifier: Apache-2.0
// What the log counts about itself. Written by the log's writer thread only.
#pragma once

#include <array>

#include "observe/metric.h"

namespace causeway::observe {

struct LogMetrics {
  Counter written_lines;
  Counter dropped_lines;  // the queue was full and the oldest made room
  Counter lost_lines;     // the target did not take them
  Counter rotations;
  Counter rotation_failures;
};

inline constexpr auto kLogMetrics = std::to_array<Metric<LogMetrics>>({
    {{"causeway_log_lines_total", "Lines written."}, &LogMetrics::written_lines},
    {{"causeway_log_dropped_lines_total", "Lines dropped because the queue was full."},
     &LogMetrics::dropped_lines},
    {{"causeway_log_lost_lines_total", "Lines lost because the target did not take them."},
     &LogMetrics::lost_lines},
    {{"causeway_log_rotations_total", "Files closed and begun anew."}, &LogMetrics::rotations},
    {{"causeway_log_rotation_failures_total", "Rotations or removals of old files that failed."},
     &LogMetrics::rotation_failures},
});

}  // namespace causeway::observe
