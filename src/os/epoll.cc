// SPDX-License-Identifier: Apache-2.0
#include "os/epoll.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/error.h"
#include "base/result.h"
#include "base/time.h"
#include "os/fd.h"

namespace causeway::os {
namespace {

constexpr std::size_t kEventsMax = 512;

int timeout_of(Duration span) {
  if (span == Epoll::kForever) return -1;
  const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(span).count();
  return static_cast<int>(std::clamp<std::int64_t>(rounded, 0, 60'000));
}

}  // namespace

Result<Epoll> Epoll::create() {
  const int number = ::epoll_create1(EPOLL_CLOEXEC);
  if (number < 0) return fail(base::from_errno(errno, "epoll_create1"));
  return Epoll(Fd(number));
}

Result<void> Epoll::add(const Fd& fd, void* owner) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = owner;
  if (::epoll_ctl(fd_.number(), EPOLL_CTL_ADD, fd.number(), &event) != 0) {
    return fail(base::from_errno(errno, "epoll_ctl"));
  }
  return {};
}

std::size_t Epoll::wait(std::span<Ready> into, Duration span_max) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): the kernel fills what is read
  std::array<epoll_event, kEventsMax> events;
  const auto room = static_cast<int>(std::min(into.size(), events.size()));
  const int count = ::epoll_wait(fd_.number(), events.data(), room, timeout_of(span_max));
  for (int i = 0; i < count; ++i) {
    const std::uint32_t bits = events[static_cast<std::size_t>(i)].events;
    into[static_cast<std::size_t>(i)] =
        Ready{.owner = events[static_cast<std::size_t>(i)].data.ptr,
              .events = {.readable = (bits & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0,
                         .writable = (bits & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0,
                         .peer_closed = (bits & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0,
                         .error = (bits & EPOLLERR) != 0}};
  }
  // A signal ends the wait early; the loop looks around and comes back.
  return count > 0 ? static_cast<std::size_t>(count) : 0;
}

}  // namespace causeway::os
