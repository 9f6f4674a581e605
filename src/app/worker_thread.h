// SPDX-License-Identifier: Apache-2.0
// One worker: a thread with its loop, its network, its buffers and its share of every listener.
// Built and torn down on the control thread; between start() and stop() only the functions that say
// so may be called from there.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "base/chunk_pool.h"
#include "base/ids.h"
#include "base/memory_budget.h"
#include "base/result.h"
#include "base/time.h"
#include "model/snapshot.h"
#include "net/dialer.h"
#include "net/system_network.h"
#include "observe/listener_metrics.h"
#include "observe/log.h"
#include "observe/udp_metrics.h"
#include "os/pipe.h"
#include "proxy/admission.h"
#include "proxy/tcp_listener.h"
#include "proxy/udp_listener.h"
#include "proxy/worker.h"
#include "runtime/epoll_poller.h"
#include "runtime/loop.h"
#include "upstream/directory.h"

namespace causeway::app {

// What the workers of a gateway share.
struct Shared {
  const base::Clock& clock;
  observe::Log& log;
  base::MemoryBudget& memory;
  proxy::Admission& admission;
  model::SnapshotPtr snapshot;
};

class WorkerThread {
 public:
  // Errors: descriptor_limit and what else making a loop can say.
  [[nodiscard]] static Result<std::unique_ptr<WorkerThread>> create(const Shared& shared,
                                                                    base::WorkerId id,
                                                                    std::uint64_t seed);
  WorkerThread(const WorkerThread&) = delete;
  WorkerThread& operator=(const WorkerThread&) = delete;
  ~WorkerThread();

  // Gives the worker its pools. Before start(); the directory outlives them.
  void take_pools(upstream::Directory& directory);
  // Binds this worker's share of a listener to `address`. After take_pools(), before start().
  // Returns the address in force.
  [[nodiscard]] Result<base::Address> open_listener(base::ListenerId id,
                                                    const base::Address& address);

  // Runs the loop on a thread of its own, on `core` if one is given.
  void start(std::optional<std::uint32_t> core);
  // Any thread: no new connections from the worker's next turn on.
  void begin_drain();
  // Cuts what is still open, ends the loop and joins the thread; then gives listeners and pools up.
  void stop();

  // Any thread.
  [[nodiscard]] runtime::Loop& loop() noexcept { return loop_; }
  [[nodiscard]] const std::vector<std::unique_ptr<proxy::TcpListener>>& tcp_listeners()
      const noexcept {
    return tcp_;
  }
  [[nodiscard]] const std::vector<std::unique_ptr<proxy::UdpListener>>& udp_listeners()
      const noexcept {
    return udp_;
  }

 private:
  struct Key {};  // only create() can make one

 public:
  WorkerThread(Key, const Shared& shared, base::WorkerId id, std::uint64_t seed,
               std::unique_ptr<runtime::EpollPoller> poller);

 private:
  void run(std::optional<std::uint32_t> core);
  [[nodiscard]] Task<void> close_all();
  // Gives buffers back that nothing has used for a while.
  [[nodiscard]] Task<void> trim_buffers();

  const Shared& shared_;
  std::unique_ptr<runtime::EpollPoller> poller_;
  runtime::Loop loop_;
  net::SystemNetwork network_;
  net::DirectDialer dialer_;
  base::ChunkPool chunks_;
  os::PipePool pipes_;
  std::unique_ptr<std::byte[]> scratch_;
  std::unique_ptr<wire::TlsHelloScratch> hello_scratch_;
  proxy::Worker worker_;
  std::vector<std::unique_ptr<proxy::TcpListener>> tcp_;
  std::vector<std::unique_ptr<proxy::UdpListener>> udp_;
  runtime::Scope background_;
  runtime::Scope closing_;
  std::jthread thread_;
};

}  // namespace causeway::app
