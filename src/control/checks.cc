// SPDX-License-Identifier: Apache-2.0
#include "control/checks.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "control/diagnostic.h"
#include "control/document.h"
#include "control/draft.h"
#include "control/source_text.h"
#include "model/limits.h"

namespace causeway::control {

Place place_of(const Node* node, std::string_view key) {
  if (node == nullptr) return {};
  const Node* value = node->find(key);
  return value == nullptr ? node->place : value->place;
}

std::string title_of(const ListenerDraft& listener) {
  return listener.name.empty() ? "this listener" : fmt::format("listener `{}`", listener.name);
}

std::vector<std::string_view> pools_of(const ListenerDraft& listener) {
  std::vector<std::string_view> names;
  if (listener.pool) names.emplace_back(*listener.pool);
  for (const RouteDraft& route : listener.route_drafts) names.emplace_back(route.pool);
  return names;
}

void check_bounds(const Draft& draft, Diagnostics& diagnostics) {
  const model::Limits& limits = draft.limits;
  if (limits.buffer_size_bytes > limits.max_buffer_size_bytes) {
    const Node* map = draft.node->find("limits");
    const bool is_written = map != nullptr && map->find("buffer_size") != nullptr;
    diagnostics.add(
        {.code = Code::out_of_range,
         .place = place_of(map, is_written ? "buffer_size" : "max_buffer_size"),
         .message = fmt::format("`buffer_size` ({}) is more than `max_buffer_size` ({})",
                                base::format_size(limits.buffer_size_bytes),
                                base::format_size(limits.max_buffer_size_bytes))});
  }
  if (draft.dns.ttl_min > draft.dns.ttl_max) {
    diagnostics.add({.code = Code::out_of_range,
                     .place = place_of(draft.node->find("dns"), "ttl_min"),
                     .message = fmt::format("`ttl_min` ({}) is more than `ttl_max` ({})",
                                            base::format_duration(draft.dns.ttl_min),
                                            base::format_duration(draft.dns.ttl_max))});
  }
  const Node* logging = draft.node->find("logging");
  const bool is_stream = draft.logging.target == "stderr" || draft.logging.target == "stdout";
  if (logging == nullptr || !is_stream) return;
  for (const std::string_view key : {"rotation", "max_size", "retention_days", "max_files"}) {
    if (logging->find(key) == nullptr) continue;
    diagnostics.add({.code = Code::no_effect,
                     .place = place_of(logging, key),
                     .message = fmt::format("`{}` has no effect: `{}` is not a file", key,
                                            draft.logging.target),
                     .hint = "set `target` to the path of a file"});
  }
}

void check_draft(const Draft& draft, Diagnostics& diagnostics) {
  check_bounds(draft, diagnostics);
  check_listeners(draft, diagnostics);
  for (const ListenerDraft& listener : draft.listeners) check_routes(listener, diagnostics);
  check_pools(draft, diagnostics);
}

}  // namespace causeway::control
