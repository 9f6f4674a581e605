// SPDX-License-Identifier: Apache-2.0
#include "os/pipe.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <utility>

#include "base/assert.h"
#include "base/error.h"
#include "base/result.h"
#include "os/fd.h"

namespace causeway::os {

Result<Pipe> Pipe::create(std::size_t bytes) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0)
    return fail(base::from_errno(errno, "pipe2"));
  Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  int granted = ::fcntl(write_end.number(), F_SETPIPE_SZ, static_cast<int>(bytes));
  if (granted < 0) granted = ::fcntl(write_end.number(), F_GETPIPE_SZ);
  if (granted <= 0) return fail(base::from_errno(errno, "F_GETPIPE_SZ"));
  return Pipe(std::move(read_end), std::move(write_end), static_cast<std::size_t>(granted));
}

Result<std::size_t> splice(const Fd& from, const Fd& to, std::size_t bytes) {
  // By its number, as stream_socket.cc says.
  const ssize_t moved = ::syscall(SYS_splice, from.number(), nullptr, to.number(), nullptr, bytes,
                                  SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (moved < 0) {
    if (errno == EAGAIN) return fail(Errc::would_block);
    return fail(base::from_errno(errno, "splice"));
  }
  return static_cast<std::size_t>(moved);
}

PipeLease::~PipeLease() {
  // Moved-from leases hold no descriptors; a pipe with bytes in it would give them to the next
  // user.
  if (waiting_bytes_ == 0 && pipe_.read_end().is_open()) pool_->take_back(std::move(pipe_));
}

Result<std::size_t> PipeLease::fill(const Fd& socket) {
  CW_ASSERT(waiting_bytes_ < pipe_.capacity_bytes());
  const auto moved = splice(socket, pipe_.write_end(), pipe_.capacity_bytes() - waiting_bytes_);
  if (moved) waiting_bytes_ += *moved;
  return moved;
}

Result<std::size_t> PipeLease::drain(const Fd& socket) {
  const auto moved = splice(pipe_.read_end(), socket, waiting_bytes_);
  if (moved) waiting_bytes_ -= *moved;
  return moved;
}

Result<std::unique_ptr<PipeLease>> PipePool::borrow() {
  if (!idle_.empty()) {
    auto lease = std::make_unique<PipeLease>(*this, std::move(idle_.back()));
    idle_.pop_back();
    return lease;
  }
  auto pipe = Pipe::create(pipe_bytes_);
  if (!pipe) return fail(pipe);
  return std::make_unique<PipeLease>(*this, *std::move(pipe));
}

void PipePool::take_back(Pipe pipe) {
  if (idle_.size() < idle_max_) idle_.push_back(std::move(pipe));
}

}  // namespace causeway::os
