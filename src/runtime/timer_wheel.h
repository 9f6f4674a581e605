// SPDX-License-Identifier: Apache-2.0
// A hierarchical timing wheel: six levels of 64 slots at one millisecond, so that arming and
// disarming a timer cost the same whether ten or a million are armed (Varghese and Lauck, "Hashed
// and Hierarchical Timing Wheels", 1987). One per loop, used on that loop only. It knows no clock:
// the loop tells it what time it is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/intrusive_list.h"
#include "base/time.h"

namespace causeway::runtime {

struct TimerTag {};

// Something that happens later. It is disarmed when it is destroyed. A slot that a disarmed timer
// left empty may wake the loop once for nothing; that is cheaper than looking after it.
class Timer : public base::ListHook<TimerTag> {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  [[nodiscard]] bool is_armed() const noexcept { return is_linked(); }

 protected:
  // Not virtual: a timer is never destroyed through its base.
  ~Timer() { unlink(); }

 private:
  friend class TimerWheel;
  // The time has come; the timer is disarmed and may be armed again from here. Runs between tasks.
  virtual void on_expired() noexcept = 0;

  std::uint64_t tick_ = 0;
};

class TimerWheel {
 public:
  static constexpr Duration kTick = std::chrono::milliseconds(1);
  // A timer that is armed for later than this from now expires early, then: 2^36 ms, a little over
  // two years.
  static constexpr std::uint64_t kTicksMax = (std::uint64_t{1} << 36U) - 1;

  explicit TimerWheel(Instant origin) noexcept : origin_(origin) {}

  // Expires at the first tick not before `at`, never early. A time that has passed expires with the
  // next advance(). An armed timer is moved.
  void arm(Timer& timer, Instant at) noexcept;
  static void disarm(Timer& timer) noexcept { timer.unlink(); }

  // When advance() has work again; never later than the next timer, and earlier only to move timers
  // down a level. kNever when none is armed.
  [[nodiscard]] Instant next() const noexcept;

  // Runs every timer that is due at `now`, in order of their ticks. Returns how many.
  std::size_t advance(Instant now) noexcept;

  // How many timers are armed. Walks the wheel: for tests and dumps, not for the hot path.
  [[nodiscard]] std::size_t count_armed() noexcept;

 private:
  static constexpr unsigned kLevels = 6;
  static constexpr unsigned kSlotBits = 6;
  static constexpr unsigned kSlots = 1U << kSlotBits;
  using Slot = base::IntrusiveList<Timer, TimerTag>;
  struct Level {
    std::uint64_t occupied = 0;  // bit i: slots[i] may hold timers
    std::array<Slot, kSlots> slots;
  };
  struct Due {
    unsigned level;
    unsigned slot;
    std::uint64_t tick;  // when the slot begins
  };

  void place(Timer& timer) noexcept;
  [[nodiscard]] bool find_due(Due& due) const noexcept;
  [[nodiscard]] std::uint64_t ticks_until(Instant at) const noexcept;

  Instant origin_;
  std::uint64_t current_ = 0;  // every timer of an earlier tick has run
  bool expiring_ = false;      // inside advance(): what is armed now belongs to a later tick
  std::array<Level, kLevels> levels_;
};

}  // namespace causeway::runtime
