// SPDX-License-Identifier: Apache-2.0
// When a name is resolved again: when its answer is no longer good, or, while nobody answers, in
// ever longer steps. Pure; one for each name, kept by the directory.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/random.h"
#include "base/time.h"
#include "model/snapshot.h"

namespace causeway::upstream {

class ResolveSchedule {
 public:
  static constexpr Duration kFirstRetry = std::chrono::seconds(1);
  static constexpr std::uint32_t kJitterPercent = 10;  // so that names do not ask in step

  // How long to wait after an answer that is good for `ttl`: that, within the bounds of the
  // snapshot.
  [[nodiscard]] Duration after_answer(const model::Dns& rule, Duration ttl) noexcept;
  // How long to wait after a failure: doubling, up to ttl_max.
  [[nodiscard]] Duration after_failure(const model::Dns& rule, base::Random& random) noexcept;

 private:
  Duration next_retry_ = kFirstRetry;
};

}  // namespace causeway::upstream
