// SPDX-License-Identifier: Apache-2.0
#include "runtime/mailbox.h"

#include <atomic>
#include <cstddef>
#include <memory>
#include <tuple>
#include <utility>

namespace causeway::runtime {

Mailbox::~Mailbox() {
  std::unique_ptr<Letter> letter(newest_.exchange(nullptr));
  // One by one: letting the chain unravel by itself would recurse as deep as it is long.
  while (letter != nullptr) letter = std::move(letter->older);
}

Mailbox::Posted Mailbox::post(Message message) {
  if (count_.fetch_add(1, std::memory_order_relaxed) >= kMessagesMax) {
    count_.fetch_sub(1, std::memory_order_relaxed);
    return Posted::full;
  }
  auto letter = std::make_unique<Letter>(std::move(message), nullptr);
  Letter* below = newest_.load(std::memory_order_relaxed);
  do {
    std::ignore = letter->older.release();
    letter->older.reset(below);
  } while (!newest_.compare_exchange_weak(below, letter.get(), std::memory_order_release,
                                          std::memory_order_relaxed));
  // From here on the box owns it, and the loop may already be reading it.
  std::ignore = letter.release();
  return below == nullptr ? Posted::first : Posted::queued;
}

std::size_t Mailbox::deliver() {
  std::unique_ptr<Letter> newest(newest_.exchange(nullptr, std::memory_order_acquire));
  std::unique_ptr<Letter> oldest;
  while (newest != nullptr) {
    std::unique_ptr<Letter> older = std::move(newest->older);
    newest->older = std::move(oldest);
    oldest = std::move(newest);
    newest = std::move(older);
  }
  std::size_t delivered = 0;
  while (oldest != nullptr) {
    count_.fetch_sub(1, std::memory_order_relaxed);
    oldest->message();
    oldest = std::move(oldest->older);
    ++delivered;
  }
  return delivered;
}

}  // namespace causeway::runtime
