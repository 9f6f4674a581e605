// SPDX-License-Identifier: Apache-2.0
#include "app/worker_thread.h"

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <tuple>
#include <utility>

#include "base/address.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "model/listener.h"
#include "os/cpu.h"
#include "proxy/tcp_listener.h"
#include "proxy/udp_listener.h"
#include "runtime/epoll_poller.h"
#include "runtime/scope.h"
#include "runtime/sleep.h"
#include "runtime/task.h"
#include "upstream/directory.h"
#include "wire/tls_hello.h"

namespace causeway::app {
namespace {

constexpr std::size_t kPipeBytes =
    256U << 10U;  // what the kernel grants an unprivileged user without asking
constexpr std::size_t kIdlePipesMax = 64;  // two descriptors each
constexpr Duration kTrimInterval = std::chrono::seconds(5);

}  // namespace

Result<std::unique_ptr<WorkerThread>> WorkerThread::create(const Shared& shared, base::WorkerId id,
                                                           std::uint64_t seed) {
  auto poller = runtime::EpollPoller::create(shared.clock);
  if (!poller) return fail(poller, Side::local);
  return std::make_unique<WorkerThread>(Key{}, shared, id, seed, *std::move(poller));
}

WorkerThread::WorkerThread(Key /*only create*/, const Shared& shared, base::WorkerId id,
                           std::uint64_t seed, std::unique_ptr<runtime::EpollPoller> poller)
    : shared_(shared),
      poller_(std::move(poller)),
      loop_(shared.clock, *poller_, seed),
      network_(loop_, *poller_),
      dialer_(network_),
      chunks_(shared.memory, {.chunk_bytes = shared.snapshot->limits.buffer_size_bytes}),
      pipes_(kPipeBytes, kIdlePipesMax),
      scratch_(std::make_unique_for_overwrite<std::byte[]>(
          shared.snapshot->limits.max_buffer_size_bytes)),
      hello_scratch_(std::make_unique_for_overwrite<wire::TlsHelloScratch>()),
      worker_{
          .id = id,
          .loop = loop_,
          .network = network_,
          .dialer = dialer_,
          .chunks = chunks_,
          .pipes = pipes_,
          .scratch = MutableBytes(scratch_.get(), shared.snapshot->limits.max_buffer_size_bytes),
          .hello_scratch = *hello_scratch_,
          .log = shared.log,
          .admission = shared.admission,
          .pools = {}},
      background_(loop_),
      closing_(loop_) {}

WorkerThread::~WorkerThread() { stop(); }

void WorkerThread::take_pools(upstream::Directory& directory) {
  for (std::uint32_t i = 0; i < shared_.snapshot->pools.size(); ++i) {
    worker_.pools.push_back(directory.make_pool(base::PoolId(i), worker_.id));
  }
}

Result<base::Address> WorkerThread::open_listener(base::ListenerId id,
                                                  const base::Address& address) {
  const model::Listener& listener = shared_.snapshot->listeners.at(id.index());
  switch (listener.protocol) {
    case model::Protocol::tcp: {
      auto opened = proxy::TcpListener::open(worker_, shared_.snapshot, id, address);
      if (!opened) return fail(opened);
      tcp_.push_back(*std::move(opened));
      return tcp_.back()->local();
    }
    case model::Protocol::udp: {
      auto opened = proxy::UdpListener::open(worker_, shared_.snapshot, id, address);
      if (!opened) return fail(opened);
      udp_.push_back(*std::move(opened));
      return udp_.back()->local();
    }
  }
  return fail(Errc::unsupported, Side::local);
}

void WorkerThread::start(std::optional<std::uint32_t> core) {
  for (const auto& listener : tcp_) listener->start();
  for (const auto& listener : udp_) listener->start();
  background_.spawn(trim_buffers());
  thread_ = std::jthread([this, core] { run(core); });
}

void WorkerThread::run(std::optional<std::uint32_t> core) {
  os::name_this_thread(fmt::format("worker-{}", worker_.id.index()).c_str());
  if (core) {
    const auto pinned = os::pin_this_thread(*core);
    if (!pinned) {
      using observe::field;
      shared_.log.warn("worker {worker} cannot be pinned to core {core}: {error}",
                       field("worker", worker_.id.index()), field("core", *core),
                       field("error", pinned.error()));
    }
  }
  loop_.run();
}

void WorkerThread::begin_drain() {
  // A full mailbox means that the loop is stuck or swamped; the drain deadline then cuts instead.
  std::ignore = loop_.post([this] {
    for (const auto& listener : tcp_) listener->stop_accepting();
    for (const auto& listener : udp_) listener->stop_accepting();
  });
}

Task<void> WorkerThread::trim_buffers() {
  for (;;) {
    const auto slept = co_await runtime::sleep_for(kTrimInterval);
    if (!slept) co_return;
    if (chunks_.lent_chunks() == 0) chunks_.on_idle();
  }
}

Task<void> WorkerThread::close_all() {
  background_.cancel();
  co_await background_.join();
  for (const auto& listener : tcp_) co_await listener->close_all();
  for (const auto& listener : udp_) co_await listener->close_all();
  loop_.stop();
}

void WorkerThread::stop() {
  if (thread_.joinable()) {
    begin_drain();
    // The one message that must arrive: a mailbox that is full now is emptied with the loop's next
    // turn.
    while (!loop_.post([this] { closing_.spawn(close_all()); })) std::this_thread::yield();
    thread_.join();
  }
  tcp_.clear();
  udp_.clear();
  worker_.pools.clear();
}

}  // namespace causeway::app
