// SPDX-License-Identifier: Apache-2.0
#include "os/cpu.h"

#include <pthread.h>
#include <sched.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/result.h"

namespace causeway::os {

std::vector<std::uint32_t> usable_cores() {
  std::vector<std::uint32_t> cores;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) == 0) {
    for (std::uint32_t core = 0; core < CPU_SETSIZE; ++core) {
      if (CPU_ISSET(core, &set)) cores.push_back(core);
    }
  }
  if (cores.empty()) cores.push_back(0);
  return cores;
}

Result<void> pin_this_thread(std::uint32_t core) {
  if (core >= CPU_SETSIZE) return fail(Errc::out_of_range, Side::local, "core number");
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  if (::sched_setaffinity(0, sizeof set, &set) != 0) {
    return fail(base::from_errno(errno, "sched_setaffinity", Side::local));
  }
  return {};
}

void name_this_thread(const char* name) noexcept {
  ::pthread_setname_np(::pthread_self(), std::string(name).substr(0, 15).c_str());
}

}  // namespace causeway::os
