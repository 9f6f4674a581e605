// SPDX-License-Identifier: Apache-2.0
// The cores this process may use, and pinning a thread to one.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"

namespace causeway::os {

// In ascending order, as sched_getaffinity reports them; never empty.
[[nodiscard]] std::vector<std::uint32_t> usable_cores();

// Pins the calling thread. Errors: out_of_range for a core that the process may not use.
[[nodiscard]] Result<void> pin_this_thread(std::uint32_t core);

// Names the calling thread for top, ps and perf; at most 15 characters are kept.
void name_this_thread(const char* name) noexcept;

}  // namespace causeway::os
