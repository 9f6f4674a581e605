// SPDX-License-Identifier: Apache-2.0
#include "os/signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <initializer_list>

#include "base/error.h"
#include "base/result.h"
#include "os/fd.h"

namespace causeway::os {

Result<SignalFd> SignalFd::create(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : signals) sigaddset(&set, number);
  const int blocked = ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  if (blocked != 0) return fail(base::from_errno(blocked, "pthread_sigmask"));
  const int number = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (number < 0) return fail(base::from_errno(errno, "signalfd"));
  return SignalFd(Fd(number));
}

Result<int> SignalFd::take() const noexcept {
  signalfd_siginfo about{};
  const ssize_t got = ::read(fd_.number(), &about, sizeof about);
  if (got == static_cast<ssize_t>(sizeof about)) return static_cast<int>(about.ssi_signo);
  if (got < 0 && errno != EAGAIN) return fail(base::from_errno(errno, "signalfd"));
  return fail(Errc::would_block);
}

}  // namespace causeway::os
