// SPDX-License-Identifier: Apache-2.0
#include "proxy/route_table.h"

#include <algorithm>
#include <functional>
#include <string>

namespace causeway::proxy {
namespace {

bool offers_any(const wire::AlpnList& offered, const std::vector<std::string>& wanted) {
  return std::ranges::any_of(wanted, [&](const std::string& protocol) { return offered.contains(protocol); });
}

// The longest prefix decides between routes for sources; one without sources is the widest.
int source_bits(const model::Route& route) {
  int bits = -1;
  for (const base::Network& network : route.match.source) bits = std::max<int>(bits, network.prefix_bits());
  return bits;
}

bool is_more_specific(const model::Route* a, const model::Route* b) {
  if (a->match.alpn.empty() != b->match.alpn.empty()) return b->match.alpn.empty();
  if (source_bits(*a) != source_bits(*b)) return source_bits(*a) > source_bits(*b);
  return std::less<>{}(a, b);  // they lie in one vector, in the order of the file
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

RouteTable::RouteTable(const model::Listener& listener) {
  for (const model::Route& route : listener.routes) {
    if (route.match.sni.empty()) any_name_.push_back(&route);
    for (const std::string& name : route.match.sni) {
      const std::string_view view = name;
      Candidates& candidates = view.starts_with("*.") ? wildcard_[view.substr(2)] : exact_[view];
      candidates.push_back(&route);
    }
  }
  const auto sort = [](Candidates& candidates) { std::ranges::sort(candidates, is_more_specific); };
  for (auto& [name, candidates] : exact_) sort(candidates);
  for (auto& [name, candidates] : wildcard_) sort(candidates);
  sort(any_name_);
}

const model::Route* RouteTable::first_match(const Candidates& candidates, const RouteInput& input) {
  for (const model::Route* route : candidates) {
    const model::RouteMatch& match = route->match;
    if (!match.alpn.empty() && !offers_any(input.alpn, match.alpn)) continue;
    if (!match.source.empty() && !base::any_contains(match.source, input.source)) continue;
    return route;
  }
  return nullptr;
}

const model::Route* RouteTable::find(const RouteInput& input) const {
  if (!input.sni.empty()) {
    std::string name(input.sni);
    std::ranges::transform(name, name.begin(), lower);
    if (const auto exact = exact_.find(name); exact != exact_.end()) {
      if (const auto* route = first_match(exact->second, input)) return route;
    }
    // The longest wildcard first: one label after the other is taken off the front.
    for (auto dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
      const auto wildcard = wildcard_.find(std::string_view(name).substr(dot + 1));
      if (wildcard == wildcard_.end()) continue;
      if (const auto* route = first_match(wildcard->second, input)) return route;
    }
  }
  return first_match(any_name_, input);
}

}  // namespace causeway::proxy
