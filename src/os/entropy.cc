// SPDX-License-Identifier: Apache-2.0
#include "os/entropy.h"

#include <sys/random.h>
#include <sys/types.h>

#include <cerrno>
#include <cstdint>

#include "base/error.h"
#include "base/result.h"

namespace causeway::os {

Result<std::uint64_t> random_seed() {
  std::uint64_t seed = 0;
  if (::getrandom(&seed, sizeof seed, 0) != static_cast<ssize_t>(sizeof seed)) {
    return fail(base::from_errno(errno, "getrandom"));
  }
  return seed;
}

}  // namespace causeway::os
