// SPDX-License-Identifier: Apache-2.0
// The machine's clocks, the only ones of the program: main() owns one and hands it to every loop.
// It keeps nothing and is safe from any thread. Tests use sim/fake_clock.h instead.
#pragma once

#include "base/time.h"

namespace causeway::os {

class SystemClock final : public base::Clock {
 public:
  [[nodiscard]] Instant now() const override;        // CLOCK_MONOTONIC
  [[nodiscard]] WallTime wall_now() const override;  // CLOCK_REALTIME
};

}  // namespace causeway::os
