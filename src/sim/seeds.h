// SPDX-License-Identifier: Apache-2.0
// Which seeds a test runs with: 1 to `count`, or only the one that CAUSEWAY_SEED names, to look at
// a failure again. CAUSEWAY_SEEDS multiplies the count, for a night of searching.
//
//     for (const std::uint64_t seed : sim::seeds(100)) {
//       SCOPED_TRACE(seed);
//       sim::World world(seed);
#pragma once

#include <cstdint>
#include <vector>

namespace causeway::sim {

[[nodiscard]] std::vector<std::uint64_t> seeds(std::uint64_t count);

}  // namespace causeway::sim
