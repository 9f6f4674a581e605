// SPDX-License-Identifier: Apache-2.0
// One address that can answer: whether it may be used, how many connections it has, and how it has
// done. There is one for each address in the process, shared by every pool and worker that names
// it. Made by the Directory; its state is written on the control loop alone and read everywhere
// through relaxed atomics; each worker counts in a cell of its own. It opens no connection and
// judges nothing.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/ids.h"
#include "base/time.h"
#include "observe/pool_metrics.h"

namespace causeway::upstream {

enum class EndpointState : std::uint8_t {
  healthy,    // usable, or not known to be otherwise
  unhealthy,  // failed its checks
  ejected,    // connecting to it failed too often; for a time
};

// Why an endpoint has the state that it has.
enum class StateReason : std::uint8_t {
  unproven,          // nothing spoke against it yet
  check_failed,      // unhealthy_threshold checks in a row
  check_passed,      // healthy_threshold checks in a row
  connect_failures,  // consecutive_failures of connecting
  ejection_over,     // its time was served
};
inline constexpr std::size_t kStateReasonCount =
    static_cast<std::size_t>(StateReason::ejection_over) + 1;

// For logs, counters and JSON; static lifetime.
[[nodiscard]] std::string_view name_of(EndpointState state) noexcept;
[[nodiscard]] std::string_view name_of(StateReason reason) noexcept;

class Endpoint {
 public:
  // `workers`: how many cells; every WorkerId used with it is below. `now`: since when it is
  // unproven.
  Endpoint(base::EndpointId id, base::Address address, std::size_t workers, Instant now);
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  [[nodiscard]] base::EndpointId id() const noexcept { return id_; }
  [[nodiscard]] const base::Address& address() const noexcept { return address_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }  // the address as text

  // --- state ------------------------------------------------------------------------------------
  [[nodiscard]] EndpointState state() const noexcept {
    return state_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] StateReason reason() const noexcept {
    return reason_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] Instant since() const noexcept { return since_.load(std::memory_order_relaxed); }
  // How many changes had this reason.
  [[nodiscard]] std::uint64_t changes(StateReason reason) const noexcept {
    return changes_[static_cast<std::size_t>(reason)].value();
  }
  // Control loop only. Whoever calls it then tells the pools (PoolShared::version).
  void change_state(EndpointState state, StateReason reason, Instant now) noexcept;

  // --- connect failures in a row, over all workers ----------------------------------------------
  // Returns the count with this one in it.
  std::uint32_t add_failure() noexcept {
    return failures_.fetch_add(1, std::memory_order_relaxed) + 1;
  }
  // Costs a load while there is nothing to forget, so that no worker writes to the shared line.
  void forget_failures() noexcept {
    if (failures_.load(std::memory_order_relaxed) != 0)
      failures_.store(0, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint32_t failures() const noexcept {
    return failures_.load(std::memory_order_relaxed);
  }

  // --- slots: the bound on open connections -----------------------------------------------------
  // 0: no bound. Set on the control loop; connections that were there before a bound came into
  // force are not counted against it.
  [[nodiscard]] std::uint32_t max_connections() const noexcept {
    return max_connections_.load(std::memory_order_relaxed);
  }
  void set_max_connections(std::uint32_t max) noexcept {
    max_connections_.store(max, std::memory_order_relaxed);
  }

  // Sequentially consistent, as are mark_waiting() and the giving back: see slot_bells.h for why.
  [[nodiscard]] bool has_free_slot() const noexcept {
    const std::uint32_t max = max_connections();
    return max == 0 || slots_taken_.load(std::memory_order_seq_cst) < max;
  }
  enum class Slot : std::uint8_t { none, uncounted, counted };  // uncounted: there is no bound
  // Never lets more than the bound in, whichever workers ask at the same time.
  [[nodiscard]] Slot take_slot() noexcept;
  // A counted one. Then call SlotBells::on_slot_freed().
  void give_back_slot() noexcept { slots_taken_.fetch_sub(1, std::memory_order_seq_cst); }

  // Workers that wait for a slot, one bit each; workers 64 apart share a bit, which costs the other
  // a look at its queue and nothing else.
  static constexpr std::uint64_t waiting_bit(base::WorkerId worker) noexcept {
    return std::uint64_t{1} << (worker.index() % 64U);
  }
  void mark_waiting(base::WorkerId worker) noexcept {
    const std::uint64_t bit = waiting_bit(worker);
    if ((waiting_.load(std::memory_order_seq_cst) & bit) == 0)
      waiting_.fetch_or(bit, std::memory_order_seq_cst);
  }
  [[nodiscard]] std::uint64_t waiting() const noexcept {
    return waiting_.load(std::memory_order_seq_cst);
  }
  // Clears the bits of `which` and returns those of them that were set.
  std::uint64_t take_waiting(std::uint64_t which) noexcept {
    return waiting_.fetch_and(~which, std::memory_order_seq_cst) & which;
  }

  // --- counts -----------------------------------------------------------------------------------
  // Written on that worker's loop only.
  [[nodiscard]] observe::EndpointMetrics& cell(base::WorkerId worker) noexcept {
    return cells_[worker.index()];
  }
  [[nodiscard]] const observe::EndpointMetrics& cell(base::WorkerId worker) const noexcept {
    return cells_[worker.index()];
  }
  [[nodiscard]] std::size_t workers() const noexcept { return workers_; }

  // Open connections of all workers. The cells are read one after the other while others write, so
  // it may be off by what happened meanwhile, but never below zero.
  [[nodiscard]] std::uint32_t active() const noexcept;

 private:
  const base::EndpointId id_;
  const std::size_t workers_;
  const std::unique_ptr<observe::EndpointMetrics[]> cells_;
  std::atomic<EndpointState> state_{EndpointState::healthy};
  std::atomic<StateReason> reason_{StateReason::unproven};
  std::atomic<std::uint32_t> max_connections_{0};
  std::atomic<Instant> since_;
  const base::Address address_;
  const std::string name_;
  observe::Counter changes_[kStateReasonCount];

  // Lines of their own: the first is written for each connection to a bounded endpoint, and what is
  // above is read for each pick.
  alignas(observe::kCacheLineBytes) std::atomic<std::uint32_t> slots_taken_{0};
  std::atomic<std::uint64_t> waiting_{0};
  alignas(observe::kCacheLineBytes) std::atomic<std::uint32_t> failures_{0};
};

// Shared, because there is no single owner: the directory drops an endpoint when its name no longer
// resolves to it, on the control loop, while pools on other threads still have connections to it.
// Workers copy it when the membership of a pool changes, never for a connection.
using EndpointPtr = std::shared_ptr<Endpoint>;

[[nodiscard]] EndpointPtr make_endpoint(base::EndpointId id, base::Address address,
                                        std::size_t workers, Instant now);
// Whether `endpoint` is the last pointer to it: then nobody can make another.
[[nodiscard]] bool is_last(const EndpointPtr& endpoint) noexcept;

}  // namespace causeway::upstream
