// SPDX-License-Identifier: Apache-2.0
// The machine's clocks.
#pragma once

#include "base/time.h"

namespace causeway::os {

class SystemClock final : public base::Clock {
 public:
  [[nodiscard]] Instant now() const override;        // CLOCK_MONOTONIC
  [[nodiscard]] WallTime wall_now() const override;  // CLOCK_REALTIME
};

}  // namespace causeway::os
