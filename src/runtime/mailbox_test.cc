// SPDX-License-Identifier: Apache-2.0
#include "runtime/mailbox.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <memory>
#include <thread>
#include <tuple>
#include <vector>

namespace causeway::runtime {
namespace {

TEST(Mailbox, says_which_message_found_it_empty) {
  Mailbox box;
  EXPECT_TRUE(box.empty());
  EXPECT_EQ(box.post([] {}), Mailbox::Posted::first);
  EXPECT_EQ(box.post([] {}), Mailbox::Posted::queued);
  EXPECT_FALSE(box.empty());
  EXPECT_EQ(box.deliver(), 2U);
  EXPECT_TRUE(box.empty());
  EXPECT_EQ(box.deliver(), 0U);
  EXPECT_EQ(box.post([] {}), Mailbox::Posted::first);
}

TEST(Mailbox, what_a_message_posts_comes_with_the_next_delivery) {
  Mailbox box;
  int ran = 0;
  EXPECT_EQ(box.post([&] { std::ignore = box.post([&] { ++ran; }); }), Mailbox::Posted::first);
  EXPECT_EQ(box.deliver(), 1U);
  EXPECT_EQ(ran, 0);
  EXPECT_EQ(box.deliver(), 1U);
  EXPECT_EQ(ran, 1);
}

TEST(Mailbox, is_bounded) {
  Mailbox box;
  for (std::size_t i = 0; i < Mailbox::kMessagesMax; ++i)
    EXPECT_NE(box.post([] {}), Mailbox::Posted::full);
  EXPECT_EQ(box.post([] {}), Mailbox::Posted::full);
  EXPECT_EQ(box.deliver(), Mailbox::kMessagesMax);
  EXPECT_EQ(box.post([] {}), Mailbox::Posted::first);
}

TEST(Mailbox, destroyed_with_messages_it_destroys_them_unrun) {
  // Writes down its end; moved from, it has none.
  struct Ending {
    void operator()(int* destroyed) const noexcept { ++*destroyed; }
  };
  int destroyed = 0;
  int ran = 0;
  {
    Mailbox box;
    for (std::size_t i = 0; i < Mailbox::kMessagesMax; ++i) {
      std::ignore = box.post([&ran, owned = std::unique_ptr<int, Ending>(&destroyed)] { ++ran; });
    }
    EXPECT_EQ(destroyed, 0);
  }
  EXPECT_EQ(destroyed, static_cast<int>(Mailbox::kMessagesMax));
  EXPECT_EQ(ran, 0);
}

// Which message of each sender comes next. Touched by deliveries only, all on one thread.
constexpr std::size_t kSenders = 4;
constexpr std::size_t kMessages = 100'000;
struct Order {
  std::array<std::size_t, kSenders> next{};
  bool is_kept = true;

  void receive(std::size_t sender, std::size_t number) {
    is_kept = is_kept && next.at(sender) == number;
    next.at(sender) = number + 1;
  }
};

void send_all(Mailbox& box, std::size_t sender, Order& order) {
  for (std::size_t i = 0; i < kMessages; ++i) {
    const auto message = [&order, sender, i] { order.receive(sender, i); };
    while (box.post(message) == Mailbox::Posted::full) std::this_thread::yield();
  }
}

TEST(Mailbox, keeps_the_order_of_each_of_four_senders_and_loses_nothing) {
  Mailbox box;
  Order order;
  std::vector<std::jthread> senders;
  senders.reserve(kSenders);
  for (std::size_t sender = 0; sender < kSenders; ++sender) {
    senders.emplace_back([&box, &order, sender] { send_all(box, sender, order); });
  }
  std::size_t delivered = 0;
  while (delivered < kSenders * kMessages) delivered += box.deliver();
  senders.clear();
  EXPECT_TRUE(order.is_kept);
  for (const std::size_t count : order.next) EXPECT_EQ(count, kMessages);
  EXPECT_TRUE(box.empty());
}

}  // namespace
}  // namespace causeway::runtime
