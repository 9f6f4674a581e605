// SPDX-License-Identifier: Apache-2.0
// What the tests of the UDP listener share: both ends of a session, and a gateway of one worker
// between them that has one UDP listener and its pools, without a directory. On the loop and the
// network that a test gives, simulated or real. For tests only.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/assert.h"
#include "base/chunk_pool.h"
#include "base/memory_budget.h"
#include "model/snapshot.h"
#include "net/datagram.h"
#include "net/dialer.h"
#include "net/network.h"
#include "observe/memory_log.h"
#include "os/pipe.h"
#include "proxy/admission.h"
#include "proxy/udp_listener.h"
#include "proxy/worker.h"
#include "runtime/limits.h"
#include "runtime/loop.h"
#include "runtime/task.h"
#include "upstream/endpoint.h"
#include "upstream/members.h"
#include "upstream/pool.h"
#include "upstream/slot_bells.h"
#include "wire/tls_hello.h"

namespace causeway::proxy::udp_test {

using namespace std::chrono_literals;

inline base::SocketAddress address(std::string_view text) {
  return base::SocketAddress::parse(text).value();
}

// --- Both ends of a session
// --------------------------------------------------------------------------

struct Got {
  std::string text;
  base::SocketAddress peer{};
  base::IpAddress local_ip{};
};

// The datagrams of a packet, copied out of the buffers that it borrows from.
inline void take_datagrams(const net::Packet& packet, std::vector<Got>& into) {
  const std::string_view text = base::as_text(packet.payload);
  const std::size_t step =
      packet.segment_bytes > 0 ? packet.segment_bytes : std::max<std::size_t>(text.size(), 1);
  std::size_t at = 0;
  do {
    into.push_back({std::string(text.substr(at, step)), packet.peer, packet.local_ip});
    at += step;
  } while (at < text.size());
}

// What arrives next.
inline Task<Result<std::vector<Got>>> receive_some(net::DatagramSocket& socket) {
  std::array<net::Packet, net::DatagramSocket::kBatchMax> packets;
  for (;;) {
    const auto count = socket.receive_now(packets);
    if (count) {
      std::vector<Got> got;
      for (std::size_t i = 0; i < *count; ++i) take_datagrams(packets[i], got);
      co_return got;
    }
    if (count.error().code != Errc::would_block) co_return fail(count);
    const auto ready = co_await socket.readable();
    if (!ready) co_return fail(ready);
  }
}

// Answers each datagram with its name and what it got, until it is cancelled.
inline Task<void> serve_echo(net::DatagramSocket& socket, std::string name) {
  for (;;) {
    const auto got = co_await receive_some(socket);
    if (!got) co_return;
    for (const Got& one : *got) {
      const std::string answer = name + one.text;
      const net::Packet packet{
          .payload = base::as_bytes(answer), .peer = one.peer, .local_ip = one.local_ip};
      CW_ASSERT(socket.send_now({&packet, 1}) == 1U);
    }
  }
}

inline void send(net::DatagramSocket& socket, std::string_view text) {
  const net::Packet packet{.payload = base::as_bytes(text)};
  CW_ASSERT(socket.send_now({&packet, 1}) == 1U);
}

// The answer to one datagram, or why there is none; `deadline` when there is silence.
inline Task<Result<std::string>> ask(net::DatagramSocket& socket, std::string text) {
  send(socket, text);
  const auto got = co_await runtime::within(1s, receive_some(socket));
  if (!got) co_return fail(got);
  CW_ASSERT(got->size() == 1U);
  co_return got->front().text;
}

inline Task<Result<std::vector<std::string>>> receive_count(net::DatagramSocket& socket,
                                                            std::size_t count) {
  std::vector<std::string> texts;
  while (texts.size() < count) {
    const auto got = co_await runtime::within(5s, receive_some(socket));
    if (!got) co_return fail(got);
    for (const Got& one : *got) texts.push_back(one.text);
  }
  co_return texts;
}

// --- The gateway between them
// ------------------------------------------------------------------------

struct IgnoredFailures final : upstream::FailureSink {
  void on_failing(base::PoolId /*pool*/, base::EndpointId /*endpoint*/) override { ++failing; }
  int failing = 0;
};

// One worker with one UDP listener and its pools.
class Gateway {
 public:
  // `endpoints`: of each pool.
  Gateway(runtime::Loop& loop, net::Network& network, model::Snapshot snapshot)
      : model_(std::move(snapshot)),
        snapshot_(model::SnapshotPtr(), &model_),
        network_(network),
        dialer_(network),
        bells_({&loop}),
        admission_(*snapshot_, 100'000, 1),
        worker_{.id = base::WorkerId(0),
                .loop = loop,
                .network = network_,
                .dialer = dialer_,
                .chunks = chunks_,
                .pipes = pipes_,
                .scratch = scratch_,
                .hello_scratch = *hello_,
                .log = log_.log(),
                .admission = admission_,
                .pools = {}} {
    for (const model::Pool& spec : snapshot_->pools) {
      const base::PoolId id(static_cast<std::uint32_t>(shared_.size()));
      shared_.push_back(std::make_unique<upstream::PoolShared>(id, spec, 1, bells_, failures_));
      upstream::Members members;
      for (const model::Endpoint& endpoint : spec.endpoints) {
        members.entries.push_back(
            {.endpoint = upstream::make_endpoint(base::EndpointId(next_endpoint_++),
                                                 endpoint.address, 1, loop.now())});
      }
      worker_.pools.push_back(std::make_unique<upstream::Pool>(
          *shared_.back(), base::WorkerId(0), loop, upstream::make_members(std::move(members))));
    }
    auto opened =
        UdpListener::open(worker_, snapshot_, base::ListenerId(0), snapshot_->listeners[0].bind);
    CW_ASSERT(opened.has_value());
    listener_ = *std::move(opened);
    listener_->start();
  }

  [[nodiscard]] UdpListener& listener() { return *listener_; }
  [[nodiscard]] const observe::UdpMetrics& metrics() const { return listener_->metrics(); }
  [[nodiscard]] Admission& admission() { return admission_; }
  [[nodiscard]] const observe::PoolMetrics& pool_metrics() const {
    return worker_.pools[0]->metrics();
  }
  [[nodiscard]] observe::MemoryLog& log() { return log_; }
  [[nodiscard]] int failing() const { return failures_.failing; }
  [[nodiscard]] base::SocketAddress at(std::string_view ip) const {
    return {.ip = base::IpAddress::parse(ip).value(), .port = listener_->local().socket()->port};
  }
  Task<void> close() { return listener_->close_all(); }

 private:
  const model::Snapshot model_;
  const model::SnapshotPtr snapshot_;  // does not own: this gateway outlives its listener
  net::Network& network_;
  net::DirectDialer dialer_;
  base::MemoryBudget budget_{1U << 20U};
  base::ChunkPool chunks_{budget_, {}};
  os::PipePool pipes_{65536, 4};
  std::vector<std::byte> scratch_ = std::vector<std::byte>(std::size_t{128} * 1024);
  std::unique_ptr<wire::TlsHelloScratch> hello_ = std::make_unique<wire::TlsHelloScratch>();
  observe::MemoryLog log_;
  IgnoredFailures failures_;
  upstream::SlotBells bells_;
  Admission admission_;
  std::uint32_t next_endpoint_ = 0;
  std::vector<std::unique_ptr<upstream::PoolShared>> shared_;
  Worker worker_;
  std::unique_ptr<UdpListener> listener_;
};

inline model::Pool pool_of(const std::vector<base::SocketAddress>& endpoints) {
  model::Pool pool;
  pool.name = "pool";
  pool.balance = model::Balance::round_robin;
  for (const base::SocketAddress& endpoint : endpoints)
    pool.endpoints.push_back({.address = endpoint});
  return pool;
}

inline model::Snapshot snapshot_of(std::string_view bind,
                                   const std::vector<base::SocketAddress>& endpoints) {
  model::Snapshot snapshot;
  snapshot.pools.push_back(pool_of(endpoints));
  model::Listener listener;
  listener.name = "dns";
  listener.bind = address(bind);
  listener.protocol = model::Protocol::udp;
  listener.routes.push_back({.match = {}, .pool = base::PoolId(0)});
  listener.timeouts.idle = 30s;
  snapshot.listeners.push_back(std::move(listener));
  return snapshot;
}

}  // namespace causeway::proxy::udp_test
