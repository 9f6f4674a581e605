// SPDX-License-Identifier: Apache-2.0
// The endpoints behind the demo's gateway: small HTTP responders, TCP and UDP echoes, all on one
// thread of their own and on ports of 127.0.0.1 that the system chooses.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "app/demo/loop_thread.h"
#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"
#include "net/datagram.h"
#include "net/listener.h"
#include "net/readiness.h"
#include "net/stream.h"
#include "runtime/scope.h"
#include "runtime/task.h"

namespace causeway::app::demo {

// What a connection to a streaming endpoint is answered with.
enum class Service : unsigned char { http, echo };

// One endpoint for streams. On the endpoints' loop.
class StreamEndpoint {
 public:
  StreamEndpoint(LoopThread& thread, runtime::Scope& everything, Service service, std::string name)
      : thread_(thread), everything_(everything), service_(service), name_(std::move(name)) {}

  // Binds; the second time to the same port.
  [[nodiscard]] Result<void> open();
  // As a server that is shut down decently: new connections are refused, and an open one is closed
  // after the answer to its next request, which says so.
  void close();

  [[nodiscard]] const base::SocketAddress& address() const noexcept { return address_; }

 private:
  [[nodiscard]] Task<void> accept_loop(net::ListenerPtr listener);
  [[nodiscard]] Task<void> serve(net::StreamPtr stream);
  // One request and its answer, or one piece echoed. False when the connection is to be closed.
  [[nodiscard]] Task<Result<bool>> answer_http(net::Stream& stream, MutableBytes buffer);
  [[nodiscard]] static Task<Result<bool>> answer_echo(net::Stream& stream, MutableBytes buffer);

  LoopThread& thread_;
  runtime::Scope& everything_;
  Service service_;
  std::string name_;
  base::SocketAddress address_{.ip = base::IpAddress::from_v4({127, 0, 0, 1})};
  net::Ready closing_;  // raised: takes no more
  bool is_listening_ = false;
};

class DatagramEcho {
 public:
  explicit DatagramEcho(LoopThread& thread) noexcept : thread_(thread) {}
  [[nodiscard]] Result<void> open(runtime::Scope& everything);
  [[nodiscard]] const base::SocketAddress& address() const noexcept { return address_; }

 private:
  [[nodiscard]] static Task<void> echo(net::DatagramPtr socket);
  LoopThread& thread_;
  base::SocketAddress address_{.ip = base::IpAddress::from_v4({127, 0, 0, 1})};
};

}  // namespace causeway::app::demo
