// SPDX-License-Identifier: Apache-2.0
#include "control/compile.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "base/assert.h"
#include "base/ids.h"
#include "control/draft.h"
#include "model/listener.h"
#include "model/pool.h"
#include "model/snapshot.h"

namespace causeway::control {
namespace {

using PoolIds = std::map<std::string_view, base::PoolId>;

base::PoolId id_of(const PoolIds& ids, std::string_view name) {
  const auto found = ids.find(name);
  CW_ASSERT(found != ids.end());
  return found->second;
}

model::Listener compile_listener(const ListenerDraft& draft, const PoolIds& ids) {
  const model::Listener& shared = draft;
  model::Listener listener = shared;
  if (draft.pool) listener.routes.push_back({.match = {}, .pool = id_of(ids, *draft.pool)});
  for (const RouteDraft& route : draft.route_drafts) {
    listener.routes.push_back({.match = route.match, .pool = id_of(ids, route.pool)});
  }
  CW_ASSERT(!listener.routes.empty());
  return listener;
}

model::Pool compile_pool(const PoolDraft& draft) {
  const model::Pool& shared = draft;
  model::Pool pool = shared;
  pool.endpoints.reserve(draft.endpoint_drafts.size());
  for (const model::Endpoint& endpoint : draft.endpoint_drafts) pool.endpoints.push_back(endpoint);
  CW_ASSERT(!pool.endpoints.empty());
  return pool;
}

}  // namespace

model::SnapshotPtr compile(const Draft& draft) {
  auto snapshot = std::make_shared<model::Snapshot>();
  snapshot->workers = draft.workers;
  snapshot->affinity = draft.affinity;
  snapshot->limits = draft.limits;
  snapshot->timeouts = draft.timeouts;
  snapshot->dns = draft.dns;
  snapshot->logging = draft.logging;
  PoolIds ids;
  for (const PoolDraft& pool : draft.pools) {
    ids.emplace(pool.name, base::PoolId(static_cast<std::uint32_t>(snapshot->pools.size())));
    snapshot->pools.push_back(compile_pool(pool));
  }
  for (const ListenerDraft& listener : draft.listeners) {
    snapshot->listeners.push_back(compile_listener(listener, ids));
  }
  return snapshot;
}

}  // namespace causeway::control
