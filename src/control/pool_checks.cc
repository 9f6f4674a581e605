// SPDX-License-Identifier: Apache-2.0
// Pools, the names that lead to them, and their endpoints: an endpoint is one thing, wherever it is
// named.
#include <fmt/format.h>

#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/units.h"
#include "control/checks.h"
#include "control/diagnostic.h"
#include "control/document.h"
#include "control/draft.h"
#include "control/source_text.h"
#include "control/spelling.h"
#include "model/listener.h"
#include "model/pool.h"

namespace causeway::control {
namespace {

using model::Protocol;

using PoolIndex = std::map<std::string_view, const PoolDraft*>;

struct Named {
  const PoolDraft* pool;
  const EndpointDraft* endpoint;
};
using EndpointIndex = std::map<base::Address, std::vector<Named>>;

PoolIndex index_pools(const Draft& draft, Diagnostics& diagnostics) {
  PoolIndex pools;
  for (const PoolDraft& pool : draft.pools) {
    if (pool.name.empty()) continue;  // it has none, which has been said
    const auto [first, is_new] = pools.emplace(pool.name, &pool);
    if (is_new) continue;
    diagnostics.add(
        {.code = Code::duplicate_name,
         .place = place_of(pool.node, "name"),
         .message = fmt::format("two pools are called `{}`", pool.name),
         .note = Note{.text = "first defined", .place = place_of(first->second->node, "name")}});
  }
  return pools;
}

// The names that are used, once each; those that lead nowhere are reported.
class Uses {
 public:
  Uses(const Draft& draft, const PoolIndex& pools, Diagnostics& diagnostics)
      : pools_(pools), diagnostics_(diagnostics) {
    for (const ListenerDraft& listener : draft.listeners) {
      if (listener.pool) use(*listener.pool, listener.node);
      for (const RouteDraft& route : listener.route_drafts) use(route.pool, route.node);
    }
  }
  [[nodiscard]] bool contain(std::string_view name) const { return used_.contains(name); }

 private:
  void use(std::string_view name, const Node* node) {
    if (name.empty()) return;  // it could not be read, which has been said
    used_.insert(name);
    if (pools_.contains(name)) return;
    std::string hint;
    if (!diagnostics_.is_full()) {
      std::vector<std::string_view> names;
      for (const auto& [known, pool] : pools_) names.push_back(known);
      const auto near = nearest(name, names);
      if (!near.empty()) hint = fmt::format("did you mean `{}`?", near);
    }
    diagnostics_.add({.code = Code::dangling_name,
                      .place = place_of(node, "pool"),
                      .message = fmt::format("no pool is called `{}`", name),
                      .hint = std::move(hint)});
  }

  const PoolIndex& pools_;
  Diagnostics& diagnostics_;
  std::set<std::string_view> used_;
};

void check_ejection(const PoolDraft& pool, Diagnostics& diagnostics) {
  if (!pool.is_sound || pool.ejection.base_time <= pool.ejection.max_time) return;
  diagnostics.add(
      {.code = Code::out_of_range,
       .place = place_of(pool.node, "ejection"),
       .message = fmt::format("`base_time` ({}) is more than `max_time` ({}) in pool `{}`",
                              base::format_duration(pool.ejection.base_time),
                              base::format_duration(pool.ejection.max_time), pool.name)});
}

std::string_view conflict_of(const Named& a, const Named& b) {
  if (a.endpoint->max_connections != b.endpoint->max_connections) return "max_connections";
  if (a.pool->health != b.pool->health) return "health";
  return {};
}

void check_endpoint(const Named& now, const Named& first, Diagnostics& diagnostics) {
  const std::string address = now.endpoint->address.to_text();
  const Place place = place_of(now.endpoint->node, "address");
  const Note note = {.text = "first named", .place = place_of(first.endpoint->node, "address")};
  if (first.pool == now.pool) {
    diagnostics.add(
        {.code = Code::duplicate_name,
         .place = place,
         .message = fmt::format("endpoint `{}` is twice in pool `{}`", address, now.pool->name),
         .hint = "give it a larger `weight` instead",
         .note = note});
    return;
  }
  const auto key = conflict_of(now, first);
  if (key.empty()) return;
  diagnostics.add(
      {.code = Code::endpoint_conflict,
       .place = place,
       .message = fmt::format("endpoint `{}` has another `{}` in pool `{}` than in pool "
                              "`{}`",
                              address, key, now.pool->name, first.pool->name),
       .hint = "an endpoint is one thing, counted and probed once for all pools",
       .note = note});
}

EndpointIndex index_endpoints(const Draft& draft, Diagnostics& diagnostics) {
  EndpointIndex endpoints;
  for (const PoolDraft& pool : draft.pools) {
    if (!pool.is_sound) continue;
    for (const EndpointDraft& endpoint : pool.endpoint_drafts) {
      auto& named = endpoints[endpoint.address];
      named.push_back({.pool = &pool, .endpoint = &endpoint});
      // The last two are enough: a difference shows between neighbours.
      if (named.size() > 1) check_endpoint(named.back(), named[named.size() - 2], diagnostics);
    }
  }
  return endpoints;
}

// The addresses at which an endpoint would reach the listener itself.
std::vector<base::Address> own_addresses(const ListenerDraft& listener) {
  const base::SocketAddress* bound = listener.bind.socket();
  if (bound == nullptr) return {listener.bind};
  if (bound->port == 0) return {};
  std::vector<base::Address> own;
  const auto v4 = base::IpAddress::from_v4({127, 0, 0, 1});
  const auto v6 = base::IpAddress::from_v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
  const bool is_every = bound->ip.is_unspecified();
  if (!is_every) own.emplace_back(listener.bind);
  if (is_every) own.emplace_back(base::SocketAddress{.ip = v4, .port = bound->port});
  if (is_every && !bound->ip.is_v4()) {
    own.emplace_back(base::SocketAddress{.ip = v6, .port = bound->port});
  }
  if (is_every || bound->ip.is_loopback()) {
    own.emplace_back(base::NamedAddress{.host = "localhost", .port = bound->port});
  }
  return own;
}

void check_loops(const Draft& draft, const EndpointIndex& endpoints, Diagnostics& diagnostics) {
  for (const ListenerDraft& listener : draft.listeners) {
    if (listener.bind == base::Address()) continue;
    std::set<std::string_view> pools;
    for (const auto name : pools_of(listener)) pools.insert(name);
    for (const base::Address& address : own_addresses(listener)) {
      const auto found = endpoints.find(address);
      if (found == endpoints.end()) continue;
      for (const Named& named : found->second) {
        if (!pools.contains(named.pool->name)) continue;
        diagnostics.add(
            {.code = Code::self_forward,
             .place = place_of(named.endpoint->node, "address"),
             .message = fmt::format("endpoint `{}` of pool `{}` is {} itself: a loop",
                                    address.to_text(), named.pool->name, title_of(listener)),
             .note = Note{.text = "bound here", .place = place_of(listener.node, "bind")}});
      }
    }
  }
}

// What a pool cannot do for a listener of udp.
void check_udp(const Draft& draft, const PoolIndex& pools, Diagnostics& diagnostics) {
  std::set<const PoolDraft*> seen;
  for (const ListenerDraft& listener : draft.listeners) {
    if (listener.protocol != Protocol::udp) continue;
    for (const auto name : pools_of(listener)) {
      const auto found = pools.find(name);
      if (found == pools.end() || !seen.insert(found->second).second) continue;
      const PoolDraft& pool = *found->second;
      for (const EndpointDraft& endpoint : pool.endpoint_drafts) {
        if (endpoint.address.unix_socket() == nullptr) continue;
        diagnostics.add(
            {.code = Code::conflicting_keys,
             .place = place_of(endpoint.node, "address"),
             .message = fmt::format("{} is udp, and endpoint `{}` of pool `{}` "
                                    "is a unix socket, which takes tcp only",
                                    title_of(listener), endpoint.address.to_text(), pool.name)});
      }
      if (pool.send_proxy != model::SendProxy::v1) continue;
      diagnostics.add({.code = Code::conflicting_keys,
                       .place = place_of(pool.node, "send_proxy"),
                       .message = fmt::format("{} is udp, and `send_proxy` of pool `{}` is v1, "
                                              "which only streams can carry",
                                              title_of(listener), pool.name),
                       .hint = "v2 goes in front of each datagram"});
    }
  }
}

}  // namespace

void check_pools(const Draft& draft, Diagnostics& diagnostics) {
  const PoolIndex pools = index_pools(draft, diagnostics);
  const Uses uses(draft, pools, diagnostics);
  for (const PoolDraft& pool : draft.pools) {
    check_ejection(pool, diagnostics);
    if (pool.name.empty() || uses.contain(pool.name)) continue;
    diagnostics.add({.code = Code::unused_pool,
                     .place = place_of(pool.node, "name"),
                     .message = fmt::format("no listener uses pool `{}`", pool.name)});
  }
  const EndpointIndex endpoints = index_endpoints(draft, diagnostics);
  check_loops(draft, endpoints, diagnostics);
  check_udp(draft, pools, diagnostics);
}

}  // namespace causeway::control
