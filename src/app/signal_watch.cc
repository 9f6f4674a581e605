// SPDX-License-Identifier: Apache-2.0
#include "app/signal_watch.h"

#include <initializer_list>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/result.h"
#include "net/readiness.h"
#include "os/epoll.h"
#include "os/signals.h"
#include "runtime/epoll_poller.h"
#include "runtime/loop.h"
#include "runtime/task.h"

namespace causeway::app {

Result<std::unique_ptr<SignalWatch>> SignalWatch::create(runtime::Loop& loop,
                                                         runtime::EpollPoller& poller,
                                                         std::initializer_list<int> signals) {
  auto source = os::SignalFd::create(signals);
  if (!source) return fail(source, Side::local);
  auto watch = std::make_unique<SignalWatch>(loop, *std::move(source));
  const auto added = poller.add(watch->signals_.fd(), *watch);
  if (!added) return fail(added, Side::local);
  return watch;
}

SignalWatch::SignalWatch(runtime::Loop& loop, os::SignalFd signals) noexcept
    : loop_(loop), signals_(std::move(signals)) {}

void SignalWatch::on_events(os::Events events) noexcept {
  if (events.readable) readable_.raise(loop_);
}

Task<Result<int>> SignalWatch::next() {
  for (;;) {
    const auto number = signals_.take();
    if (number || number.error().code != Errc::would_block) co_return number;
    readable_.lower();
    const auto ready = co_await net::wait_any({&readable_});
    if (!ready) co_return fail(ready);
  }
}

}  // namespace causeway::app
