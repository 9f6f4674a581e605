// SPDX-License-Identifier: Apache-2.0
#include "observe/internal/log_writer.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/result.h"
#include "base/time.h"
#include "observe/internal/log_line.h"
#include "observe/internal/log_target.h"
#include "observe/log.h"
#include "observe/log_field.h"
#include "observe/log_options.h"

namespace causeway::observe::internal {
namespace {

// Gaps are reported at most this often: under an overrun each written line would else bring
// another.
constexpr Duration kReportInterval = std::chrono::seconds(1);

}  // namespace

LogWriter::LogWriter(std::unique_ptr<LogTarget> target, LogDescriptor complaints, LogStyle style,
                     const base::Clock& clock)
    : target_(std::move(target)),
      complaints_(std::move(complaints)),
      style_(style),
      clock_(clock) {}

void LogWriter::write(std::string_view line, WallTime at, std::uint64_t dropped_total) noexcept {
  const Instant now = clock_.now();
  metrics_.dropped_lines.add(dropped_total - metrics_.dropped_lines.value());
  const auto written = put(line, now, at);
  if (!written) return on_lost(written.error(), at);
  failing_ = false;
  metrics_.written_lines.add();
  report_gaps(now, at);
}

void LogWriter::finish() noexcept {
  next_report_ = Instant::min();
  report_gaps(clock_.now(), clock_.wall_now());
}

Result<void> LogWriter::put(std::string_view line, Instant now, WallTime at) noexcept {
  auto written = target_->write_line(line, now, at);
  metrics_.rotations.add(target_->rotations() - metrics_.rotations.value());
  metrics_.rotation_failures.add(target_->rotation_failures() - metrics_.rotation_failures.value());
  return written;
}

void LogWriter::on_lost(const Error& error, WallTime at) noexcept {
  metrics_.lost_lines.add();
  last_error_ = error;
  if (failing_) return;  // said once, until the target has worked again
  LineBuffer line;
  const std::array fields{field("error", error)};
  render({.at = at,
          .level = LogLevel::error,
          .text = "the log cannot be written, lines are lost",
          .fields = fields},
         style_, line);
  // If even this could not be said, the next line that is lost says it.
  const auto said = complaints_.write_line(line.view());
  failing_ = said.has_value();
}

void LogWriter::report_gaps(Instant now, WallTime at) noexcept {
  const std::uint64_t dropped = metrics_.dropped_lines.value() - reported_dropped_;
  const std::uint64_t lost = metrics_.lost_lines.value() - reported_lost_;
  if ((dropped == 0 && lost == 0) || now < next_report_) return;
  const std::array fields{field("dropped", dropped), field("lost", lost),
                          field("last_error", last_error_)};
  LineBuffer line;
  render({.at = at,
          .level = LogLevel::warn,
          .text = "log lines are missing: {dropped} the queue had no room for, {lost} could not be "
                  "written",
          .fields = std::span(fields).first(lost > 0 ? 3 : 2)},
         style_, line);
  const auto written = put(line.view(), now, at);
  if (!written) return;
  metrics_.written_lines.add();
  reported_dropped_ += dropped;
  reported_lost_ += lost;
  next_report_ = now + kReportInterval;
}

}  // namespace causeway::observe::internal
