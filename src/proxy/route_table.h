// SPDX-License-Identifier: Apache-2.0
// Which route of a listener takes a connection, by what is known of it: the TLS name and protocols
// that the ClientHello names, and where it comes from. The most specific match wins, wherever it
// stands in the file. Immutable once built; borrows the listener's model, which outlives it.
#pragma once

#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/address.h"
#include "model/listener.h"
#include "wire/tls_hello.h"

namespace causeway::proxy {

// Empty where nothing is known. Views are valid during the call.
struct RouteInput {
  std::string_view sni{};  // either case
  wire::AlpnList alpn{};
  base::IpAddress source{};
};

class RouteTable {
 public:
  explicit RouteTable(const model::Listener& listener);

  // nullptr when no route matches. Valid as long as the model.
  [[nodiscard]] const model::Route* find(const RouteInput& input) const;

 private:
  // One way to match: a route that names several networks is there once for each, since the one
  // that holds the source decides how specific the route is.
  struct Candidate {
    const model::Route* route;
    const base::Network* source;  // nullptr: any
  };
  // Of one name, most specific first.
  using Candidates = std::vector<Candidate>;

  static void add(Candidates& candidates, const model::Route& route);
  [[nodiscard]] static bool is_more_specific(const Candidate& a, const Candidate& b);
  [[nodiscard]] static const model::Route* first_match(const Candidates& candidates,
                                                       const RouteInput& input);

  std::unordered_map<std::string_view, Candidates> exact_;     // "www.example.com"
  std::unordered_map<std::string_view, Candidates> wildcard_;  // "example.com" for "*.example.com"
  Candidates any_name_;
};

}  // namespace causeway::proxy
