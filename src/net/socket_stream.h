// SPDX-License-Identifier: Apache-2.0
// A Stream that is a socket, TCP or unix.
#pragma once

#include <cstddef>
#include <optional>

#include "net/network.h"
#include "net/stream.h"
#include "os/fd.h"
#include "runtime/epoll_poller.h"
#include "runtime/loop.h"

namespace causeway::net {

class SocketStream final : public Stream, private runtime::EventSink {
 public:
  enum class State : unsigned char { connected, connecting };

  // `peer` is the unspecified address for a unix socket.
  SocketStream(runtime::Loop& loop, os::Fd fd, State state, const base::SocketAddress& peer,
               bool quick_ack) noexcept;

  // Registers with the poller; before this nothing is ever ready. Once.
  [[nodiscard]] Result<void> watch(runtime::EpollPoller& poller);

  [[nodiscard]] Result<std::size_t> read_now(MutableBytes into) override;
  [[nodiscard]] Result<std::size_t> write_now(Bytes from) override;
  [[nodiscard]] Result<void> shutdown_write() override;
  void reset() noexcept override;
  [[nodiscard]] bool can_splice() const noexcept override { return true; }
  [[nodiscard]] Result<std::size_t> splice_in(os::PipeLease& pipe) override;
  [[nodiscard]] Result<std::size_t> splice_out(os::PipeLease& pipe) override;
  [[nodiscard]] std::optional<Errc> take_error() noexcept override;
  void acknowledge_reads() noexcept override;
  [[nodiscard]] base::Address peer() const override;
  [[nodiscard]] base::Address local() const override;

  // Whether an error or the peer's end was reported so far.
  [[nodiscard]] bool has_hung_up() const noexcept { return peer_closed_; }
  [[nodiscard]] const os::Fd& fd() const noexcept { return fd_; }

 private:
  void on_events(os::Events events) noexcept override;

  runtime::Loop& loop_;
  os::Fd fd_;
  base::SocketAddress peer_;
  bool peer_closed_ = false;  // an end or an error lies behind what is readable
  bool has_error_ = false;    // reported and not taken
  bool quick_ack_;
};

// Applies what `options` ask to a fresh socket.
void apply_options(const os::Fd& fd, const StreamOptions& options) noexcept;

}  // namespace causeway::net
