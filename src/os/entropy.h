// SPDX-License-Identifier: Apache-2.0
// Seeds from the machine.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace causeway::os {

// 64 bits that nobody outside can guess.
[[nodiscard]] Result<std::uint64_t> random_seed();

}  // namespace causeway::os
