// SPDX-License-Identifier: Apache-2.0
#include "runtime/timer_wheel.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "base/time.h"

namespace causeway::runtime {

// The level of a timer is that of the highest bit in which its tick differs from the current one.
// All timers of a level therefore agree with `current_` above that level's bits, their slot lies
// ahead of the current slot, and the lowest occupied level always holds the next timer. Only the
// top level has no bits above: it is a ring, whose slots up to the current one, included, are of
// the next round.
void TimerWheel::place(Timer& timer) noexcept {
  const std::uint64_t differs = timer.tick_ ^ current_;
  const auto highest = static_cast<unsigned>(std::bit_width(differs | 1U)) - 1U;
  const unsigned level = std::min(highest / kSlotBits, kLevels - 1U);
  const auto slot = static_cast<unsigned>(timer.tick_ >> (level * kSlotBits)) % kSlots;
  levels_[level].slots[slot].push_back(timer);
  levels_[level].occupied |= std::uint64_t{1} << slot;
}

std::uint64_t TimerWheel::ticks_until(Instant at) const noexcept {
  if (at <= origin_) return 0;
  const Duration span = at - origin_;
  return static_cast<std::uint64_t>(((span.count() - 1) / kTick.count()) + 1);  // rounded up
}

void TimerWheel::arm(Timer& timer, Instant at) noexcept {
  timer.unlink();
  // Further ahead than one round of the top level, its slots would not tell which round is meant.
  const std::uint64_t wanted = std::min(ticks_until(at), current_ + kTicksMax);
  timer.tick_ = std::max(wanted, current_ + (expiring_ ? 1U : 0U));
  place(timer);
}

bool TimerWheel::find_due(Due& due) const noexcept {
  for (unsigned level = 0; level < kLevels; ++level) {
    const std::uint64_t occupied = levels_[level].occupied;
    if (occupied == 0) continue;
    const unsigned shift = level * kSlotBits;
    const std::uint64_t here = current_ >> shift;  // in slots of this level, since the origin
    due.level = level;
    std::uint64_t slot_count = 0;
    if (level == kLevels - 1) {
      const auto after = static_cast<int>((here + 1) % kSlots);
      slot_count = here + 1 + static_cast<unsigned>(std::countr_zero(std::rotr(occupied, after)));
    } else {
      slot_count = (here / kSlots * kSlots) + static_cast<unsigned>(std::countr_zero(occupied));
    }
    due.slot = static_cast<unsigned>(slot_count % kSlots);
    due.tick = std::max(slot_count << shift, current_);
    return true;
  }
  return false;
}

Instant TimerWheel::next() const noexcept {
  Due due{};
  if (!find_due(due)) return base::kNever;
  return origin_ + kTick * static_cast<std::int64_t>(due.tick);
}

std::size_t TimerWheel::advance(Instant now) noexcept {
  if (now < origin_) return 0;
  const auto target = static_cast<std::uint64_t>((now - origin_) / kTick);
  std::size_t expired = 0;
  expiring_ = true;
  Due due{};
  while (find_due(due) && due.tick <= target) {
    current_ = due.tick;
    Slot taken;
    taken.splice_back(levels_[due.level].slots[due.slot]);
    levels_[due.level].occupied &= ~(std::uint64_t{1} << due.slot);
    while (!taken.empty()) {
      Timer& timer = *taken.pop_front();
      if (due.level > 0 && timer.tick_ > current_) {
        place(timer);
        continue;
      }
      ++expired;
      timer.on_expired();
    }
  }
  expiring_ = false;
  current_ = std::max(current_, target);
  return expired;
}

std::size_t TimerWheel::count_armed() noexcept {
  std::size_t count = 0;
  for (Level& level : levels_) {
    for (Slot& slot : level.slots)
      count += static_cast<std::size_t>(std::distance(slot.begin(), slot.end()));
  }
  return count;
}

}  // namespace causeway::runtime
