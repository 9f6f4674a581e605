// SPDX-License-Identifier: Apache-2.0
// Carries bytes both ways between two streams until both have ended. One coroutine drives both
// ways, each a small state machine that never waits; the coroutine sleeps until one of the two
// things that the ways wait for has happened. Nothing is read in a direction while a write of that
// direction is pending: the shape is the back-pressure.
//
// Small messages go through the worker's scratch buffer. After full reads a way reads more at once,
// and after two large ones in a row it splices through a pooled pipe, until the messages are small
// again. An idle way holds neither buffer nor pipe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/result.h"
#include "base/time.h"
#include "model/limits.h"
#include "net/stream.h"
#include "observe/listener_metrics.h"
#include "os/pipe.h"
#include "proxy/backlog.h"
#include "proxy/worker.h"
#include "runtime/task.h"
#include "runtime/timer_wheel.h"

namespace causeway::proxy {

// One direction.
class Way {
 public:
  Way(net::Stream& from, net::Stream& to, Side from_side) noexcept
      : from_(from), to_(to), from_side_(from_side) {}

  enum class State : std::uint8_t {
    reading,  // wants bytes of `from`
    stalled,  // `to` takes no more for now
    busy,     // could go on, but others come first
    ended,    // everything was passed on, and so was the end
  };

  // Moves what can be moved now, within a bound. `other` is the opposite way. Errors carry the side
  // that broke.
  [[nodiscard]] Result<State> step(Worker& worker, const Way& other);

  // Bytes to be written before anything is read.
  [[nodiscard]] Backlog& backlog() noexcept { return backlog_; }

  [[nodiscard]] State state() const noexcept { return state_; }
  // What has to happen before step() can do anything; nullptr when nothing can.
  [[nodiscard]] net::Ready* waits_for() noexcept;
  [[nodiscard]] std::uint64_t moved_bytes() const noexcept { return moved_bytes_; }

 private:
  enum class Mode : std::uint8_t { small, large, splice };

  [[nodiscard]] Result<State> flush();
  [[nodiscard]] Result<State> copy_once(Worker& worker, const Way& other);
  [[nodiscard]] Result<State> splice_once(Worker& worker, const Way& other);
  [[nodiscard]] Result<State> look_after_end();
  [[nodiscard]] Result<State> pass_on_end(const Way& other);
  void choose_mode(std::size_t asked_bytes, std::size_t got_bytes) noexcept;
  [[nodiscard]] Side to_side() const noexcept {
    return from_side_ == Side::downstream ? Side::upstream : Side::downstream;
  }

  net::Stream& from_;
  net::Stream& to_;
  Backlog backlog_;
  std::unique_ptr<os::PipeLease> pipe_;
  std::uint64_t moved_bytes_ = 0;
  Side from_side_;
  State state_ = State::reading;
  Mode mode_ = Mode::small;
  std::uint8_t full_reads_ = 0;   // in a row
  std::uint8_t small_fills_ = 0;  // in a row, while splicing
  bool may_grow_ = true;          // no stall since the sender was last the slower one
};

// Why a relay gave up, when it was neither side's doing.
class RelayDeadline final : public runtime::Timer {
 public:
  RelayDeadline(runtime::Loop& loop, const model::Timeouts& timeouts) noexcept;

  void on_bytes(Side from) noexcept;
  // Whether the way towards that side is stalled now, and whether it moved anything since the last
  // call: progress begins the count anew, since a slow reader is slow, not dead.
  void on_stall(Side towards, bool stalled, bool moved) noexcept;

  // Raised when one of the limits has passed; error() then says which.
  [[nodiscard]] net::Ready& passed() noexcept { return passed_; }
  [[nodiscard]] Error error() const noexcept { return {.code = code_, .side = side_}; }

 private:
  void on_expired() noexcept override;

  runtime::Loop& loop_;
  const model::Timeouts& timeouts_;
  Instant last_bytes_;
  Instant last_upstream_bytes_;
  Instant up_stalled_since_ = base::kNever;    // towards the upstream
  Instant down_stalled_since_ = base::kNever;  // towards the downstream
  net::Ready passed_;
  Errc code_ = Errc::deadline;
  Side side_ = Side::none;
};

class Relay {
 public:
  // All of it outlives the relay; `metrics` are the listener's, and are kept up to date as bytes
  // pass.
  Relay(Worker& worker, net::Stream& downstream, net::Stream& upstream,
        const model::Timeouts& timeouts, observe::ListenerMetrics& metrics) noexcept;

  // Runs until both ways have ended. Errors: reset and others with the side that broke;
  // idle_timeout, deadline (no bytes taken, or none sent, for too long) with the side that was too
  // slow; cancelled; memory_limit.
  [[nodiscard]] Task<Result<void>> run();

  // From downstream to upstream, and back.
  [[nodiscard]] Way& up() noexcept { return up_; }
  [[nodiscard]] Way& down() noexcept { return down_; }

 private:
  void account() noexcept;

  Worker& worker_;
  observe::ListenerMetrics& metrics_;
  std::uint64_t accounted_up_bytes_ = 0;
  std::uint64_t accounted_down_bytes_ = 0;
  Way up_;
  Way down_;
  RelayDeadline deadline_;
};

}  // namespace causeway::proxy
