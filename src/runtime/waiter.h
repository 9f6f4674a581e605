// SPDX-License-Identifier: Apache-2.0
// A suspended operation, and the tree that can cancel it.
// A Waiter lives in the awaiting object, inside the coroutine's frame. Whoever completes the
// operation calls Loop::wake(); whoever cancels it calls CancelNode::cancel(). Both only put the
// coroutine on the loop's ready queue: nothing is ever resumed inline, so a caller's state cannot
// change under it.
#pragma once

#include <coroutine>
#include <cstdint>

#include "base/error.h"
#include "base/intrusive_list.h"

namespace causeway::runtime {

class Loop;
struct CancelTag {};
struct ChildTag {};

class Waiter : public base::ListHook<CancelTag> {
 public:
  enum class State : std::uint8_t { idle, waiting, woken, cancelled };

  Waiter() = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] bool was_cancelled() const noexcept { return state_ == State::cancelled; }

 private:
  friend class Loop;
  std::coroutine_handle<> handle_;
  Waiter* next_ready_ = nullptr;
  State state_ = State::idle;
};

// A node of the cancellation tree: one for each Scope, within() and shielded(). Every operation
// begun under it joins its list while it waits. Cancelling ends the node's operations and those of
// all nodes below it; what begins later under a cancelled node ends at once.
class CancelNode : public base::ListHook<ChildTag> {
 public:
  // A root: nothing above it can cancel it.
  explicit CancelNode(Loop& loop) noexcept : loop_(loop) {}
  // Below `parent`, and cancelled already if the parent is.
  CancelNode(Loop& loop, CancelNode& parent) noexcept;
  CancelNode(const CancelNode&) = delete;
  CancelNode& operator=(const CancelNode&) = delete;
  ~CancelNode() { unlink(); }

  void cancel() noexcept;
  [[nodiscard]] bool is_cancelled() const noexcept { return cancelled_; }
  void join(Waiter& waiter) noexcept { waiters_.push_back(waiter); }

 private:
  Loop& loop_;
  base::IntrusiveList<Waiter, CancelTag> waiters_;
  base::IntrusiveList<CancelNode, ChildTag> children_;
  bool cancelled_ = false;
};

// What a task inherits from the task that awaits it.
struct TaskContext {
  Loop* loop = nullptr;
  CancelNode* cancel = nullptr;
};

}  // namespace causeway::runtime
