// SPDX-License-Identifier: Apache-2.0
// A net::Stream that is one end of a simulated connection. It keeps the flags exactly as a socket
// on epoll does: raised by arrivals, lowered by short reads and writes, and not lowered by a short
// read when the end of the stream came along with the last bytes. It cannot splice.
#pragma once

#include <optional>

#include "net/stream.h"
#include "runtime/loop.h"
#include "sim/connection.h"

namespace causeway::sim {

struct Host;

class SimStream final : public net::Stream {
 public:
  // `host` pays the descriptor.
  SimStream(Connection& connection, Connection::Which which, Host& host, runtime::Loop& loop);
  ~SimStream() override;

  [[nodiscard]] Result<std::size_t> read_now(MutableBytes into) override;
  [[nodiscard]] Result<std::size_t> write_now(Bytes from) override;
  [[nodiscard]] Result<void> shutdown_write() override;
  void reset() noexcept override { closing_ = Connection::Closing::abrupt; }
  [[nodiscard]] base::Address peer() const override { return connection_.peer_address(which_); }
  [[nodiscard]] base::Address local() const override { return connection_.address(which_); }

  // Also why the dial failed, if it did.
  [[nodiscard]] std::optional<Errc> take_error() noexcept override {
    return connection_.take_error(which_);
  }

 private:
  Connection& connection_;
  Connection::Which which_;
  Host& host_;
  Connection::Closing closing_ = Connection::Closing::orderly;
};

}  // namespace causeway::sim
