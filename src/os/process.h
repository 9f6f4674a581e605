// SPDX-License-Identifier: Apache-2.0
// What the process may use and what it uses, as the kernel tells it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace causeway::os {

// Raises the soft limit of open descriptors to the hard one; returns the limit in force.
[[nodiscard]] std::uint64_t raise_descriptor_limit() noexcept;

// The environment, as name and value.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> environment();

// Resident memory of this process in bytes; 0 when /proc cannot be read.
[[nodiscard]] std::uint64_t resident_bytes() noexcept;

// A write to a connection that was reset must be an error, not the end of the process.
void ignore_broken_pipes() noexcept;

}  // namespace causeway::os
