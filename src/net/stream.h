// SPDX-License-Identifier: Apache-2.0
// A stream of bytes both ways, whatever carries it: a socket, TLS, a stream in a tunnel, a
// simulated connection. It belongs to one loop and to one owner; destroying it closes it.
//
// Its calls never wait. A call that cannot go on says would_block and lowers the flag; the owner
// waits for the flag and tries again. After a short read or write nothing is left to try, and the
// flag is lowered without asking again (epoll's edge comes with the next byte).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"
#include "net/readiness.h"
#include "os/pipe.h"
#include "runtime/task.h"

namespace causeway::net {

class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  // Bytes read into the front of `into`, which must not be empty; 0 is the orderly end of the
  // stream. Errors: would_block, reset, and others of the carrier.
  [[nodiscard]] virtual Result<std::size_t> read_now(MutableBytes into) = 0;

  // Bytes taken from the front of `from`, at least one. Errors: would_block, reset, closed, ...
  [[nodiscard]] virtual Result<std::size_t> write_now(Bytes from) = 0;

  // Tells the other side that no more will come. What was written before still arrives.
  [[nodiscard]] virtual Result<void> shutdown_write() = 0;

  // Makes the end abrupt: the other side sees a reset instead of an orderly end.
  virtual void reset() noexcept = 0;

  // Whether splice_in and splice_out work. A carrier that transforms bytes answers no.
  [[nodiscard]] virtual bool can_splice() const noexcept { return false; }
  // From the stream into the pipe, and from the pipe into the stream; results as read_now,
  // write_now.
  [[nodiscard]] virtual Result<std::size_t> splice_in(os::PipeLease& pipe);
  [[nodiscard]] virtual Result<std::size_t> splice_out(os::PipeLease& pipe);

  // Why the stream broke, told once; nothing while it has not. For whoever has read the end of it:
  // what breaks after that, reading no longer tells. The readable flag is raised when it does.
  [[nodiscard]] virtual std::optional<Errc> take_error() noexcept { return std::nullopt; }

  // Called after bytes were read, where the carrier wants to be told (TCP quick acknowledgements).
  virtual void acknowledge_reads() noexcept {}

  [[nodiscard]] virtual base::Address peer() const = 0;
  [[nodiscard]] virtual base::Address local() const = 0;

  // Raised by the carrier. readable also when the end or an error waits to be read.
  [[nodiscard]] Ready& readable_state() noexcept { return readable_; }
  [[nodiscard]] Ready& writable_state() noexcept { return writable_; }
  [[nodiscard]] WaitAny readable() noexcept { return wait_any({&readable_}); }
  [[nodiscard]] WaitAny writable() noexcept { return wait_any({&writable_}); }

 private:
  Ready readable_;
  Ready writable_;
};

using StreamPtr = std::unique_ptr<Stream>;

// Waits until all of `bytes` is written; `bytes` stays valid meanwhile.
[[nodiscard]] Task<Result<void>> write_all(Stream& to, Bytes bytes);

// Waits for at least one byte; 0 is the end of the stream.
[[nodiscard]] Task<Result<std::size_t>> read_some(Stream& from, MutableBytes into);

}  // namespace causeway::net
