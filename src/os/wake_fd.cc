// SPDX-License-Identifier: Apache-2.0
#include "os/wake_fd.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <tuple>

#include "base/error.h"
#include "base/result.h"
#include "os/fd.h"

namespace causeway::os {

Result<WakeFd> WakeFd::create() {
  const int number = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (number < 0) return fail(base::from_errno(errno, "eventfd"));
  return WakeFd(Fd(number));
}

void WakeFd::signal() const noexcept {
  const std::uint64_t one = 1;
  // Fails only after 2^64 - 2 signals, which are some centuries of them.
  std::ignore = ::write(fd_.number(), &one, sizeof one);
}

}  // namespace causeway::os
