// SPDX-License-Identifier: Apache-2.0
// A kernel pipe as the place where spliced bytes wait between two sockets. Pipes are pooled: making
// one costs two descriptors and a few system calls, and an unprivileged user may hold only so many
// pages.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/result.h"
#include "os/fd.h"

namespace causeway::os {

class Pipe {
 public:
  // Asks for `bytes` of room and takes what the kernel grants.
  [[nodiscard]] static Result<Pipe> create(std::size_t bytes);

  [[nodiscard]] const Fd& read_end() const noexcept { return read_end_; }
  [[nodiscard]] const Fd& write_end() const noexcept { return write_end_; }
  [[nodiscard]] std::size_t capacity_bytes() const noexcept { return capacity_bytes_; }

 private:
  Pipe(Fd read_end, Fd write_end, std::size_t capacity_bytes) noexcept
      : read_end_(std::move(read_end)),
        write_end_(std::move(write_end)),
        capacity_bytes_(capacity_bytes) {}
  Fd read_end_;
  Fd write_end_;
  std::size_t capacity_bytes_;
};

// Moves up to `bytes` from a socket into a pipe or from a pipe into a socket without copying them.
// Errors: would_block, closed/reset as the socket says. 0 from a socket is its end of stream.
[[nodiscard]] Result<std::size_t> splice(const Fd& from, const Fd& to, std::size_t bytes);

class PipePool;

// A pipe on loan, and how many bytes wait in it. A pipe that still holds bytes is closed instead of
// going back.
class PipeLease {
 public:
  PipeLease(PipePool& pool, Pipe pipe) noexcept : pool_(&pool), pipe_(std::move(pipe)) {}
  PipeLease(PipeLease&& other) noexcept = default;
  PipeLease& operator=(PipeLease&&) = delete;
  PipeLease(const PipeLease&) = delete;
  PipeLease& operator=(const PipeLease&) = delete;
  ~PipeLease();

  // From `socket` into the pipe; 0 is the end of the stream.
  [[nodiscard]] Result<std::size_t> fill(const Fd& socket);
  // From the pipe into `socket`.
  [[nodiscard]] Result<std::size_t> drain(const Fd& socket);
  [[nodiscard]] std::size_t waiting_bytes() const noexcept { return waiting_bytes_; }
  [[nodiscard]] std::size_t capacity_bytes() const noexcept { return pipe_.capacity_bytes(); }

 private:
  PipePool* pool_;
  Pipe pipe_;
  std::size_t waiting_bytes_ = 0;
};

// The idle pipes of one worker.
class PipePool {
 public:
  PipePool(std::size_t pipe_bytes, std::size_t idle_max) noexcept
      : pipe_bytes_(pipe_bytes), idle_max_(idle_max) {}
  PipePool(const PipePool&) = delete;
  PipePool& operator=(const PipePool&) = delete;
  ~PipePool() = default;

  // Errors: descriptor_limit and what else pipe2() says. The caller then copies instead.
  [[nodiscard]] Result<std::unique_ptr<PipeLease>> borrow();
  [[nodiscard]] std::size_t idle() const noexcept { return idle_.size(); }

 private:
  friend class PipeLease;
  void take_back(Pipe pipe);
  std::size_t pipe_bytes_;
  std::size_t idle_max_;
  std::vector<Pipe> idle_;
};

}  // namespace causeway::os
