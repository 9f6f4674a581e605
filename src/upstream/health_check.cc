// SPDX-License-Identifier: Apache-2.0
#include "upstream/health_check.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/address.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "model/pool.h"
#include "net/dialer.h"
#include "net/network.h"
#include "runtime/limits.h"
#include "runtime/task.h"

namespace causeway::upstream {
namespace {

constexpr Duration kFirstCheckSpreadMax = std::chrono::milliseconds(250);

Duration part_of(Duration span, double part) noexcept {
  return Duration(static_cast<Duration::rep>(static_cast<double>(span.count()) * part));
}

}  // namespace

std::optional<Verdict> HealthTally::on_check(const model::Health& rule, bool passed) noexcept {
  const Verdict said = passed ? Verdict::healthy : Verdict::unhealthy;
  if (said == verdict_) {
    against_ = 0;
    return std::nullopt;
  }
  ++against_;
  const std::uint32_t threshold = passed ? rule.healthy_threshold : rule.unhealthy_threshold;
  if (against_ < threshold) return std::nullopt;
  against_ = 0;
  verdict_ = said;
  return verdict_;
}

Duration delay_before_first_check(const model::Health& rule, base::Random& random) noexcept {
  return part_of(std::min(rule.interval, kFirstCheckSpreadMax), random.unit());
}

Duration delay_before_next_check(const model::Health& rule, base::Random& random) noexcept {
  return jittered(rule.interval, rule.jitter_percent, random);
}

Duration jittered(Duration span, std::uint32_t percent, base::Random& random) noexcept {
  const double share = static_cast<double>(std::min(percent, std::uint32_t{100})) / 100.0;
  return part_of(span, 1.0 - share + 2.0 * share * random.unit());
}

runtime::Task<Result<void>> check_connect(net::Dialer& dialer, base::Address address,
                                          Duration timeout) {
  auto dialing = dialer.dial(std::move(address), net::ConnectOptions{});
  const auto stream = co_await runtime::within(timeout, std::move(dialing));
  if (!stream) co_return fail(stream);
  co_return Result<void>();
}

}  // namespace causeway::upstream
