// SPDX-License-Identifier: Apache-2.0
// Seeds from the machine: drawn once per process by whoever builds it and handed down. Everything
// else takes its random numbers from base/random.h. Safe from any thread; not for keys or
// passwords.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace causeway::os {

// 64 bits that nobody outside can guess.
[[nodiscard]] Result<std::uint64_t> random_seed();

}  // namespace causeway::os
