// SPDX-License-Identifier: Apache-2.0
// Pools of three workers on threads and loops of their own, with the directory on a fourth: what
// only real threads can break. Run under ThreadSanitizer.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "model/pool.h"
#include "model/snapshot.h"
#include "net/dialer.h"
#include "net/resolver.h"
#include "net/system_network.h"
#include "observe/log_options.h"
#include "observe/memory_log.h"
#include "os/system_clock.h"
#include "runtime/epoll_poller.h"
#include "runtime/loop.h"
#include "runtime/scope.h"
#include "runtime/sleep.h"
#include "runtime/task.h"
#include "upstream/attempts.h"
#include "upstream/directory.h"
#include "upstream/pool.h"
#include "upstream/status.h"

namespace causeway::upstream {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kWorkers = 3;

class NoResolver final : public net::Resolver {
 public:
  Task<Result<net::Resolved>> resolve(std::string /*host*/) override {
    co_return fail(Errc::dns_failed);
  }
};

// One loop on the machine's clock and epoll.
struct LoopOfItsOwn {
  explicit LoopOfItsOwn(const base::Clock& clock, std::uint64_t seed)
      : poller(*runtime::EpollPoller::create(clock)), loop(clock, *poller, seed) {}
  std::unique_ptr<runtime::EpollPoller> poller;
  runtime::Loop loop;
};

// What the connections of all workers see of the one bounded endpoint.
struct Tally {
  std::atomic<std::uint32_t> inside = 0;
  std::atomic<std::uint32_t> most = 0;
  std::atomic<std::uint32_t> served = 0;
  std::atomic<std::uint32_t> refused = 0;

  void enter() {
    const std::uint32_t now = inside.fetch_add(1) + 1;
    std::uint32_t seen = most.load();
    while (now > seen && !most.compare_exchange_weak(seen, now)) {
    }
  }
};

Task<void> connect_often(Pool& pool, int times, Tally& tally) {
  for (int i = 0; i < times; ++i) {
    Attempts attempts(pool.spec(), {});
    auto lease = co_await pool.acquire(attempts);
    if (!lease) {
      tally.refused.fetch_add(1);
      continue;
    }
    tally.enter();
    if (i % 3 == 0) std::ignore = co_await runtime::yield();
    lease->on_connected(1us);
    lease->add_bytes(1, 2);
    tally.inside.fetch_sub(1);
    tally.served.fetch_add(1);
  }
}

class PoolThreads : public testing::Test {
 protected:
  void build(model::Pool pool) {
    auto snapshot = std::make_unique<model::Snapshot>();
    snapshot->pools.push_back(std::move(pool));
    std::vector<runtime::Loop*> loops;
    for (std::uint32_t i = 0; i < kWorkers; ++i) {
      workers_.push_back(std::make_unique<LoopOfItsOwn>(clock_, i));
      loops.push_back(&workers_.back()->loop);
    }
    directory_ = std::make_unique<Directory>(Directory::Parts{.snapshot = std::move(snapshot),
                                                              .control = control_.loop,
                                                              .workers = loops,
                                                              .dialer = dialer_,
                                                              .resolver = resolver_,
                                                              .log = log_.log()});
    for (std::uint32_t i = 0; i < kWorkers; ++i) {
      pools_.push_back(directory_->make_pool(base::PoolId(0), base::WorkerId(i)));
    }
  }

  // Runs `tasks` tasks on each worker's thread, and the control loop here, until all have ended.
  template <class MakeTask>
  void run(int tasks, MakeTask make_task) {
    std::atomic<std::uint32_t> running = kWorkers;
    std::vector<std::jthread> threads;
    for (std::uint32_t i = 0; i < kWorkers; ++i) {
      threads.emplace_back([&, i] {
        runtime::Loop& loop = workers_[i]->loop;
        runtime::Scope scope(loop);
        for (int task = 0; task < tasks; ++task) scope.spawn(make_task(*pools_[i]));
        while (scope.running() > 0) loop.turn();
        if (running.fetch_sub(1) == 1) control_.loop.stop();
      });
    }
    control_.loop.run();
  }

  os::SystemClock clock_;
  LoopOfItsOwn control_{clock_, 99};
  net::SystemNetwork network_{control_.loop, *control_.poller};
  net::DirectDialer dialer_{network_};
  NoResolver resolver_;
  observe::MemoryLog log_{observe::LogLevel::warn};
  std::vector<std::unique_ptr<LoopOfItsOwn>> workers_;
  std::unique_ptr<Directory> directory_;
  std::vector<std::unique_ptr<Pool>> pools_;
};

// A wake-up that is lost shows as a wait until the queue's deadline, and so as a refusal.
TEST_F(PoolThreads, every_waiter_gets_a_slot_and_the_bound_holds) {
  model::Pool pool{.name = "pool", .queue_size = 1000, .queue_timeout = 60s};
  pool.endpoints = {{.address = *base::Address::parse("127.0.0.1:1"), .max_connections = 2},
                    {.address = *base::Address::parse("127.0.0.1:2"), .max_connections = 1}};
  build(std::move(pool));
  Tally tally;
  constexpr int kTasks = 8;
  constexpr int kTimes = 400;
  run(kTasks, [&](Pool& of_worker) { return connect_often(of_worker, kTimes, tally); });
  EXPECT_EQ(tally.served.load(), kWorkers * kTasks * kTimes);
  EXPECT_EQ(tally.refused.load(), 0U);
  EXPECT_LE(tally.most.load(), 3U);
  EXPECT_EQ(tally.inside.load(), 0U);
  const PoolStatus status = directory_->status().at(0);
  EXPECT_EQ(status.active, 0U);
  EXPECT_EQ(status.waiting, 0U);
  EXPECT_EQ(status.totals.connections, kWorkers * kTasks * kTimes);
  EXPECT_EQ(status.totals.received_bytes, kWorkers * kTasks * kTimes * 2U);
}

Task<void> connect_and_fail(Pool& pool, int times, Tally& tally) {
  for (int i = 0; i < times; ++i) {
    Attempts attempts(pool.spec(), {});
    auto lease = co_await pool.acquire(attempts);
    if (!lease) {
      tally.refused.fetch_add(1);
      continue;
    }
    if (lease->endpoint().name() == "127.0.0.1:1") {
      lease->on_connect_failed({.code = Errc::refused, .side = Side::upstream});
    } else {
      lease->on_connected(1us);
    }
    tally.served.fetch_add(1);
    if (i % 8 == 0) std::ignore = co_await runtime::sleep_for(1ms);
  }
}

TEST_F(PoolThreads, an_ejection_reaches_every_worker_while_it_is_busy) {
  model::Pool pool{.name = "pool", .queue_timeout = 60s};
  pool.ejection.base_time = 2ms;  // so that it comes and goes while the workers run
  pool.ejection.max_time = 8ms;
  for (const char* text : {"127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"}) {
    pool.endpoints.push_back({.address = *base::Address::parse(text), .max_connections = 4});
  }
  build(std::move(pool));
  Tally tally;
  run(4, [&](Pool& of_worker) { return connect_and_fail(of_worker, 400, tally); });
  EXPECT_EQ(tally.refused.load(), 0U);
  EXPECT_EQ(tally.served.load(), kWorkers * 4U * 400U);
  const PoolStatus status = directory_->status().at(0);
  EXPECT_GT(status.endpoints.at(0).times_ejected, 0U);
  EXPECT_EQ(status.endpoints.at(1).times_ejected, 0U);
}

}  // namespace
}  // namespace causeway::upstream
