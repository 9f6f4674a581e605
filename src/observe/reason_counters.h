// SPDX-License-Identifier: Apache-2.0
// One counter for each code of base/error.h: why something was refused, failed or dropped. The
// label of each in an export is describe(code).name, so that log, metric and dashboard say the same
// word. One writer, as with Counter.
#pragma once

#include <array>
#include <cstdint>

#include "base/error.h"
#include "observe/counter.h"

namespace causeway::observe {

class ReasonCounters {
 public:
  void add(Errc reason, std::uint64_t amount = 1) noexcept {
    counters_[static_cast<std::size_t>(reason)].add(amount);
  }
  [[nodiscard]] std::uint64_t value(Errc reason) const noexcept {
    return counters_[static_cast<std::size_t>(reason)].value();
  }
  [[nodiscard]] std::uint64_t total() const noexcept {
    std::uint64_t sum = 0;
    for (const Counter& counter : counters_) sum += counter.value();
    return sum;
  }

 private:
  std::array<Counter, base::kErrcCount> counters_;
};

}  // namespace causeway::observe
