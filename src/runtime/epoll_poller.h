// SPDX-License-Identifier: Apache-2.0
// The poller of a machine: one epoll instance, edge-triggered, one registration per descriptor for
// the whole life of the descriptor (in, out and peer-hangup together), and an eventfd for other
// threads.
#pragma once

#include <cstddef>
#include <memory>

#include "base/result.h"
#include "base/time.h"
#include "os/epoll.h"
#include "os/fd.h"
#include "os/wake_fd.h"
#include "runtime/poller.h"

namespace causeway::runtime {

// Whoever owns a registered descriptor. It only takes note of the events and wakes waiters; it must
// outlive its descriptor's registration, which ends when the descriptor is closed.
class EventSink {
 public:
  EventSink() = default;
  EventSink(const EventSink&) = delete;
  EventSink& operator=(const EventSink&) = delete;
  virtual void on_events(os::Events events) noexcept = 0;

 protected:
  ~EventSink() = default;
};

class EpollPoller final : public Poller {
 public:
  static constexpr std::size_t kEventsPerPoll = 512;

  // Errors: descriptor_limit, system.
  [[nodiscard]] static Result<std::unique_ptr<EpollPoller>> create(const base::Clock& clock);

  // Once in the life of `fd`.
  [[nodiscard]] Result<void> add(const os::Fd& fd, EventSink& sink);

  void poll(Instant until) override;
  void interrupt() noexcept override;

 private:
  struct Key {};  // only create() can make one

 public:
  EpollPoller(Key, const base::Clock& clock, os::Epoll epoll, os::WakeFd wake);

 private:
  const base::Clock& clock_;
  os::Epoll epoll_;
  os::WakeFd wake_;
};

}  // namespace causeway::runtime
