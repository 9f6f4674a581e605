// SPDX-License-Identifier: Apache-2.0
// The directory's part about names: one task for each host, however many pools and ports name it.
#include <algorithm>
#include <chrono>
#include <utility>

#include "base/error.h"
#include "base/time.h"
#include "model/snapshot.h"
#include "observe/log_field.h"
#include "runtime/limits.h"
#include "runtime/sleep.h"
#include "runtime/task.h"
#include "upstream/directory.h"
#include "upstream/internal/directory_records.h"

namespace causeway::upstream {
namespace {

// Of one question with all its repetitions; a resolver has its own, shorter, limits.
constexpr Duration kResolveMax = std::chrono::seconds(30);

}  // namespace

runtime::Task<void> Directory::watch_name(NameRecord& name) {
  const model::Dns& rule = parts_.snapshot->dns;
  for (;;) {
    auto asking = parts_.resolver.resolve(name.host);
    auto answer = co_await runtime::within(kResolveMax, std::move(asking));
    if (!answer && answer.error().code == Errc::cancelled) co_return;
    Duration wait{};
    if (answer && !answer->addresses.empty()) {
      wait = name.schedule.after_answer(rule, answer->ttl);
      on_resolved(name, *std::move(answer));
    } else {
      wait = name.schedule.after_failure(rule, parts_.control.random());
      on_unresolved(name, answer ? Error{.code = Errc::dns_not_found} : answer.error());
    }
    const auto slept = co_await runtime::sleep_for(wait);
    if (!slept) co_return;
  }
}

void Directory::on_resolved(NameRecord& name, net::Resolved answer) {
  if (answer.addresses.size() > net::Resolver::kAddressesMax)
    answer.addresses.resize(net::Resolver::kAddressesMax);
  // Servers turn the order of their answers around each time; that is not a change.
  std::ranges::sort(answer.addresses);
  const auto repeated = std::ranges::unique(answer.addresses);
  answer.addresses.erase(repeated.begin(), repeated.end());

  const bool is_first = !std::exchange(name.is_answered, true);
  const bool was_away = std::exchange(name.is_away, false);
  if (was_away) parts_.log.info("name {name} resolves again", observe::field("name", name.host));
  if (!is_first && answer.addresses == name.addresses) return;
  parts_.log.info("name {name} has {count} addresses, had {before}",
                  observe::field("name", name.host),
                  observe::field("count", answer.addresses.size()),
                  observe::field("before", name.addresses.size()));
  name.addresses = std::move(answer.addresses);
  rebuild_pools_of(name);
}

// What was known stays in use, also when the name is said not to exist: a mistake in a zone, or a
// resolver that lost its upstream, must not take a pool down that works.
void Directory::on_unresolved(NameRecord& name, const Error& error) {
  const bool is_first = !std::exchange(name.is_answered, true);
  if (!std::exchange(name.is_away, true)) {
    parts_.log.warn("name {name} cannot be resolved: {error}; {kept} known addresses stay in use",
                    observe::field("name", name.host), observe::field("error", error),
                    observe::field("kept", name.addresses.size()));
  }
  if (is_first) rebuild_pools_of(name);  // those that wait for the first answer now have it
}

void Directory::rebuild_pools_of(NameRecord& name) {
  for (PoolRecord* pool : name.pools) rebuild(*pool);
}

}  // namespace causeway::upstream
