// SPDX-License-Identifier: Apache-2.0
// The compiled configuration: immutable, complete, with every name resolved to an index. Control
// makes it, workers read it, a connection keeps the one it began with.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/time.h"
#include "model/limits.h"
#include "model/listener.h"
#include "model/logging.h"
#include "model/pool.h"

namespace causeway::model {

// Which cores the workers run on.
struct Affinity {
  enum class Mode : std::uint8_t {
    automatic,
    off,
    list
  };  // automatic: worker i on the i-th allowed core
  Mode mode = Mode::automatic;
  std::vector<std::uint32_t> cores;  // for list: worker i on cores[i mod size]
  friend bool operator==(const Affinity&, const Affinity&) = default;
};

// How names are resolved.
struct Dns {
  std::vector<base::SocketAddress> servers;  // empty: the machine's resolver configuration
  Duration timeout = 2s;                     // of one query
  Duration ttl_min = 5s;                     // answers are kept at least this long
  Duration ttl_max = 5min;                   // and at most this long
  friend bool operator==(const Dns&, const Dns&) = default;
};

struct Snapshot {
  std::uint64_t generation = 1;
  std::uint32_t workers = 0;  // 0: one for each core the process may use
  Affinity affinity;
  Limits limits;
  Timeouts timeouts;
  Dns dns;
  Logging logging;
  std::vector<Listener> listeners;
  std::vector<Pool> pools;  // PoolId is the index

  [[nodiscard]] const Pool& pool(base::PoolId id) const { return pools.at(id.index()); }
  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

using SnapshotPtr = std::shared_ptr<const Snapshot>;

}  // namespace causeway::model
