// SPDX-License-Identifier: Apache-2.0
#include "sim/world.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/address.h"
#include "base/assert.h"
#include "base/time.h"
#include "runtime/loop.h"
#include "runtime/scope.h"
#include "sim/sim_network.h"
#include "sim/sim_poller.h"

namespace causeway::sim {
namespace {

// Streams of random numbers of one seed, each for one purpose, so that a further draw in one does
// not change the others.
constexpr std::uint64_t kForTest = 0x1000'0000'0000'0001;
constexpr std::uint64_t kForNetwork = 0x1000'0000'0000'0002;
constexpr std::uint64_t kForLoops = 0x1000'0000'0000'0003;

}  // namespace

World::World(std::uint64_t seed)
    : seed_(seed), random_(seed ^ kForTest), internet_(clock_, timeline_, seed ^ kForNetwork) {
  add_loop();
}

World::~World() {
  const std::string leftovers = find_leftovers();
  if (!leftovers.empty()) give_up(leftovers);
}

runtime::Loop& World::add_loop() {
  auto poller = std::make_unique<SimPoller>(clock_, timeline_);
  auto loop = std::make_unique<runtime::Loop>(clock_, *poller, (seed_ ^ kForLoops) + loops_.size());
  loops_.push_back({.poller = std::move(poller), .loop = std::move(loop)});
  return *loops_.back().loop;
}

SimNetwork& World::network(std::string_view ip, runtime::Loop& loop) {
  const auto address = base::IpAddress::parse(ip);
  CW_ASSERT(address.has_value());
  auto& network = networks_[{*address, &loop}];
  if (network == nullptr)
    network = std::make_unique<SimNetwork>(internet_, internet_.host(*address), loop);
  return *network;
}

bool World::step(Instant until) {
  bool ran = false;
  for (const Worker& worker : loops_) ran = worker.loop->turn(clock_.now()) || ran;
  if (ran) return true;
  Instant next = timeline_.next();
  for (const Worker& worker : loops_) next = std::min(next, worker.loop->wheel().next());
  if (next > until || next == base::kNever) {
    if (until != base::kNever) clock_.advance_to(std::max(until, clock_.now()));
    return false;
  }
  clock_.advance_to(std::max(next, clock_.now()));
  return true;
}

void World::run_until_joined(runtime::Scope& scope) {
  const Instant end = clock_.now() + kRunMax;
  while (scope.running() > 0) {
    if (step(base::kNever)) {
      if (clock_.now() > end) give_up("the run does not end");
      continue;
    }
    if (scope.running() > 0) give_up("a task waits for what can never happen");
  }
}

void World::run_for(Duration span) {
  const Instant until = clock_.now() + span;
  while (step(until)) {
  }
}

void World::run_until_quiet() {
  const Instant end = clock_.now() + kRunMax;
  while (step(base::kNever)) {
    if (clock_.now() > end) give_up("the world never becomes quiet");
  }
}

std::string World::find_leftovers() {
  const std::size_t open = internet_.open_descriptors();
  if (open > 0) return fmt::format("{} streams, listeners or datagram sockets are open", open);
  std::size_t armed = 0;
  for (const Worker& worker : loops_) armed += worker.loop->wheel().count_armed();
  if (armed > 0) return fmt::format("{} timers are armed", armed);
  return internet_.find_fault();
}

void World::give_up(const std::string& why) const {
  fmt::print(stderr, "sim::World, seed {}: {}\n", seed_, why);
  std::abort();
}

}  // namespace causeway::sim
