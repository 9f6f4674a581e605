// SPDX-License-Identifier: Apache-2.0
// The simulated world of one test: a clock, a network, one loop or several, all turned by one
// thread and repeated exactly by one seed. The clock moves only when nothing is left to do now.
//
//     sim::World world(seed);
//     auto& gateway = world.network("10.0.0.1");
//     auto& endpoint = world.network("10.0.0.2");
//     const auto answer = world.run(ask(gateway));
//
// When it is destroyed nothing may be left: no open stream, listener or socket, no armed timer, no
// byte and no datagram of which nobody knows what became of it. What is found then, and a task that
// waits for what can never happen, ends the process with the seed printed.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/time.h"
#include "runtime/loop.h"
#include "runtime/scope.h"
#include "runtime/task.h"
#include "sim/fake_clock.h"
#include "sim/internet.h"
#include "sim/sim_network.h"
#include "sim/sim_poller.h"
#include "sim/timeline.h"

namespace causeway::sim {

class World {
 public:
  // A run that needs more than this, in the world's time, will never end.
  static constexpr Duration kRunMax = std::chrono::hours(24 * 30);

  explicit World(std::uint64_t seed);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }
  [[nodiscard]] FakeClock& clock() noexcept { return clock_; }
  [[nodiscard]] Timeline& timeline() noexcept { return timeline_; }
  [[nodiscard]] Internet& internet() noexcept { return internet_; }
  // For what a test itself chooses at random.
  [[nodiscard]] base::Random& random() noexcept { return random_; }

  // The loop that run() uses.
  [[nodiscard]] runtime::Loop& loop() noexcept { return *loops_.front().loop; }
  // One more, as for another worker; it lives as long as the world.
  runtime::Loop& add_loop();

  // The network of the host with this address, on loop(). The same each time.
  SimNetwork& network(std::string_view ip) { return network(ip, loop()); }
  SimNetwork& network(std::string_view ip, runtime::Loop& loop);

  // Runs `task` on loop() until it ends, however long that takes in the world's time.
  template <class T>
  T run(Task<T> task) {
    runtime::Scope scope(loop());
    if constexpr (std::is_void_v<T>) {
      scope.spawn(std::move(task));
      run_until_joined(scope);
    } else {
      std::optional<T> answer;
      scope.spawn(keep_answer(std::move(task), answer));
      run_until_joined(scope);
      return *std::move(answer);
    }
  }

  // Until nothing runs in `scope` any more.
  void run_until_joined(runtime::Scope& scope);
  void run_for(Duration span);
  // Until nothing is ready and nothing is planned: not while a periodic timer is armed.
  void run_until_quiet();

  // Equal for two runs of one seed.
  [[nodiscard]] std::uint64_t trace_hash() noexcept { return internet_.trace().hash(); }

  // What is left open or unaccounted; empty when the world may end.
  [[nodiscard]] std::string find_leftovers();

 private:
  struct Worker {
    std::unique_ptr<SimPoller> poller;
    std::unique_ptr<runtime::Loop> loop;
  };

  template <class T>
  static Task<void> keep_answer(Task<T> task, std::optional<T>& answer) {
    T value = co_await std::move(task);
    answer.emplace(std::move(value));
  }

  // Turns every loop once. When nothing ran, moves the clock to what comes next, but not beyond
  // `until`. False when nothing ran and nothing comes until then.
  bool step(Instant until);
  [[noreturn]] void give_up(const std::string& why) const;

  std::uint64_t seed_;
  base::Random random_;
  FakeClock clock_;
  Timeline timeline_;
  Internet internet_;
  std::vector<Worker> loops_;
  std::map<std::pair<base::IpAddress, const runtime::Loop*>, std::unique_ptr<SimNetwork>> networks_;
};

}  // namespace causeway::sim
