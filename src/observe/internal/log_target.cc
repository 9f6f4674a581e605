// SPDX-License-Identifier: Apache-2.0
#include "observe/internal/log_target.h"

#include <poll.h>
#include <sys/poll.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/result.h"
#include "base/time.h"

namespace causeway::observe::internal {
namespace {

constexpr int kStreamPatienceMs = 1000;
// Writes for one line. One is the rule; more come of signals and of others that fill the same pipe.
constexpr int kWritesMax = 64;

}  // namespace

LogDescriptor LogDescriptor::borrow(int fd) noexcept { return {fd, Kind::stream, false}; }

LogDescriptor LogDescriptor::own(int fd, Kind kind) noexcept { return {fd, kind, true}; }

LogDescriptor::LogDescriptor(LogDescriptor&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      kind_(other.kind_),
      owned_(std::exchange(other.owned_, false)),
      stuck_(other.stuck_),
      torn_(other.torn_) {}

LogDescriptor& LogDescriptor::operator=(LogDescriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(kind_, other.kind_);
  std::swap(owned_, other.owned_);
  std::swap(stuck_, other.stuck_);
  std::swap(torn_, other.torn_);
  return *this;
}

LogDescriptor::~LogDescriptor() {
  if (owned_) ::close(fd_);
}

Result<void> LogDescriptor::write_line(std::string_view line) noexcept {
  if (torn_) {
    const auto ended = write_all("\n");
    if (!ended) return ended;
    torn_ = false;
  }
  return write_all(line);
}

Result<void> LogDescriptor::write_all(std::string_view bytes) noexcept {
  if (fd_ < 0) return fail(Errc::closed, Side::local, "write");
  std::string_view rest = bytes;
  for (int writes = 0; !rest.empty(); ++writes) {
    if (writes == kWritesMax) return fail(Errc::deadline, Side::local, "write");
    if (kind_ == Kind::stream) {
      const auto ready = wait_writable();
      if (!ready) return ready;
    }
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written < 0 && (errno == EINTR || (errno == EAGAIN && kind_ == Kind::stream))) continue;
    if (written <= 0)
      return fail(base::from_errno(written < 0 ? errno : EIO, "write", Side::local));
    rest.remove_prefix(static_cast<std::size_t>(written));
    torn_ = !rest.empty();
  }
  return {};
}

Result<void> LogDescriptor::wait_writable() noexcept {
  pollfd wanted{.fd = fd_, .events = POLLOUT, .revents = 0};
  const int ready = ::poll(&wanted, 1, stuck_ ? 0 : kStreamPatienceMs);
  if (ready < 0 && errno != EINTR) return fail(base::from_errno(errno, "poll", Side::local));
  stuck_ = ready == 0;
  if (stuck_) return fail(Errc::deadline, Side::local, "poll");
  return {};
}

Result<void> StreamTarget::write_line(std::string_view line, Instant /*now*/, WallTime /*at*/) {
  return descriptor_.write_line(line);
}

}  // namespace causeway::observe::internal
