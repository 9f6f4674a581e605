// SPDX-License-Identifier: Apache-2.0
#include "os/fd.h"

#include <unistd.h>

#include <utility>

namespace causeway::os {

void Fd::close() noexcept {
  if (number_ < 0) return;
  // Linux releases the descriptor even when close() reports an error; trying again could close
  // somebody else's.
  ::close(std::exchange(number_, -1));
}

}  // namespace causeway::os
