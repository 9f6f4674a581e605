// SPDX-License-Identifier: Apache-2.0
// What the tests of streams share: a worker with its pools and without a directory, on the loop and
// the network that a test gives, simulated or real; and what both ends of a connection do. For
// tests only.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/chunk_pool.h"
#include "base/ids.h"
#include "base/memory_budget.h"
#include "base/result.h"
#include "model/snapshot.h"
#include "net/dialer.h"
#include "net/listener.h"
#include "net/network.h"
#include "net/stream.h"
#include "observe/memory_log.h"
#include "os/pipe.h"
#include "proxy/admission.h"
#include "proxy/worker.h"
#include "runtime/loop.h"
#include "runtime/scope.h"
#include "runtime/task.h"
#include "upstream/endpoint.h"
#include "upstream/members.h"
#include "upstream/pool.h"
#include "upstream/slot_bells.h"
#include "wire/tls_hello.h"

namespace causeway::proxy::tcp_test {

inline base::SocketAddress address(std::string_view text) {
  return base::SocketAddress::parse(text).value();
}
inline base::IpAddress ip(std::string_view text) { return base::IpAddress::parse(text).value(); }
inline base::Network network(std::string_view text) { return base::Network::parse(text).value(); }

// --- What the ends of a connection do

// Bytes of which no two stretches of some length are alike, so that a swap or a loss shows.
inline std::string pattern(std::size_t bytes, std::uint32_t kind) {
  std::string text(bytes, '\0');
  std::uint32_t word = kind;
  for (char& c : text) {
    word = (word * 1664525U) + 1013904223U;
    c = static_cast<char>(word >> 24U);
  }
  return text;
}

inline Task<Result<void>> send_text(net::Stream& to, std::string text) {
  co_return co_await net::write_all(to, base::as_bytes(text));
}

inline Task<Result<void>> send_and_end(net::Stream& to, std::string text) {
  const auto sent = co_await net::write_all(to, base::as_bytes(text));
  if (!sent) co_return fail(sent);
  co_return to.shutdown_write();
}

// What comes until the end of the stream, or until `bytes_max` are here. What came before an error
// is in `into` too.
inline Task<Result<void>> read_into(net::Stream& from, std::string& into,
                                    std::size_t bytes_max = SIZE_MAX) {
  std::vector<std::byte> buffer(std::size_t{64} * 1024);
  while (into.size() < bytes_max) {
    const MutableBytes space =
        MutableBytes(buffer).first(std::min(buffer.size(), bytes_max - into.size()));
    const auto got = co_await net::read_some(from, space);
    if (!got) co_return fail(got);
    if (*got == 0) co_return {};
    into += base::as_text(Bytes(buffer).first(*got));
  }
  co_return {};
}

inline Task<Result<std::string>> read_text(net::Stream& from, std::size_t bytes_max = SIZE_MAX) {
  std::string text;
  const auto got = co_await read_into(from, text, bytes_max);
  if (!got) co_return fail(got);
  co_return text;
}

inline Task<Result<net::StreamPtr>> accept_one(net::Listener& listener) {
  for (;;) {
    auto stream = listener.accept_now();
    if (stream || stream.error().code != Errc::would_block) co_return stream;
    const auto ready = co_await listener.acceptable();
    if (!ready) co_return fail(ready);
  }
}

// Runs in a scope what answers with a Result, and keeps the answer.
template <class T>
Task<void> keep(Task<Result<T>> task, std::optional<Result<T>>& answer) {
  auto value = co_await std::move(task);
  answer.emplace(std::move(value));
}

// --- The worker between them

struct WorkerOptions {
  std::uint64_t memory_bytes = 64ULL << 20U;
  std::uint64_t descriptors_max = 100'000;
  std::size_t scratch_bytes = std::size_t{256} * 1024;
  std::uint32_t chunks_per_slab = 1;  // so that the budget is met to the chunk
};

class TestWorker {
 public:
  TestWorker(runtime::Loop& loop, net::Network& network, model::Snapshot snapshot,
             WorkerOptions options = {})
      : snapshot_(std::make_shared<const model::Snapshot>(std::move(snapshot))),
        dialer_(network),
        budget_(options.memory_bytes),
        chunks_(budget_, {.chunks_per_slab = options.chunks_per_slab}),
        scratch_(options.scratch_bytes),
        bells_({&loop}),
        admission_(*snapshot_, options.descriptors_max, 1),
        worker_{.id = base::WorkerId(0),
                .loop = loop,
                .network = network,
                .dialer = dialer_,
                .chunks = chunks_,
                .pipes = pipes_,
                .scratch = scratch_,
                .hello_scratch = *hello_,
                .log = log_.log(),
                .admission = admission_,
                .pools = {}} {
    for (const model::Pool& spec : snapshot_->pools) add_pool(spec);
  }

  [[nodiscard]] Worker& worker() { return worker_; }
  [[nodiscard]] const model::SnapshotPtr& snapshot() const { return snapshot_; }
  [[nodiscard]] base::ChunkPool& chunks() { return chunks_; }
  [[nodiscard]] base::MemoryBudget& budget() { return budget_; }
  [[nodiscard]] os::PipePool& pipes() { return pipes_; }
  [[nodiscard]] Admission& admission() { return admission_; }
  [[nodiscard]] observe::MemoryLog& log() { return log_; }
  [[nodiscard]] const observe::PoolMetrics& pool_metrics(std::size_t pool = 0) const {
    return worker_.pools.at(pool)->metrics();
  }
  [[nodiscard]] int failing() const { return failures_.failing; }

 private:
  struct CountedFailures final : upstream::FailureSink {
    void on_failing(base::PoolId /*pool*/, base::EndpointId /*endpoint*/) override { ++failing; }
    int failing = 0;
  };

  void add_pool(const model::Pool& spec) {
    const base::PoolId id(static_cast<std::uint32_t>(shared_.size()));
    shared_.push_back(std::make_unique<upstream::PoolShared>(id, spec, 1, bells_, failures_));
    upstream::Members members;
    for (const model::Endpoint& configured : spec.endpoints) {
      auto endpoint = upstream::make_endpoint(base::EndpointId(next_endpoint_++),
                                              configured.address, 1, worker_.loop.now());
      endpoint->set_max_connections(configured.max_connections);
      members.entries.push_back({.endpoint = std::move(endpoint)});
    }
    worker_.pools.push_back(
        std::make_unique<upstream::Pool>(*shared_.back(), base::WorkerId(0), worker_.loop,
                                         upstream::make_members(std::move(members))));
  }

  const model::SnapshotPtr snapshot_;
  net::DirectDialer dialer_;
  base::MemoryBudget budget_;
  base::ChunkPool chunks_;
  os::PipePool pipes_{std::size_t{256} * 1024, 4};
  std::vector<std::byte> scratch_;
  std::unique_ptr<wire::TlsHelloScratch> hello_ = std::make_unique<wire::TlsHelloScratch>();
  observe::MemoryLog log_;
  CountedFailures failures_;
  upstream::SlotBells bells_;
  Admission admission_;
  std::uint32_t next_endpoint_ = 0;
  std::vector<std::unique_ptr<upstream::PoolShared>> shared_;
  Worker worker_;
};

// A listener at `bind` whose only route leads to one pool of these endpoints, asked in turn.
inline model::Snapshot snapshot_of(std::string_view bind,
                                   const std::vector<base::SocketAddress>& endpoints) {
  model::Snapshot snapshot;
  model::Pool pool;
  pool.name = "pool";
  pool.balance = model::Balance::round_robin;
  for (const base::SocketAddress& endpoint : endpoints)
    pool.endpoints.push_back({.address = endpoint});
  snapshot.pools.push_back(std::move(pool));
  model::Listener listener;
  listener.name = "front";
  listener.bind = address(bind);
  listener.routes.push_back({.match = {}, .pool = base::PoolId(0)});
  snapshot.listeners.push_back(std::move(listener));
  return snapshot;
}

// --- A ClientHello

inline std::string big_endian(std::size_t value, unsigned bytes) {
  std::string text;
  for (unsigned i = bytes; i-- > 0;) text.push_back(static_cast<char>((value >> (8 * i)) & 0xffU));
  return text;
}
// A length of `bytes` bytes and what it counts.
inline std::string counted(unsigned bytes, std::string_view content) {
  return big_endian(content.size(), bytes) + std::string(content);
}
inline std::string tls_record(std::string_view fragment) {
  return "\x16\x03\x01" + counted(2, fragment);
}
// The handshake message, without a record around it. No host, no SNI.
inline std::string hello_message(std::string_view host,
                                 const std::vector<std::string_view>& protocols = {}) {
  std::string extensions;
  if (!host.empty())
    extensions +=
        big_endian(0, 2) + counted(2, counted(2, std::string(1, '\0') + counted(2, host)));
  if (!protocols.empty()) {
    std::string list;
    for (const std::string_view protocol : protocols) list += counted(1, protocol);
    extensions += big_endian(16, 2) + counted(2, counted(2, list));
  }
  extensions += big_endian(43, 2) + counted(2, counted(1, "\x03\x04"));
  const std::string body = "\x03\x03" + std::string(32, 'r') + counted(1, std::string(32, 's')) +
                           counted(2, "\x13\x01") + counted(1, std::string(1, '\0')) +
                           counted(2, extensions);
  return "\x01" + counted(3, body);
}
inline std::string client_hello(std::string_view host,
                                const std::vector<std::string_view>& protocols = {}) {
  return tls_record(hello_message(host, protocols));
}

}  // namespace causeway::proxy::tcp_test
