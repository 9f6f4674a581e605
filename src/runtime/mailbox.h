// SPDX-License-Identifier: Apache-2.0
// Messages from any thread to one loop: a bounded stack that senders push without a lock and the
// loop takes whole. The order of one sender is kept.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <tuple>

namespace causeway::runtime {

using Message = std::move_only_function<void()>;

class Mailbox {
 public:
  static constexpr std::size_t kMessagesMax = 65536;

  Mailbox() = default;
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;
  ~Mailbox();

  enum class Posted : unsigned char { first, queued, full };

  // `first`: the box was empty and the loop must be woken. `full`: the message was not taken.
  [[nodiscard]] Posted post(Message message);

  // Runs what has arrived, oldest first, on the calling (the loop's) thread. Returns how many.
  std::size_t deliver();

  [[nodiscard]] bool empty() const noexcept {
    return newest_.load(std::memory_order_relaxed) == nullptr;
  }

 private:
  struct Letter {
    Message message;
    std::unique_ptr<Letter> older;
  };
  // Owned; the chain below it hangs on `older`.
  std::atomic<Letter*> newest_ = nullptr;
  std::atomic<std::size_t> count_ = 0;
};

}  // namespace causeway::runtime
