// SPDX-License-Identifier: Apache-2.0
// A hash over everything that happened in a world, in order. Two runs of one seed must agree on it;
// if they do not, something depends on addresses, on the real time or on chance.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace causeway::sim {

class Trace {
 public:
  void note(Instant when, std::uint64_t what, std::uint64_t who, std::uint64_t amount) noexcept {
    mix(static_cast<std::uint64_t>(when.time_since_epoch().count()));
    mix(what);
    mix(who);
    mix(amount);
    ++events_;
  }
  [[nodiscard]] std::uint64_t hash() const noexcept { return hash_; }
  [[nodiscard]] std::uint64_t events() const noexcept { return events_; }

 private:
  // FNV-1a by words; it need not withstand anybody.
  void mix(std::uint64_t word) noexcept {
    hash_ = (hash_ ^ word) * 0x100000001b3U;
    hash_ ^= hash_ >> 29U;
  }
  std::uint64_t hash_ = 0xcbf29ce484222325U;
  std::uint64_t events_ = 0;
};

}  // namespace causeway::sim
