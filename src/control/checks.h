// SPDX-License-Identifier: Apache-2.0
// What a configuration must be beyond its types: names that exist and are unique, ports that do not
// clash, routes that can be reached, endpoints that are one thing. Everything is found in one pass,
// and the work is near to linear in the size of the draft.
#pragma once

#include "control/diagnostic.h"
#include "control/draft.h"

namespace causeway::control {

void check_draft(const Draft& draft, Diagnostics& diagnostics);

// Its parts, in this order.
void check_bounds(const Draft& draft, Diagnostics& diagnostics);
void check_listeners(const Draft& draft, Diagnostics& diagnostics);
void check_routes(const ListenerDraft& listener, Diagnostics& diagnostics);
void check_pools(const Draft& draft, Diagnostics& diagnostics);

// Where the value of `key` stands in the map at `node`, or the map itself.
[[nodiscard]] Place place_of(const Node* node, std::string_view key);

// "listener `web`", or "this listener" when its name could not be read.
[[nodiscard]] std::string title_of(const ListenerDraft& listener);

// The names of the pools that a listener hands over to, as written.
[[nodiscard]] std::vector<std::string_view> pools_of(const ListenerDraft& listener);

}  // namespace causeway::control
