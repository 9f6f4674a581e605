// SPDX-License-Identifier: Apache-2.0
#include "upstream/endpoint.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "base/address.h"
#include "base/assert.h"
#include "base/ids.h"
#include "base/time.h"
#include "observe/pool_metrics.h"

namespace causeway::upstream {

std::string_view name_of(EndpointState state) noexcept {
  switch (state) {
    case EndpointState::healthy:
      return "healthy";
    case EndpointState::unhealthy:
      return "unhealthy";
    case EndpointState::ejected:
      return "ejected";
  }
  CW_ASSERT(false);  // not an EndpointState
}

std::string_view name_of(StateReason reason) noexcept {
  switch (reason) {
    case StateReason::unproven:
      return "unproven";
    case StateReason::check_failed:
      return "check_failed";
    case StateReason::check_passed:
      return "check_passed";
    case StateReason::connect_failures:
      return "connect_failures";
    case StateReason::ejection_over:
      return "ejection_over";
  }
  CW_ASSERT(false);  // not a StateReason
}

Endpoint::Endpoint(base::EndpointId id, base::Address address, std::size_t workers, Instant now)
    : id_(id),
      workers_(workers),
      cells_(std::make_unique<observe::EndpointMetrics[]>(workers)),
      since_(now),
      address_(std::move(address)),
      name_(address_.to_text()) {}

void Endpoint::change_state(EndpointState state, StateReason reason, Instant now) noexcept {
  state_.store(state, std::memory_order_relaxed);
  reason_.store(reason, std::memory_order_relaxed);
  since_.store(now, std::memory_order_relaxed);
  changes_[static_cast<std::size_t>(reason)].add();
}

Endpoint::Slot Endpoint::take_slot() noexcept {
  const std::uint32_t max = max_connections();
  if (max == 0) return Slot::uncounted;
  std::uint32_t taken = slots_taken_.load(std::memory_order_seq_cst);
  while (taken < max) {
    if (slots_taken_.compare_exchange_weak(taken, taken + 1, std::memory_order_seq_cst))
      return Slot::counted;
  }
  return Slot::none;
}

std::uint32_t Endpoint::active() const noexcept {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < workers_; ++i) sum += cells_[i].active.value();
  return static_cast<std::uint32_t>(std::max<std::int64_t>(sum, 0));
}

EndpointPtr make_endpoint(base::EndpointId id, base::Address address, std::size_t workers,
                          Instant now) {
  return std::make_shared<Endpoint>(id, std::move(address), workers, now);
}

bool is_last(const EndpointPtr& endpoint) noexcept { return endpoint.use_count() == 1; }

}  // namespace causeway::upstream
