// SPDX-License-Identifier: Apache-2.0
// The event loop of one worker: what is ready runs, then the timers, then it sleeps in its Poller.
// One thread owns a loop; of its functions only post() and stop() may be called from others. Clock,
// poller and seed are handed in, so that the same loop runs on a machine and in the simulated
// world.
#pragma once

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "observe/worker_metrics.h"
#include "runtime/mailbox.h"
#include "runtime/poller.h"
#include "runtime/timer_wheel.h"
#include "runtime/waiter.h"

namespace causeway::runtime {

class Loop {
 public:
  // Coroutines resumed in one turn before the poller is asked again.
  static constexpr std::size_t kReadyPerTurn = 1024;

  Loop(const base::Clock& clock, Poller& poller, std::uint64_t seed);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  // The time of this turn: read once, the same for everything that runs in it.
  [[nodiscard]] Instant now() const noexcept { return now_; }
  [[nodiscard]] WallTime wall_now() const { return clock_.wall_now(); }
  [[nodiscard]] base::Random& random() noexcept { return random_; }

  void arm(Timer& timer, Instant at) noexcept { wheel_.arm(timer, at); }
  [[nodiscard]] TimerWheel& wheel() noexcept { return wheel_; }

  // A coroutine goes to sleep: true when it must suspend, false when its task is cancelled already
  // (the waiter says so). Pair each call with end_wait() when it goes on.
  [[nodiscard]] bool begin_wait(Waiter& waiter, std::coroutine_handle<> handle,
                                const TaskContext& context) noexcept;
  static void end_wait(Waiter& waiter) noexcept { waiter.unlink(); }

  // Runs a coroutine that has not begun, at the next turn.
  void start(std::coroutine_handle<> handle) { starting_.push_back(handle); }

  // Puts a waiting coroutine on the ready queue; does nothing to one that is not waiting.
  void wake(Waiter& waiter) noexcept;

  // Runs `message` on this loop at its next turn. Any thread. False when the mailbox is full.
  [[nodiscard]] bool post(Message message);

  // One turn: sleeps at most until `until` if nothing is ready. Returns whether anything ran.
  bool turn(Instant until = base::kNever);
  // Turns until stop() is called.
  void run();
  // Any thread.
  void stop() noexcept;

  // For a waiter that is cancelled through its node.
  void enqueue_cancelled(Waiter& waiter) noexcept;

  // Written on the loop, read from any thread.
  [[nodiscard]] const observe::WorkerMetrics& metrics() const noexcept { return metrics_; }
  // When the last turn began, as nanoseconds of the clock; any thread. For liveness probes.
  [[nodiscard]] std::int64_t last_turn_ns() const noexcept {
    return last_turn_ns_.load(std::memory_order_relaxed);
  }

 private:
  void enqueue(Waiter& waiter) noexcept;
  std::size_t resume_ready();
  std::size_t start_new(std::size_t max);

  const base::Clock& clock_;
  Poller& poller_;
  Instant now_;
  base::Random random_;
  TimerWheel wheel_;
  Waiter* ready_first_ = nullptr;
  Waiter* ready_last_ = nullptr;
  std::vector<std::coroutine_handle<>> starting_;  // not begun yet, in order
  Mailbox mailbox_;
  observe::WorkerMetrics metrics_;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::int64_t> last_turn_ns_ = 0;
};

}  // namespace causeway::runtime
