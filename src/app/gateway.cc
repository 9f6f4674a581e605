// SPDX-License-Identifier: Apache-2.0
#include "app/gateway.h"

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "model/listener.h"
#include "model/snapshot.h"
#include "observe/log.h"
#include "os/cpu.h"
#include "runtime/loop.h"
#include "runtime/sleep.h"
#include "runtime/task.h"
#include "upstream/directory.h"

namespace causeway::app {
namespace {

using namespace std::chrono_literals;
using observe::field;

constexpr Duration kDrainLook = 20ms;  // between looks whether the last connection has gone

std::uint32_t count_workers(const model::Snapshot& snapshot,
                            const std::vector<std::uint32_t>& cores) {
  return snapshot.workers > 0 ? snapshot.workers : static_cast<std::uint32_t>(cores.size());
}

}  // namespace

Gateway::Gateway(ControlLoop control, observe::Log& log, model::SnapshotPtr snapshot,
                 std::uint64_t descriptors_max, std::uint64_t seed)
    : control_(control),
      log_(log),
      snapshot_(std::move(snapshot)),
      cores_(os::usable_cores()),
      worker_count_(count_workers(*snapshot_, cores_)),
      seed_(seed),
      memory_(snapshot_->limits.memory_bytes),
      admission_(*snapshot_, descriptors_max, seed),
      network_(control.loop, control.poller),
      dialer_(network_),
      resolver_(control.loop, control.poller,
                {.servers = snapshot_->dns.servers, .timeout = snapshot_->dns.timeout}),
      shared_{.clock = control.clock,
              .log = log,
              .memory = memory_,
              .admission = admission_,
              .snapshot = snapshot_},
      background_(control.loop) {}

Gateway::~Gateway() {
  for (const auto& worker : workers_) worker->stop();
  directory_.reset();
}

std::expected<void, StartFailure> Gateway::create_workers() {
  for (std::uint32_t i = 0; i < worker_count_; ++i) {
    auto worker = WorkerThread::create(shared_, base::WorkerId(i), seed_ + 1 + i);
    if (!worker) return std::unexpected(StartFailure{.error = worker.error()});
    workers_.push_back(*std::move(worker));
  }
  std::vector<runtime::Loop*> loops;
  loops.reserve(workers_.size());
  for (const auto& worker : workers_) loops.push_back(&worker->loop());
  directory_ =
      std::make_unique<upstream::Directory>(upstream::Directory::Parts{.snapshot = snapshot_,
                                                                       .control = control_.loop,
                                                                       .workers = std::move(loops),
                                                                       .dialer = dialer_,
                                                                       .resolver = resolver_,
                                                                       .log = log_});
  for (const auto& worker : workers_) worker->take_pools(*directory_);
  return {};
}

std::expected<void, StartFailure> Gateway::open_listener(base::ListenerId id) {
  const model::Listener& listener = snapshot_->listeners.at(id.index());
  // A unix socket has one queue that cannot be split, so it belongs to one worker; different ones
  // are spread. On internet sockets every worker listens, and the kernel spreads the connections.
  const bool is_unix = listener.bind.unix_socket() != nullptr;
  base::Address address = listener.bind;
  for (std::uint32_t i = 0; i < worker_count_; ++i) {
    if (is_unix && i != id.index() % worker_count_) continue;
    const auto bound = workers_.at(i)->open_listener(id, address);
    if (!bound) return std::unexpected(StartFailure{.listener = &listener, .error = bound.error()});
    address = *bound;  // port 0: the others follow the first
  }
  open_.push_back({.id = id, .address = address});
  return {};
}

std::optional<std::uint32_t> Gateway::core_of(std::uint32_t worker) const {
  switch (snapshot_->affinity.mode) {
    case model::Affinity::Mode::automatic:
      if (worker_count_ != cores_.size() || worker_count_ == 1) return std::nullopt;
      return cores_.at(worker);
    case model::Affinity::Mode::off:
      return std::nullopt;
    case model::Affinity::Mode::list:
      return snapshot_->affinity.cores.at(worker % snapshot_->affinity.cores.size());
  }
  return std::nullopt;
}

std::expected<void, StartFailure> Gateway::start() {
  auto created = create_workers();
  if (!created) return created;
  for (std::uint32_t i = 0; i < snapshot_->listeners.size(); ++i) {
    auto opened = open_listener(base::ListenerId(i));
    if (!opened) return opened;
  }
  directory_->start(background_);
  for (std::uint32_t i = 0; i < worker_count_; ++i) workers_.at(i)->start(core_of(i));
  return {};
}

Task<Result<std::uint64_t>> Gateway::drain() {
  for (const auto& worker : workers_) worker->begin_drain();
  const Instant deadline = control_.loop.now() + snapshot_->timeouts.drain;
  while (admission_.connections() > 0 && control_.loop.now() < deadline) {
    const auto slept = co_await runtime::sleep_for(kDrainLook);
    if (!slept) co_return fail(slept);
  }
  co_return admission_.connections();
}

Task<void> Gateway::stop() {
  background_.cancel();
  co_await background_.join();
  // Joins a thread that still answers to messages: its last tasks only have to notice that they
  // were cancelled.
  for (const auto& worker : workers_) worker->stop();
}

}  // namespace causeway::app
