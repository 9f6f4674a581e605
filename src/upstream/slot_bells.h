// SPDX-License-Identifier: Apache-2.0
// How a worker hears that another worker gave back a slot of an endpoint at its max_connections.
// One for the process, owned by the Directory; each worker has a bell in it. It moves no slots: who
// hears the bell looks for itself.
//
// No wake-up is lost. A pool that has no free slot for a connection does, in this order,
//     W1  marks its worker as waiting on every member of the pool     (write `waiting`)
//     W2  tries each of them once more                                (read `slots`)
// and sleeps only if W2 found each full. Whoever gives a slot back does
//     R1  slots - 1                                                   (write `slots`)
//     R2  reads the marks, clears them and rings                      (read `waiting`)
// All four are sequentially consistent, so they stand in one order. If W2 still saw the slot taken,
// then W2 came before R1, so W1 before R2: R2 sees the mark. Otherwise W2 sees the free slot. A
// mark that was cleared has always been turned into a ring, and whoever hears the ring begins again
// at W1. A slot that was taken again between R1 and R2 leaves the marks standing; they are seen
// when that one is given back. A mark may outlive its cause, which costs a ring for nothing. A bell
// that cannot be rung, because the worker's mailbox is full, is rung again a little later.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/ids.h"
#include "base/intrusive_list.h"
#include "runtime/loop.h"
#include "runtime/timer_wheel.h"
#include "upstream/endpoint.h"

namespace causeway::upstream {

struct SlotWaiterTag {};

// A queue that waits for slots: in its worker's list for as long as somebody is in it.
class SlotWaiter : public base::ListHook<SlotWaiterTag> {
 public:
  // A slot may be free. Runs on the worker's loop and resumes nobody inline.
  virtual void on_slot_freed() = 0;

 protected:
  ~SlotWaiter() { unlink(); }
};

class SlotBells {
 public:
  // One loop for each worker, in the order of their ids; they outlive this.
  explicit SlotBells(const std::vector<runtime::Loop*>& workers);
  SlotBells(const SlotBells&) = delete;
  SlotBells& operator=(const SlotBells&) = delete;
  ~SlotBells();

  // On the worker's loop. Listens until it is unlinked; nothing happens if it does already.
  void listen(base::WorkerId worker, SlotWaiter& waiter) noexcept;

  // On the loop of `worker`, after it gave a slot of `endpoint` back. Its own queues go first: they
  // need no message.
  void on_slot_freed(Endpoint& endpoint, base::WorkerId worker);

 private:
  class Bell;  // NOLINT(cppcoreguidelines-virtual-class-destructor): final
  std::vector<std::unique_ptr<Bell>> bells_;
};

}  // namespace causeway::upstream
