// SPDX-License-Identifier: Apache-2.0
// The last step: a draft that passed every check becomes a Snapshot, with names resolved to
// indices.
#pragma once

#include "control/draft.h"
#include "model/snapshot.h"

namespace causeway::control {

// The draft has been checked without an error; a name that leads nowhere is a broken invariant.
[[nodiscard]] model::SnapshotPtr compile(const Draft& draft);

}  // namespace causeway::control
