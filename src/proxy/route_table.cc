// SPDX-License-Identifier: Apache-2.0
#include "proxy/route_table.h"

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "model/listener.h"
#include "wire/tls_hello.h"

namespace causeway::proxy {
namespace {

bool offers_any(const wire::AlpnList& offered, const std::vector<std::string>& wanted) {
  return std::ranges::any_of(
      wanted, [&](const std::string& protocol) { return offered.contains(protocol); });
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

RouteTable::RouteTable(const model::Listener& listener) {
  for (const model::Route& route : listener.routes) {
    if (route.match.sni.empty()) add(any_name_, route);
    for (const std::string& name : route.match.sni) {
      const std::string_view view = name;
      add(view.starts_with("*.") ? wildcard_[view.substr(2)] : exact_[view], route);
    }
  }
  const auto sort = [](Candidates& candidates) { std::ranges::sort(candidates, is_more_specific); };
  for (auto& [name, candidates] : exact_) sort(candidates);
  for (auto& [name, candidates] : wildcard_) sort(candidates);
  sort(any_name_);
}

void RouteTable::add(Candidates& candidates, const model::Route& route) {
  if (route.match.source.empty()) candidates.push_back({.route = &route, .source = nullptr});
  for (const base::Network& source : route.match.source)
    candidates.push_back({.route = &route, .source = &source});
}

bool RouteTable::is_more_specific(const Candidate& a, const Candidate& b) {
  const bool a_has_alpn = !a.route->match.alpn.empty();
  const bool b_has_alpn = !b.route->match.alpn.empty();
  if (a_has_alpn != b_has_alpn) return a_has_alpn;
  const int a_bits = a.source != nullptr ? a.source->prefix_bits() : -1;
  const int b_bits = b.source != nullptr ? b.source->prefix_bits() : -1;
  if (a_bits != b_bits) return a_bits > b_bits;
  return std::less<>{}(a.route, b.route);  // they lie in one vector, in the order of the file
}

const model::Route* RouteTable::first_match(const Candidates& candidates, const RouteInput& input) {
  for (const Candidate& candidate : candidates) {
    const model::RouteMatch& match = candidate.route->match;
    if (!match.alpn.empty() && !offers_any(input.alpn, match.alpn)) continue;
    if (candidate.source != nullptr && !candidate.source->contains(input.source)) continue;
    return candidate.route;
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
