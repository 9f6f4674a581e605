// SPDX-License-Identifier: Apache-2.0
// One TCP (or unix) listener on one worker: accepts, admits, and serves each connection in a task
// of its own. Owned by the worker's part of the gateway, used on that worker's loop only.
#pragma once

#include <cstddef>
#include <memory>

#include "base/ids.h"
#include "base/result.h"
#include "model/snapshot.h"
#include "net/listener.h"
#include "observe/listener_metrics.h"
#include "observe/log_limit.h"
#include "proxy/admission.h"
#include "proxy/route_table.h"
#include "proxy/tcp_connection.h"
#include "proxy/worker.h"
#include "runtime/scope.h"
#include "runtime/task.h"

namespace causeway::proxy {

class TcpListener {
 public:
  // Binds to `address`, which is the listener's own unless another worker was given a port already.
  // Errors: those of Network::listen.
  [[nodiscard]] static Result<std::unique_ptr<TcpListener>> open(Worker& worker,
                                                                 model::SnapshotPtr snapshot,
                                                                 base::ListenerId id,
                                                                 const base::Address& address);

  TcpListener(Worker& worker, model::SnapshotPtr snapshot, base::ListenerId id,
              net::ListenerPtr socket);
  TcpListener(const TcpListener&) = delete;
  TcpListener& operator=(const TcpListener&) = delete;
  ~TcpListener() = default;

  void start();
  // Takes no new connections and closes the socket; those that are open go on.
  void stop_accepting();
  // Ends what is still open, and waits for it. After stop_accepting(); once.
  [[nodiscard]] Task<void> close_all();

  [[nodiscard]] std::size_t connections() const noexcept { return serving_.running(); }
  [[nodiscard]] base::Address local() const { return local_; }
  [[nodiscard]] const model::Listener& model() const noexcept { return model_; }
  // Written on this worker's loop, read from any thread.
  [[nodiscard]] const observe::ListenerMetrics& metrics() const noexcept { return metrics_; }

 private:
  [[nodiscard]] Task<void> accept_loop();
  // Accepts what waits, within a bound. Errors: would_block when nothing is left, total_limit,
  // descriptor_limit or memory_limit when there is no room.
  [[nodiscard]] Result<void> accept_some();
  [[nodiscard]] Task<Result<void>> pause(Error why);
  void take(net::StreamPtr downstream);

  const model::SnapshotPtr snapshot_;
  const base::ListenerId id_;
  const model::Listener& model_;
  const RouteTable routes_;
  net::ListenerPtr socket_;
  base::Address local_;
  observe::ListenerMetrics metrics_;
  const TcpService service_;
  observe::LogLimit pause_limit_{std::chrono::minutes(1)};
  runtime::Scope accepting_;
  runtime::Scope serving_;
};

}  // namespace causeway::proxy
