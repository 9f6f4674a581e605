// SPDX-License-Identifier: Apache-2.0
#include "observe/internal/async_backend.h"

#include <pthread.h>
#include <signal.h>
#include <spdlog/async_logger.h>
#include <spdlog/common.h>
#include <spdlog/details/log_msg.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/base_sink.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/assert.h"
#include "base/error.h"
#include "base/result.h"
#include "base/time.h"
#include "observe/internal/log_writer.h"
#include "observe/log.h"
#include "observe/log_metrics.h"

namespace causeway::observe::internal {
namespace {

using spdlog::details::thread_pool;

// Hands each line from spdlog's thread to the writer. The payload is the finished line: spdlog's
// own formatter is not asked. The pool has one thread, so no lock is needed.
class WriterSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  // `unqueued` counts lines that never came into the queue. All three outlive the sink.
  WriterSink(LogWriter& writer, thread_pool& pool, const std::atomic<std::uint64_t>& unqueued)
      : writer_(writer), pool_(pool), unqueued_(unqueued) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    writer_.write({message.payload.data(), message.payload.size()}, WallTime(message.time),
                  pool_.overrun_counter() + unqueued_.load(std::memory_order_relaxed));
  }
  void flush_() override {}

  LogWriter& writer_;
  thread_pool& pool_;
  const std::atomic<std::uint64_t>& unqueued_;
};

// A thread inherits the mask of its maker: while this lives, new threads get no signals but those
// of their own faults, and the process's signals stay with the threads that expect them.
class SignalsHeld {
 public:
  SignalsHeld() noexcept {
    sigset_t held;
    sigfillset(&held);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP}) {
      sigdelset(&held, fault);
    }
    pthread_sigmask(SIG_SETMASK, &held, &before_);
  }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;
  ~SignalsHeld() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

class AsyncBackend final : public LogBackend {
 public:
  // Throws what spdlog and the standard library throw when there is no thread or memory.
  AsyncBackend(std::unique_ptr<LogWriter> writer, std::uint32_t queue_lines)
      : writer_(std::move(writer)) {
    const SignalsHeld held;
    pool_ = std::make_shared<thread_pool>(std::max<std::size_t>(queue_lines, 1), 1,
                                          [] { pthread_setname_np(pthread_self(), "cw-log"); });
    logger_ = std::make_shared<spdlog::async_logger>(
        "causeway", std::make_shared<WriterSink>(*writer_, *pool_, unqueued_), pool_,
        spdlog::async_overflow_policy::overrun_oldest);
    logger_->set_level(spdlog::level::trace);  // Log has judged the level already
    // Want of memory, in a caller; instead of a line of spdlog's own on standard error.
    logger_->set_error_handler([this](const std::string&) { ++unqueued_; });
  }

  // The pool ends when its thread has handed on what was in the queue; the sink that thread uses,
  // the writer and the logger live until then.
  ~AsyncBackend() override {
    CW_ASSERT(pool_.use_count() == 1);
    pool_.reset();
    writer_->finish();
  }

  void put(WallTime at, std::string_view line) noexcept override {
    using spdlog::log_clock;
    try {
      logger_->log(std::chrono::time_point_cast<log_clock::duration>(at), spdlog::source_loc{},
                   spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
    } catch (...) {
      // What derives from std::exception has gone to the error handler.
      ++unqueued_;
    }
  }

  [[nodiscard]] const LogMetrics& metrics() const noexcept override { return writer_->metrics(); }

 private:
  std::unique_ptr<LogWriter> writer_;
  std::atomic<std::uint64_t> unqueued_{0};
  // Shared because spdlog's logger asks for it; nobody else holds either.
  std::shared_ptr<thread_pool> pool_;
  std::shared_ptr<spdlog::async_logger> logger_;
};

}  // namespace

Result<std::unique_ptr<LogBackend>> start_async(std::unique_ptr<LogWriter> writer,
                                                std::uint32_t queue_lines) {
  try {
    return std::make_unique<AsyncBackend>(std::move(writer), queue_lines);
  } catch (const std::exception&) {
    return fail(Errc::system, Side::local, "starting the log's thread");
  }
}

}  // namespace causeway::observe::internal
