// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_resolver.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/assert.h"
#include "base/error.h"
#include "base/result.h"
#include "base/time.h"
#include "net/resolver.h"
#include "runtime/sleep.h"
#include "runtime/task.h"

namespace causeway::sim {

void SimResolver::set(std::string host, const std::vector<std::string_view>& ips, Duration ttl) {
  net::Resolved resolved{.addresses = {}, .ttl = ttl};
  for (const std::string_view ip : ips) {
    const auto address = base::IpAddress::parse(ip);
    CW_ASSERT(address.has_value());
    resolved.addresses.push_back(*address);
  }
  CW_ASSERT(!resolved.addresses.empty());
  names_.insert_or_assign(std::move(host), std::move(resolved));
}

Task<Result<net::Resolved>> SimResolver::resolve(std::string host) {
  ++asked_total_;
  const auto waited = co_await runtime::sleep_for(delay_);
  if (!waited) co_return fail(waited);
  if (is_down_) co_return fail(Errc::dns_failed, Side::upstream);
  const auto found = names_.find(host);
  if (found == names_.end()) co_return fail(Errc::dns_not_found, Side::upstream);
  co_return found->second;
}

}  // namespace causeway::sim
