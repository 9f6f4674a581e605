// SPDX-License-Identifier: Apache-2.0
// Active checks: one attempt to connect, and the counting of attempts into a verdict. The directory
// runs one task for each endpoint on the control loop and keeps a tally for it. Nothing here
// changes an endpoint.
#pragma once

#include <cstdint>
#include <optional>

#include "base/address.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "model/pool.h"
#include "net/dialer.h"
#include "runtime/task.h"

namespace causeway::upstream {

enum class Verdict : std::uint8_t { healthy, unhealthy };

// Turns checks into verdicts. Begins healthy: an endpoint is used until it is known to be dead.
class HealthTally {
 public:
  // A verdict when it is another one than before.
  [[nodiscard]] std::optional<Verdict> on_check(const model::Health& rule, bool passed) noexcept;

 private:
  Verdict verdict_ = Verdict::healthy;
  std::uint32_t against_ = 0;  // checks in a row that contradict it
};

// Before the first check: at once, but for a spread that keeps ten thousand of them out of one
// turn.
[[nodiscard]] Duration delay_before_first_check(const model::Health& rule,
                                                base::Random& random) noexcept;
// From the end of one check to the next.
[[nodiscard]] Duration delay_before_next_check(const model::Health& rule,
                                               base::Random& random) noexcept;

// `span`, up to `percent` of it more or less.
[[nodiscard]] Duration jittered(Duration span, std::uint32_t percent,
                                base::Random& random) noexcept;

// Connects and closes. Errors: deadline, cancelled, and those of connecting.
[[nodiscard]] runtime::Task<Result<void>> check_connect(net::Dialer& dialer, base::Address address,
                                                        Duration timeout);

}  // namespace causeway::upstream
