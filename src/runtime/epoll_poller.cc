// SPDX-License-Identifier: Apache-2.0
#include "runtime/epoll_poller.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <utility>

#include "base/result.h"
#include "base/time.h"
#include "os/epoll.h"
#include "os/fd.h"
#include "os/wake_fd.h"

namespace causeway::runtime {

EpollPoller::EpollPoller(Key /*only create*/, const base::Clock& clock, os::Epoll epoll,
                         os::WakeFd wake)
    : clock_(clock), epoll_(std::move(epoll)), wake_(std::move(wake)) {}

Result<std::unique_ptr<EpollPoller>> EpollPoller::create(const base::Clock& clock) {
  auto epoll = os::Epoll::create();
  if (!epoll) return fail(epoll);
  auto wake = os::WakeFd::create();
  if (!wake) return fail(wake);
  // The wake descriptor's registration carries no sink: a null pointer means "look at the mailbox".
  const auto added = epoll->add(wake->fd(), nullptr);
  if (!added) return fail(added);
  return std::make_unique<EpollPoller>(Key{}, clock, *std::move(epoll), *std::move(wake));
}

Result<void> EpollPoller::add(const os::Fd& fd, EventSink& sink) { return epoll_.add(fd, &sink); }

void EpollPoller::poll(Instant until) {
  Duration span = Duration::zero();
  if (until == base::kNever) {
    span = os::Epoll::kForever;
  } else if (until > Instant::min()) {
    span = std::max(until - clock_.now(), Duration::zero());
  }
  std::array<os::Epoll::Ready, kEventsPerPoll> ready;
  const std::size_t count = epoll_.wait(ready, span);
  for (std::size_t i = 0; i < count; ++i) {
    if (ready[i].owner == nullptr) continue;  // awake is all it asked for
    static_cast<EventSink*>(ready[i].owner)->on_events(ready[i].events);
  }
}

void EpollPoller::interrupt() noexcept { wake_.signal(); }

}  // namespace causeway::runtime
