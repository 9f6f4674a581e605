// SPDX-License-Identifier: Apache-2.0
#include "observe/log.h"

#include <unistd.h>

#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/time.h"
#include "observe/internal/async_backend.h"
#include "observe/internal/log_line.h"
#include "observe/internal/log_target.h"
#include "observe/internal/log_writer.h"
#include "observe/internal/rotating_file.h"
#include "observe/log_field.h"
#include "observe/log_options.h"

namespace causeway::observe {
namespace {

using internal::LogDescriptor;
using internal::LogTarget;

LogStyle choose_style(const LogOptions& options, bool on_terminal) noexcept {
  const bool as_text =
      options.format == LogFormat::text || (options.format == LogFormat::automatic && on_terminal);
  if (!as_text) return LogStyle::json;
  return on_terminal && options.colour == LogColour::on_terminal ? LogStyle::coloured_text
                                                                 : LogStyle::text;
}

struct Opened {
  std::unique_ptr<LogTarget> target;
  LogDescriptor complaints;
  bool on_terminal = false;
};

Result<Opened> open_target(const LogOptions& options, const base::Clock& clock) {
  if (options.target == "stderr" || options.target == "stdout") {
    const int fd = options.target == "stderr" ? STDERR_FILENO : STDOUT_FILENO;
    return Opened{
        .target = std::make_unique<internal::StreamTarget>(LogDescriptor::borrow(fd)),
        .complaints = fd == STDERR_FILENO ? LogDescriptor() : LogDescriptor::borrow(STDERR_FILENO),
        .on_terminal = ::isatty(fd) == 1};
  }
  auto file = internal::RotatingFile::open(options.target, options.rotation, clock.wall_now());
  if (!file) return fail(file);
  return Opened{.target = std::move(*file), .complaints = LogDescriptor::borrow(STDERR_FILENO)};
}

}  // namespace

std::string_view name_of(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::trace:
      return "trace";
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warn";
    case LogLevel::error:
      return "error";
    case LogLevel::off:
      return "off";
  }
  return "off";
}

Result<std::unique_ptr<Log>> Log::open(const LogOptions& options, const base::Clock& clock) {
  auto opened = open_target(options, clock);
  if (!opened) return fail(opened);
  const LogStyle style = choose_style(options, opened->on_terminal);
  auto writer = std::make_unique<internal::LogWriter>(std::move(opened->target),
                                                      std::move(opened->complaints), style, clock);
  auto backend = internal::start_async(std::move(writer), options.queue_lines);
  if (!backend) return fail(backend);
  return std::make_unique<Log>(options.level, style, std::move(*backend), clock);
}

Log::Log(LogLevel level, LogStyle style, std::unique_ptr<LogBackend> backend,
         const base::Clock& clock)
    : level_(level), style_(style), clock_(clock), backend_(std::move(backend)) {}

Log::~Log() = default;

const LogMetrics& Log::metrics() const noexcept { return backend_->metrics(); }

void Log::put(LogLevel level, LogText text, std::span<const Field> fields) noexcept {
  const WallTime at = clock_.wall_now();
  internal::LineBuffer line;
  internal::render({.at = at, .level = level, .text = text.view(), .fields = fields}, style_, line);
  backend_->put(at, line.view());
}

}  // namespace causeway::observe
