// SPDX-License-Identifier: Apache-2.0
#include "upstream/slot_bells.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/intrusive_list.h"
#include "base/time.h"
#include "runtime/loop.h"
#include "runtime/timer_wheel.h"
#include "upstream/endpoint.h"

namespace causeway::upstream {

// One worker's bell. All but ring() is used on that worker's loop.
class SlotBells::Bell final : private runtime::Timer {
 public:
  explicit Bell(runtime::Loop& loop) noexcept : loop_(loop) {}

  void listen(SlotWaiter& waiter) noexcept {
    if (!waiter.is_linked()) listening_.push_back(waiter);
  }

  [[nodiscard]] bool is_listened_to() const noexcept { return !listening_.empty(); }

  // Any thread. False when the worker's mailbox is full.
  [[nodiscard]] bool ring() {
    // Rung already and not heard yet: whoever hears it looks at the slots after this.
    if (rung_.exchange(true, std::memory_order_seq_cst)) return true;
    if (loop_.post([this] { on_rung(); })) return true;
    rung_.store(false, std::memory_order_seq_cst);
    return false;
  }

  void serve() {
    for (auto it = listening_.begin(); it != listening_.end();) {
      SlotWaiter& waiter = *it++;
      waiter.on_slot_freed();  // may stop listening
    }
  }

  // Rings `other` now, or as soon as its mailbox has room.
  void ring_or_owe(Bell& other) {
    if (other.ring()) return;
    owed_.push_back(&other);
    if (!is_armed()) loop_.arm(*this, loop_.now() + kRetryAfter);
  }

 private:
  static constexpr Duration kRetryAfter = std::chrono::milliseconds(5);

  void on_rung() {
    // Before the slots are looked at, so that who gives one back from now on rings again.
    rung_.store(false, std::memory_order_seq_cst);
    serve();
  }

  void on_expired() noexcept override {
    const std::vector<Bell*> owed = std::move(owed_);
    owed_.clear();
    for (Bell* bell : owed) ring_or_owe(*bell);
  }

  runtime::Loop& loop_;
  std::atomic<bool> rung_ = false;
  base::IntrusiveList<SlotWaiter, SlotWaiterTag> listening_;
  std::vector<Bell*> owed_;
};

SlotBells::SlotBells(const std::vector<runtime::Loop*>& workers) {
  bells_.reserve(workers.size());
  for (runtime::Loop* loop : workers) bells_.push_back(std::make_unique<Bell>(*loop));
}

SlotBells::~SlotBells() = default;

void SlotBells::listen(base::WorkerId worker, SlotWaiter& waiter) noexcept {
  bells_[worker.index()]->listen(waiter);
}

void SlotBells::on_slot_freed(Endpoint& endpoint, base::WorkerId worker) {
  const std::uint64_t seen = endpoint.waiting();
  if (seen == 0) return;
  Bell& own = *bells_[worker.index()];
  if ((seen & Endpoint::waiting_bit(worker)) != 0) own.serve();
  // Taken again: the marks stand, and are seen when that one is given back.
  if (!endpoint.has_free_slot()) return;
  // This worker's own mark is taken with the others, so it is rung like them: its queue may have
  // found the endpoint full just before yet another worker gave the slot back that is free now.
  const std::uint64_t marked = endpoint.take_waiting(~std::uint64_t{0});
  for (std::uint32_t i = 0; i < bells_.size(); ++i) {
    if ((marked & Endpoint::waiting_bit(base::WorkerId(i))) == 0) continue;
    if (bells_[i].get() == &own && !own.is_listened_to()) continue;
    own.ring_or_owe(*bells_[i]);
  }
}

}  // namespace causeway::upstream
