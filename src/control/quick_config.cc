// SPDX-License-Identifier: Apache-2.0
#include "control/quick_config.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "control/document.h"

namespace causeway::control {
namespace {

std::string bind_of(const QuickConfig& quick) {
  const bool is_port =
      !quick.from.empty() && quick.from.find_first_not_of("0123456789") == std::string::npos;
  if (!is_port) return quick.from;
  // An IPv6 address needs brackets in front of a port.
  const bool is_bare_v6 =
      quick.listen.find(':') != std::string::npos && !quick.listen.starts_with('[');
  return fmt::format("{}{}{}:{}", is_bare_v6 ? "[" : "", quick.listen, is_bare_v6 ? "]" : "",
                     quick.from);
}

Node typed_in(std::string_view text) { return untyped_node(text, {}); }

}  // namespace

Node quick_document(const QuickConfig& quick) {
  Node listener = map_node();
  listener.set("name", string_node(quick.name));
  listener.set("bind", typed_in(bind_of(quick)));
  listener.set("protocol", string_node(quick.transport == Transport::udp ? "udp" : "tcp"));
  listener.set("pool", string_node(quick.name));
  if (quick.max_connections) listener.set("max_connections", typed_in(*quick.max_connections));

  Node endpoints = list_node();
  for (const std::string& address : quick.to) {
    endpoints.items.push_back(std::move(map_node().set("address", typed_in(address))));
  }
  Node pool = map_node();
  pool.set("name", string_node(quick.name));
  if (quick.balance) pool.set("balance", typed_in(*quick.balance));
  pool.set("endpoints", std::move(endpoints));

  Node document = map_node();
  document.set("listeners", list_node({std::move(listener)}));
  document.set("pools", list_node({std::move(pool)}));
  return document;
}

}  // namespace causeway::control
