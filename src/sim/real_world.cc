// SPDX-License-Identifier: Apache-2.0
#include "sim/real_world.h"

#include <cstdint>
#include <memory>
#include <utility>

#include "base/assert.h"
#include "base/time.h"
#include "os/process.h"
#include "runtime/epoll_poller.h"

namespace causeway::sim {
namespace {

constexpr std::uint64_t kSeed = 1;  // nothing here asks for chance

std::unique_ptr<runtime::EpollPoller> make_poller(const base::Clock& clock) {
  os::ignore_broken_pipes();
  auto poller = runtime::EpollPoller::create(clock);
  CW_ASSERT(poller.has_value());
  return *std::move(poller);
}

}  // namespace

RealWorld::RealWorld()
    : poller_(make_poller(clock_)), loop_(clock_, *poller_, kSeed), network_(loop_, *poller_) {}

}  // namespace causeway::sim
