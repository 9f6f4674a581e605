// SPDX-License-Identifier: Apache-2.0
// The configuration between document and Snapshot: typed values of the model, but names not
// resolved yet, and each listener, route, pool and endpoint still knowing where it stands in the
// document. The `node` pointers point into the tree that the draft was read from, which outlives
// it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "control/document.h"
#include "model/snapshot.h"

namespace causeway::control {

struct RouteDraft {
  model::RouteMatch match;
  std::string pool;
  const Node* node = nullptr;
};

// `routes` of the base stay empty until the draft is compiled.
struct ListenerDraft : model::Listener {
  std::optional<std::string> pool;
  std::vector<RouteDraft> route_drafts;
  const Node* node = nullptr;
  bool is_sound = false;  // nothing in its map was refused

  void inherit(const model::Timeouts& all) { timeouts = all; }
};

struct EndpointDraft : model::Endpoint {
  const Node* node = nullptr;
};

// `endpoints` of the base stay empty until the draft is compiled.
struct PoolDraft : model::Pool {
  std::vector<EndpointDraft> endpoint_drafts;
  const Node* node = nullptr;
  bool is_sound = false;  // nothing in its map was refused
};

struct Draft {
  std::uint32_t workers = 0;
  model::Affinity affinity;
  model::Limits limits;
  model::Timeouts timeouts;
  model::Dns dns;
  model::Logging logging;
  std::vector<ListenerDraft> listeners;
  std::vector<PoolDraft> pools;
  const Node* node = nullptr;

  [[nodiscard]] const model::Timeouts* inheritable() const { return &timeouts; }
};

}  // namespace causeway::control
