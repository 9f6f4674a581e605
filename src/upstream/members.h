// SPDX-License-Identifier: Apache-2.0
// Who belongs to a pool: as one immutable list that the directory makes and hands to every worker,
// and as the record that a worker keeps of each of them.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/ids.h"
#include "upstream/endpoint.h"

namespace causeway::upstream {

// Each endpoint at most once.
struct Members {
  struct Entry {
    EndpointPtr endpoint;
    std::uint32_t weight = 1;
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  std::vector<Entry> entries;
  bool is_resolving = false;  // a name of the pool has not had its first answer
  friend bool operator==(const Members&, const Members&) = default;
};

// Shared because it is immutable; the worker that lets it go last frees it.
using MembersPtr = std::shared_ptr<const Members>;
[[nodiscard]] MembersPtr make_members(Members members);

// One endpoint as a pool on one worker sees it. Lives on that worker, at one address for as long as
// it is a member or has leases; so a lease holds a plain pointer and no worker writes to a shared
// count for a connection.
struct Member {
  EndpointPtr endpoint;
  std::uint32_t weight = 1;
  std::uint32_t leases = 0;  // of this pool on this worker
  bool is_current = true;    // false: left the pool, and lives for its leases only
};

}  // namespace causeway::upstream
