// SPDX-License-Identifier: Apache-2.0
// The directory's part about states: who is healthy, unhealthy or ejected, and why.
#include <algorithm>
#include <cstddef>
#include <string>

#include "base/error.h"
#include "base/ids.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "model/pool.h"
#include "observe/log_field.h"
#include "observe/log_options.h"
#include "runtime/sleep.h"
#include "runtime/task.h"
#include "upstream/directory.h"
#include "upstream/ejection.h"
#include "upstream/endpoint.h"
#include "upstream/health_check.h"
#include "upstream/internal/directory_records.h"
#include "upstream/members.h"

namespace causeway::upstream {
namespace {

constexpr std::size_t kPoolNamesMax = 4;  // in one line of the log

}  // namespace

// On the worker's loop. A report that finds no room is dropped: as long as the endpoint keeps
// failing, the next one is not far.
void Directory::on_failing(base::PoolId pool, base::EndpointId endpoint) {
  static_cast<void>(
      parts_.control.post([this, pool, endpoint] { consider_ejection(pool, endpoint); }));
}

void Directory::consider_ejection(base::PoolId pool, base::EndpointId endpoint) {
  const auto found = endpoints_by_id_.find(endpoint);
  if (found == endpoints_by_id_.end()) return;  // left meanwhile
  EndpointRecord& record = *found->second;
  if (record.endpoint->state() != EndpointState::healthy) return;

  const PoolRecord& reporting = *pools_[pool.index()];
  const model::Ejection& rule = reporting.shared.spec.ejection;
  if (record.endpoint->failures() < rule.consecutive_failures) return;  // it answered meanwhile
  PoolStanding standing;
  bool is_member = false;
  for (const Members::Entry& member : reporting.members->entries) {
    const EndpointState state = member.endpoint->state();
    ++standing.members;
    if (state == EndpointState::healthy) ++standing.healthy;
    if (state == EndpointState::ejected) ++standing.ejected;
    is_member = is_member || member.endpoint == record.endpoint;
  }
  if (!is_member || !may_eject(rule, standing)) return;

  const Instant now = parts_.control.now();
  record.passed_while_ejected = 0;
  parts_.control.arm(record.ejection, now + record.ejections.begin(rule, now));
  settle_state(record, StateReason::connect_failures);
}

void Directory::on_ejection_over(EndpointRecord& endpoint) {
  endpoint.endpoint->forget_failures();
  settle_state(endpoint, StateReason::ejection_over);
}

// Begins to check an endpoint that should be and is not. The task ends by itself when it should no
// longer.
void Directory::check_if_wanted(EndpointRecord& endpoint) {
  if (scope_ == nullptr || endpoint.is_watched || !endpoint.health) return;
  endpoint.is_watched = true;
  scope_->spawn(watch_health(endpoint));
}

runtime::Task<void> Directory::watch_health(EndpointRecord& endpoint) {
  base::Random& random = parts_.control.random();
  Duration wait = delay_before_first_check(*endpoint.health, random);
  for (;;) {
    const auto slept = co_await runtime::sleep_for(wait);
    if (!slept || !endpoint.health) break;
    const auto passed = co_await check_connect(parts_.dialer, endpoint.endpoint->address(),
                                               endpoint.health->timeout);
    if (!passed && passed.error().code == Errc::cancelled) break;
    if (!endpoint.health) break;
    on_checked(endpoint, passed);
    wait = delay_before_next_check(*endpoint.health, random);
  }
  endpoint.is_watched = false;
}

void Directory::on_checked(EndpointRecord& endpoint, const Result<void>& passed) {
  // What stands in our own way says nothing about the endpoint.
  if (!passed && passed.error().side == Side::local) return;
  if (!passed) {
    parts_.log.debug("check of endpoint {endpoint} failed: {error}",
                     observe::field("endpoint", endpoint.endpoint->name()),
                     observe::field("error", passed.error()));
  }
  end_ejection_if_proven(endpoint, passed.has_value());
  const auto verdict = endpoint.tally.on_check(*endpoint.health, passed.has_value());
  if (!verdict) return;
  endpoint.is_failing_checks = *verdict == Verdict::unhealthy;
  // What checks have found is better founded than an ejection, and takes its place.
  endpoint.ejection.disarm();
  endpoint.endpoint->forget_failures();
  settle_state(endpoint,
               endpoint.is_failing_checks ? StateReason::check_failed : StateReason::check_passed);
}

// An ejection waits for a time because nothing else tells when the endpoint is back. Where checks
// do, as many of them in a row as would make an unhealthy endpoint healthy end it.
void Directory::end_ejection_if_proven(EndpointRecord& endpoint, bool passed) {
  if (!endpoint.ejection.is_armed()) return;
  endpoint.passed_while_ejected = passed ? endpoint.passed_while_ejected + 1 : 0;
  if (endpoint.passed_while_ejected < endpoint.health->healthy_threshold) return;
  endpoint.ejection.disarm();
  endpoint.endpoint->forget_failures();
  settle_state(endpoint, StateReason::check_passed);
}

// Puts into force what is known of an endpoint, says so and tells the pools.
void Directory::settle_state(EndpointRecord& record, StateReason reason) {
  Endpoint& endpoint = *record.endpoint;
  const EndpointState from = endpoint.state();
  EndpointState to = EndpointState::healthy;
  if (record.is_failing_checks) {
    to = EndpointState::unhealthy;
  } else if (record.ejection.is_armed()) {
    to = EndpointState::ejected;
  }
  if (to == from) return;

  endpoint.change_state(to, reason, parts_.control.now());
  const auto level =
      to == EndpointState::healthy ? observe::LogLevel::info : observe::LogLevel::warn;
  parts_.log.write(level, "endpoint {endpoint} of {pools} is {to}, was {from}: {reason}",
                   observe::field("endpoint", endpoint.name()),
                   observe::field("pools", pool_names_of(record)),
                   observe::field("to", name_of(to)), observe::field("from", name_of(from)),
                   observe::field("reason", name_of(reason)));
  for (const EndpointRecord::Use& use : record.uses) publish(*pools_[use.pool.index()]);
}

std::string Directory::pool_names_of(const EndpointRecord& endpoint) const {
  std::string names;
  for (std::size_t i = 0; i < std::min(endpoint.uses.size(), kPoolNamesMax); ++i) {
    if (i > 0) names.append(",");
    names.append(pools_[endpoint.uses[i].pool.index()]->shared.spec.name);
  }
  if (endpoint.uses.size() > kPoolNamesMax) names.append(",...");
  return names.empty() ? "-" : names;
}

}  // namespace causeway::upstream
