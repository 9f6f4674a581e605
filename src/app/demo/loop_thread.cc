// SPDX-License-Identifier: Apache-2.0
#include "app/demo/loop_thread.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "base/result.h"
#include "base/time.h"
#include "os/cpu.h"
#include "runtime/epoll_poller.h"
#include "runtime/loop.h"
#include "runtime/scope.h"
#include "runtime/task.h"

namespace causeway::app::demo {
namespace {

Task<void> stop_when_joined(runtime::Loop& loop, runtime::Scope& everything) {
  co_await everything.join();
  loop.stop();
}

}  // namespace

Result<std::unique_ptr<LoopThread>> LoopThread::create(const base::Clock& clock, const char* name,
                                                       std::uint64_t seed) {
  auto poller = runtime::EpollPoller::create(clock);
  if (!poller) return fail(poller);
  return std::make_unique<LoopThread>(clock, name, seed, *std::move(poller));
}

LoopThread::LoopThread(const base::Clock& clock, const char* name, std::uint64_t seed,
                       std::unique_ptr<runtime::EpollPoller> poller)
    : clock_(clock),
      name_(name),
      poller_(std::move(poller)),
      loop_(clock, *poller_, seed),
      network_(loop_, *poller_),
      ending_(loop_) {}

LoopThread::~LoopThread() = default;

void LoopThread::start() {
  thread_ = std::jthread([this] {
    os::name_this_thread(name_);
    loop_.run();
  });
}

void LoopThread::end(const std::function<void()>& ask, runtime::Scope& everything) {
  if (!thread_.joinable()) return;
  const auto farewell = [this, &ask, &everything] {
    ask();
    ending_.spawn(stop_when_joined(loop_, everything));
  };
  while (!loop_.post(farewell)) std::this_thread::yield();
  thread_.join();
}

}  // namespace causeway::app::demo
