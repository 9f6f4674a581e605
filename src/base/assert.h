// SPDX-License-Identifier: Apache-2.0
// The check for what cannot happen. It is on in every build: after a broken invariant nothing that
// the process would say or write can be trusted, so it prints the place and ends.
// What a stranger, the network or the machine can do is never asserted; that is a Result.
#pragma once

namespace causeway::base {

// Prints "file:line: invariant broken: what" to standard error and aborts.
[[noreturn]] void invariant_broken(const char* what, const char* file, int line) noexcept;

}  // namespace causeway::base

#define CW_ASSERT(condition)    \
  (static_cast<bool>(condition) \
       ? static_cast<void>(0)   \
       : ::causeway::base::invariant_broken(#condition, __FILE__, __LINE__))
