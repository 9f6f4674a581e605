// SPDX-License-Identifier: Apache-2.0
// The demo's load: clients that ask, check the answer and ask again, on one thread of their own. A
// client whose connection was closed in order makes a new one; everything else that goes wrong is
// an error.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/demo/loop_thread.h"
#include "base/address.h"
#include "net/stream.h"
#include "observe/counter.h"
#include "observe/histogram.h"
#include "observe/reason_counters.h"
#include "runtime/scope.h"
#include "runtime/task.h"

namespace causeway::app::demo {

// What one kind of client has done. Written on the load's loop, read from any thread.
struct Tally {
  observe::Counter exchanges;
  observe::ReasonCounters errors;
  observe::Counter reconnects;
  observe::Counter bytes;  // of payload, both ways
  observe::Histogram latency_ns;
};

class Load {
 public:
  Load(LoopThread& thread, runtime::Scope& everything) noexcept
      : thread_(thread), everything_(everything) {}

  // Starts `clients` of a kind against the gateway. Before the thread starts.
  void start_http(const base::SocketAddress& gateway, int clients);
  void start_echo(const base::SocketAddress& gateway, int clients);
  void start_datagrams(const base::SocketAddress& gateway, int clients);

  // Each client ends after the exchange it is in. On the load's loop.
  void finish() noexcept { finishing_ = true; }

  [[nodiscard]] const Tally& http() const noexcept { return http_; }
  [[nodiscard]] const Tally& echo() const noexcept { return echo_; }
  [[nodiscard]] const Tally& datagrams() const noexcept { return datagrams_; }

 private:
  enum class Kind : unsigned char { http, echo };

  [[nodiscard]] Task<void> stream_client(Kind kind, base::SocketAddress gateway);
  [[nodiscard]] Task<Result<void>> run_connection(Kind kind, net::Stream& stream);
  [[nodiscard]] Task<Result<bool>> exchange_http(net::Stream& stream, std::string& buffer);
  [[nodiscard]] Task<Result<bool>> exchange_echo(net::Stream& stream, std::string& buffer);
  [[nodiscard]] Task<void> datagram_client(base::SocketAddress gateway);
  [[nodiscard]] Tally& tally(Kind kind) noexcept { return kind == Kind::http ? http_ : echo_; }

  LoopThread& thread_;
  runtime::Scope& everything_;
  Tally http_;
  Tally echo_;
  Tally datagrams_;
  bool finishing_ = false;
};

}  // namespace causeway::app::demo
