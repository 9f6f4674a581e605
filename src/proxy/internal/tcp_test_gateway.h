// SPDX-License-Identifier: Apache-2.0
// A gateway of one worker with one TCP listener in a simulated world, its downstreams and its
// endpoints. For tests only.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/assert.h"
#include "base/ids.h"
#include "base/result.h"
#include "model/snapshot.h"
#include "net/listener.h"
#include "net/stream.h"
#include "observe/listener_metrics.h"
#include "proxy/internal/tcp_test_worker.h"
#include "proxy/tcp_listener.h"
#include "runtime/limits.h"
#include "runtime/scope.h"
#include "sim/world.h"

namespace causeway::proxy::tcp_test {

inline constexpr std::string_view kFront = "10.0.0.1:80";

class TcpWorld {
 public:
  explicit TcpWorld(std::uint64_t seed) : world_(seed), scope_(world_.loop()) {}
  TcpWorld(const TcpWorld&) = delete;
  TcpWorld& operator=(const TcpWorld&) = delete;
  // When it is over nothing of any connection may be left; the world sees to the rest.
  ~TcpWorld() {
    if (listener_) {
      listener_->stop_accepting();
      world_.run(listener_->close_all());
      CW_ASSERT(listener_->connections() == 0);
      CW_ASSERT(listener_->metrics().active.value() == 0);
      CW_ASSERT(worker_->admission().connections() == 0);
      CW_ASSERT(worker_->chunks().lent_chunks() == 0);
      CW_ASSERT(worker_->pool_metrics().active.value() == 0);
    }
    scope_.cancel();
    world_.run_until_joined(scope_);
    endpoints_.clear();
    listener_.reset();
    world_.run_for(std::chrono::minutes(5));  // dials that were given up are forgotten
  }

  // The gateway, listening at kFront.
  void start(model::Snapshot snapshot, WorkerOptions options = {}) {
    worker_.emplace(world_.loop(), world_.network("10.0.0.1"), std::move(snapshot), options);
    const model::SnapshotPtr& model = worker_->snapshot();
    listener_ =
        TcpListener::open(worker_->worker(), model, base::ListenerId(0), model->listeners[0].bind)
            .value();
    listener_->start();
  }
  // Somebody who listens at `where`, and accepts only when asked to.
  net::Listener& add_endpoint(std::string_view where) {
    const base::SocketAddress at = address(where);
    endpoints_.push_back(world_.network(at.ip.to_text()).listen(at, {}).value());
    return *endpoints_.back();
  }
  // Somebody who greets each connection with `name` and says all it hears back.
  void add_echo(std::string_view where, std::string name) {
    scope_.spawn(serve_echoes(add_endpoint(where), std::move(name), scope_));
  }

  // A downstream; it may not have been accepted yet.
  Result<net::StreamPtr> dial(std::string_view from = "10.0.2.1", std::string_view to = kFront) {
    return world_.run(world_.network(from).connect(address(to), {}));
  }
  // Why a new downstream is turned away without a byte; would_block when it is not.
  Errc fate_of_new(std::string_view from = "10.0.2.1") {
    const auto downstream = dial(from);
    return downstream ? fate_of(**downstream) : downstream.error().code;
  }
  // The same for one that is here; closed when its end is orderly.
  Errc fate_of(net::Stream& downstream) {
    const auto got = read(downstream, 1);
    if (got) return got->empty() ? Errc::closed : Errc::would_block;
    return got.error().code;
  }
  Result<net::StreamPtr> accept(net::Listener& endpoint) {
    return world_.run(runtime::within(std::chrono::minutes(1), accept_one(endpoint)));
  }
  // What comes within a minute; `bytes_max` or until the end.
  Result<std::string> read(net::Stream& from, std::size_t bytes_max = SIZE_MAX) {
    return world_.run(runtime::within(std::chrono::minutes(1), read_text(from, bytes_max)));
  }
  Result<void> send(net::Stream& to, std::string text) {
    return world_.run(send_text(to, std::move(text)));
  }
  [[nodiscard]] sim::World& world() { return world_; }
  [[nodiscard]] runtime::Scope& scope() { return scope_; }
  [[nodiscard]] TestWorker& worker() { return *worker_; }
  [[nodiscard]] TcpListener& listener() { return *listener_; }
  [[nodiscard]] const observe::ListenerMetrics& metrics() const { return listener_->metrics(); }
  [[nodiscard]] std::uint64_t refused(Errc reason) const { return metrics().refused.value(reason); }

 private:
  static Task<void> serve_echoes(net::Listener& listener, std::string name, runtime::Scope& scope) {
    for (;;) {
      auto stream = co_await accept_one(listener);
      if (!stream) co_return;
      scope.spawn(echo(*std::move(stream), name));
    }
  }
  static Task<void> echo(net::StreamPtr stream, std::string name) {
    const auto greeted = co_await net::write_all(*stream, base::as_bytes(name));
    if (!greeted) co_return;
    std::vector<std::byte> buffer(4096);
    for (;;) {
      const auto got = co_await net::read_some(*stream, buffer);
      if (!got || *got == 0) co_return;
      const auto put = co_await net::write_all(*stream, Bytes(buffer).first(*got));
      if (!put) co_return;
    }
  }

  sim::World world_;
  runtime::Scope scope_;
  std::vector<net::ListenerPtr> endpoints_;
  std::optional<TestWorker> worker_;
  std::unique_ptr<TcpListener> listener_;
};

}  // namespace causeway::proxy::tcp_test
