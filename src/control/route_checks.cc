// SPDX-License-Identifier: Apache-2.0
// The routes of one listener: whether there are any, and whether each can ever be taken.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/checks.h"
#include "control/diagnostic.h"
#include "control/document.h"
#include "control/draft.h"
#include "control/source_text.h"
#include "model/listener.h"

namespace causeway::control {
namespace {

using model::Protocol;
using model::RouteMatch;
using model::TlsMode;

// Whether every value of `later` is one of `earlier`. An absent condition covers only an absent
// one: where it is present the route is more specific and wins.
template <class T>
bool covers(const std::vector<T>& earlier, const std::vector<T>& later) {
  if (earlier.empty() || later.empty()) return earlier.empty() && later.empty();
  return std::ranges::all_of(
      later, [&](const T& value) { return std::ranges::find(earlier, value) != earlier.end(); });
}

bool covers(const RouteMatch& earlier, const RouteMatch& later) {
  return covers(earlier.sni, later.sni) && covers(earlier.alpn, later.alpn) &&
         covers(earlier.source, later.source);
}

void unreachable(const ListenerDraft& listener, const Place& place, std::string what,
                 std::string hint, Diagnostics& diagnostics) {
  diagnostics.add(
      {.code = Code::unreachable_route,
       .place = place,
       .message = fmt::format("this route of {} is never taken: {}", title_of(listener), what),
       .hint = std::move(hint)});
}

// Matches on what this listener never sees.
void check_conditions(const ListenerDraft& listener, const RouteDraft& route,
                      Diagnostics& diagnostics) {
  const bool needs_tls = !route.match.sni.empty() || !route.match.alpn.empty();
  const std::string_view key = route.match.sni.empty() ? "alpn" : "sni";
  const Node* match = route.node == nullptr ? nullptr : route.node->find("match");
  if (needs_tls && listener.protocol == Protocol::udp) {
    unreachable(listener, place_of(match, key), fmt::format("there is no `{}` in udp", key), {},
                diagnostics);
  } else if (needs_tls && listener.tls == TlsMode::off) {
    unreachable(listener, place_of(match, key),
                fmt::format("nobody looks for `{}` while `tls` is off", key),
                "add `tls: passthrough` to the listener", diagnostics);
  }
  if (!route.match.source.empty() && listener.bind.unix_socket() != nullptr &&
      listener.accept_proxy.from.empty()) {
    unreachable(listener, place_of(match, "source"), "a unix socket has no source addresses", {},
                diagnostics);
  }
}

// Earlier routes are found by their first server name: a route that covers another has all of its
// names, so it stands in the list of any of them.
class Earlier {
 public:
  const RouteDraft* find_cover(const RouteDraft& route) const {
    const auto found = by_name_.find(route.match.sni.empty() ? "" : route.match.sni.front());
    if (found == by_name_.end()) return nullptr;
    for (const RouteDraft* earlier : found->second) {
      if (covers(earlier->match, route.match)) return earlier;
    }
    return nullptr;
  }

  void add(const RouteDraft& route) {
    if (route.match.sni.empty()) by_name_[""].push_back(&route);
    for (const std::string& name : route.match.sni) by_name_[name].push_back(&route);
  }

 private:
  std::map<std::string_view, std::vector<const RouteDraft*>> by_name_;
};

void check_order(const ListenerDraft& listener, Diagnostics& diagnostics) {
  Earlier earlier;
  for (const RouteDraft& route : listener.route_drafts) {
    const RouteDraft* cover = earlier.find_cover(route);
    if (cover == nullptr) {
      earlier.add(route);
      continue;
    }
    diagnostics.add(
        {.code = Code::unreachable_route,
         .place = place_of(route.node, "match"),
         .message = route.match.is_default()
                        ? fmt::format("{} has two routes without a match", title_of(listener))
                        : fmt::format("this route of {} is never taken: an earlier one "
                                      "matches all of it",
                                      title_of(listener)),
         .note = Note{.text = "taken instead", .place = place_of(cover->node, "match")}});
  }
}

}  // namespace

void check_routes(const ListenerDraft& listener, Diagnostics& diagnostics) {
  if (listener.node == nullptr || listener.node->kind != Node::Kind::map) return;
  const bool has_pool = listener.node->find("pool") != nullptr;
  const bool has_routes = listener.node->find("routes") != nullptr;
  if (!has_pool && !has_routes) {
    diagnostics.add({.code = Code::missing_key,
                     .place = listener.node->place,
                     .message = fmt::format("missing key `pool` in {}", title_of(listener)),
                     .hint = "or `routes`, to choose among several pools"});
  }
  if (has_pool && has_routes) {
    diagnostics.add({.code = Code::conflicting_keys,
                     .place = place_of(listener.node, "routes"),
                     .message = fmt::format("{} has both `pool` and `routes`", title_of(listener)),
                     .hint = "a route without `match` takes what the others leave",
                     .note = Note{.text = "the pool", .place = place_of(listener.node, "pool")}});
  }
  if (!listener.is_sound) return;  // what could not be read would be taken for what is not there
  bool matches_tls = false;
  bool has_default = has_pool;
  for (const RouteDraft& route : listener.route_drafts) {
    check_conditions(listener, route, diagnostics);
    matches_tls = matches_tls || !route.match.sni.empty() || !route.match.alpn.empty();
    has_default = has_default || route.match.is_default();
  }
  check_order(listener, diagnostics);
  if (!listener.route_drafts.empty() && !has_default) {
    diagnostics.add(
        {.code = Code::no_default_route,
         .place = place_of(listener.node, "routes"),
         .message = fmt::format("{} refuses what none of its routes match", title_of(listener)),
         .hint = "a route without `match` takes what the others leave"});
  }
  if (listener.tls == TlsMode::passthrough && listener.protocol == Protocol::tcp && !matches_tls) {
    diagnostics.add({.code = Code::no_effect,
                     .place = place_of(listener.node, "tls"),
                     .message = fmt::format("`tls` of {} has no effect: no route matches "
                                            "`sni` or `alpn`",
                                            title_of(listener))});
  }
}

}  // namespace causeway::control
