// SPDX-License-Identifier: Apache-2.0
// Listeners among themselves and with what they are told to do.
#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <string_view>
#include <utility>

#include "base/address.h"
#include "control/checks.h"
#include "control/diagnostic.h"
#include "control/draft.h"
#include "control/source_text.h"
#include "model/listener.h"

namespace causeway::control {
namespace {

using model::Protocol;
using model::TlsMode;

// Who listens on one port of one protocol.
struct Port {
  std::map<base::IpAddress, const ListenerDraft*> exact;
  const ListenerDraft* every_v4 = nullptr;
  const ListenerDraft* every = nullptr;  // [::], which takes both families
};

// Whoever already takes connections that `ip` would take; nullptr if nobody does.
const ListenerDraft* find_clash(const Port& port, const base::IpAddress& ip) {
  const auto found = port.exact.find(ip);
  if (found != port.exact.end()) return found->second;
  if (port.every != nullptr) return port.every;
  if (!ip.is_unspecified()) return ip.is_v4() ? port.every_v4 : nullptr;
  if (port.every_v4 != nullptr) return port.every_v4;
  for (const auto& [taken, owner] : port.exact) {
    if (taken.is_v4() || !ip.is_v4()) return owner;
  }
  return nullptr;
}

class Ports {
 public:
  // Records where the listener is bound; returns the one that is in its way.
  const ListenerDraft* claim(const ListenerDraft& listener) {
    if (const auto* unix_socket = listener.bind.unix_socket()) {
      return unix_paths_.emplace(unix_socket->path, &listener).first->second;
    }
    const base::SocketAddress* address = listener.bind.socket();
    if (address == nullptr || address->port == 0) return &listener;  // the kernel picks one
    Port& port = ports_[{listener.protocol, address->port}];
    const ListenerDraft* clash = find_clash(port, address->ip);
    if (clash != nullptr) return clash;
    if (!address->ip.is_unspecified())
      port.exact.emplace(address->ip, &listener);
    else if (address->ip.is_v4())
      port.every_v4 = &listener;
    else
      port.every = &listener;
    return &listener;
  }

 private:
  std::map<std::pair<Protocol, std::uint16_t>, Port> ports_;
  std::map<std::string_view, const ListenerDraft*> unix_paths_;
};

void check_bind(const ListenerDraft& listener, Ports& ports, Diagnostics& diagnostics) {
  const Place place = place_of(listener.node, "bind");
  if (listener.protocol == Protocol::udp && listener.bind.unix_socket() != nullptr) {
    diagnostics.add(
        {.code = Code::conflicting_keys,
         .place = place,
         .message = fmt::format("{}: a unix socket takes protocol tcp only", title_of(listener))});
  }
  const ListenerDraft* first = ports.claim(listener);
  if (first == &listener) return;
  const bool is_same = first->bind == listener.bind;
  diagnostics.add(
      {.code = Code::port_clash,
       .place = place,
       .message = fmt::format("{} cannot bind `{}`: `{}` of {} {}", title_of(listener),
                              listener.bind.to_text(), first->bind.to_text(), title_of(*first),
                              is_same ? "is the same" : "overlaps it"),
       .note = Note{.text = "bound first", .place = place_of(first->node, "bind")}});
}

void check_names(const Draft& draft, Diagnostics& diagnostics) {
  std::map<std::string_view, const ListenerDraft*> names;
  for (const ListenerDraft& listener : draft.listeners) {
    if (listener.name.empty()) continue;  // it has none, which has been said
    const auto [first, is_new] = names.emplace(listener.name, &listener);
    if (is_new) continue;
    diagnostics.add(
        {.code = Code::duplicate_name,
         .place = place_of(listener.node, "name"),
         .message = fmt::format("two listeners are called `{}`", listener.name),
         .note = Note{.text = "first defined", .place = place_of(first->second->node, "name")}});
  }
}

void warn_no_effect(const ListenerDraft& listener, std::string_view key, std::string_view why,
                    Diagnostics& diagnostics) {
  if (listener.node == nullptr || listener.node->find(key) == nullptr) return;
  diagnostics.add(
      {.code = Code::no_effect,
       .place = place_of(listener.node, key),
       .message = fmt::format("`{}` of {} has no effect: {}", key, title_of(listener), why)});
}

void check_options(const ListenerDraft& listener, Diagnostics& diagnostics) {
  if (listener.bind.unix_socket() == nullptr) {
    warn_no_effect(listener, "unix_mode", "it is not bound to a unix socket", diagnostics);
  }
  if (listener.protocol == Protocol::udp) {
    for (const std::string_view key :
         {"backlog", "tcp_nodelay", "tcp_quickack", "tcp_fast_open", "accept_proxy"}) {
      warn_no_effect(listener, key, "its protocol is udp", diagnostics);
    }
    if (listener.tls != TlsMode::off) {
      diagnostics.add({.code = Code::conflicting_keys,
                       .place = place_of(listener.node, "tls"),
                       .message = fmt::format("{}: `tls` needs protocol tcp", title_of(listener))});
    }
  } else if (listener.accept_proxy.from.empty()) {
    warn_no_effect(listener, "accept_proxy", "`from` names nobody", diagnostics);
  }
}

}  // namespace

void check_listeners(const Draft& draft, Diagnostics& diagnostics) {
  check_names(draft, diagnostics);
  Ports ports;
  for (const ListenerDraft& listener : draft.listeners) {
    check_bind(listener, ports, diagnostics);
    if (listener.is_sound) check_options(listener, diagnostics);
  }
}

}  // namespace causeway::control
