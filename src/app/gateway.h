// SPDX-License-Identifier: Apache-2.0
// The whole gateway of one process: builds everything a snapshot asks for, runs it, and takes it
// down. Lives on the control thread, whose loop it is handed. Nothing else in the program builds
// components.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "app/worker_thread.h"
#include "base/memory_budget.h"
#include "base/result.h"
#include "model/snapshot.h"
#include "net/cares_resolver.h"
#include "net/dialer.h"
#include "net/system_network.h"
#include "observe/log.h"
#include "proxy/admission.h"
#include "runtime/epoll_poller.h"
#include "runtime/loop.h"
#include "runtime/scope.h"
#include "runtime/task.h"
#include "upstream/directory.h"

namespace causeway::app {

// The loop that signals, health checks, name resolution and everything else outside the data plane
// run on. One per process, on the main thread.
struct ControlLoop {
  const base::Clock& clock;
  runtime::EpollPoller& poller;
  runtime::Loop& loop;
};

// A listener that is up, and where.
struct OpenListener {
  base::ListenerId id;
  base::Address address;
};

// Why the gateway could not begin; `listener` is null when it was not a listener's fault.
struct StartFailure {
  const model::Listener* listener = nullptr;
  Error error;
};

class Gateway {
 public:
  Gateway(ControlLoop control, observe::Log& log, model::SnapshotPtr snapshot,
          std::uint64_t descriptors_max, std::uint64_t seed);
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;
  ~Gateway();

  // Binds every listener, then starts the workers, the checks and the resolver. When one listener
  // cannot be bound nothing is started.
  [[nodiscard]] std::expected<void, StartFailure> start();

  // Stops accepting and waits until the last connection has ended or the drain timeout has passed.
  // Returns how many were still open. Cancelled by a second signal.
  [[nodiscard]] Task<Result<std::uint64_t>> drain();

  // Cuts what is left and joins the workers.
  [[nodiscard]] Task<void> stop();

  [[nodiscard]] const std::vector<OpenListener>& listeners() const noexcept { return open_; }
  [[nodiscard]] const model::Snapshot& snapshot() const noexcept { return *snapshot_; }
  [[nodiscard]] const std::vector<std::unique_ptr<WorkerThread>>& workers() const noexcept {
    return workers_;
  }
  // After start().
  [[nodiscard]] const upstream::Directory& directory() const noexcept { return *directory_; }
  [[nodiscard]] const proxy::Admission& admission() const noexcept { return admission_; }

 private:
  [[nodiscard]] std::expected<void, StartFailure> create_workers();
  [[nodiscard]] std::expected<void, StartFailure> open_listener(base::ListenerId id);
  [[nodiscard]] std::optional<std::uint32_t> core_of(std::uint32_t worker) const;

  ControlLoop control_;
  observe::Log& log_;
  const model::SnapshotPtr snapshot_;
  const std::vector<std::uint32_t> cores_;
  const std::uint32_t worker_count_;
  std::uint64_t seed_;
  base::MemoryBudget memory_;
  proxy::Admission admission_;
  net::SystemNetwork network_;
  net::DirectDialer dialer_;
  net::CaresResolver resolver_;
  Shared shared_;
  // Order of life: the workers' loops, then the directory, then the workers' pools.
  std::vector<std::unique_ptr<WorkerThread>> workers_;
  std::unique_ptr<upstream::Directory> directory_;
  std::vector<OpenListener> open_;
  runtime::Scope background_;
};

}  // namespace causeway::app
