// SPDX-License-Identifier: Apache-2.0
#include "upstream/resolve_schedule.h"

#include <algorithm>

#include "base/random.h"
#include "base/time.h"
#include "model/snapshot.h"
#include "upstream/health_check.h"

namespace causeway::upstream {

Duration ResolveSchedule::after_answer(const model::Dns& rule, Duration ttl) noexcept {
  next_retry_ = kFirstRetry;
  return std::max(std::min(ttl, rule.ttl_max), rule.ttl_min);
}

Duration ResolveSchedule::after_failure(const model::Dns& rule, base::Random& random) noexcept {
  const Duration retry_max = std::max(rule.ttl_max, kFirstRetry);
  const Duration wait = std::min(next_retry_, retry_max);
  next_retry_ = std::min(wait * 2, retry_max);
  return jittered(wait, kJitterPercent, random);
}

}  // namespace causeway::upstream
