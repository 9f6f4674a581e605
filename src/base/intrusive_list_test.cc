// SPDX-License-Identifier: Apache-2.0
#include "base/intrusive_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <vector>

#include "base/random.h"

namespace causeway::base {
namespace {

struct Item : ListHook<struct QueueTag>, ListHook<struct TimerTag> {
  explicit Item(int n) : number(n) {}
  int number;
};

using Queue = IntrusiveList<Item, QueueTag>;
using Timers = IntrusiveList<Item, TimerTag>;

template <class List>
std::vector<int> numbers_of(List& list) {
  std::vector<int> numbers;
  for (const Item& item : list) numbers.push_back(item.number);
  return numbers;
}

template <class List>
void drain(List& list) {
  while (list.pop_front() != nullptr) {
  }
}

TEST(IntrusiveList, keeps_the_order_of_both_ends) {
  Item one(1);
  Item two(2);
  Item three(3);
  Queue queue;
  queue.push_back(two);
  queue.push_back(three);
  queue.push_front(one);
  EXPECT_EQ(numbers_of(queue), (std::vector{1, 2, 3}));
  EXPECT_EQ(queue.front().number, 1);
  EXPECT_EQ(queue.back().number, 3);
  drain(queue);
}

TEST(IntrusiveList, pops_in_order_and_then_nothing) {
  Item one(1);
  Item two(2);
  Queue queue;
  queue.push_back(one);
  queue.push_back(two);
  EXPECT_EQ(queue.pop_front(), &one);
  EXPECT_FALSE(static_cast<ListHook<QueueTag>&>(one).is_linked());
  EXPECT_EQ(queue.pop_front(), &two);
  EXPECT_EQ(queue.pop_front(), nullptr);
  EXPECT_TRUE(queue.empty());
}

TEST(IntrusiveList, an_element_sits_in_two_lists_at_once) {
  Item one(1);
  Item two(2);
  Queue queue;
  Timers timers;
  queue.push_back(one);
  queue.push_back(two);
  timers.push_back(two);
  timers.push_back(one);
  queue.remove(one);
  EXPECT_EQ(numbers_of(queue), (std::vector{2}));
  EXPECT_EQ(numbers_of(timers), (std::vector{2, 1}));
  drain(queue);
  drain(timers);
}

TEST(IntrusiveList, an_element_leaves_without_knowing_its_list) {
  Item one(1);
  Item two(2);
  Item three(3);
  Queue queue;
  queue.push_back(one);
  queue.push_back(two);
  queue.push_back(three);
  static_cast<ListHook<QueueTag>&>(two).unlink();
  EXPECT_EQ(numbers_of(queue), (std::vector{1, 3}));
  static_cast<ListHook<QueueTag>&>(two).unlink();  // in no list: nothing happens
  EXPECT_EQ(numbers_of(queue), (std::vector{1, 3}));
  drain(queue);
}

TEST(IntrusiveList, elements_may_leave_while_it_is_walked) {
  std::deque<Item> items;
  Queue queue;
  for (int i = 0; i < 10; ++i) queue.push_back(items.emplace_back(i));
  for (auto it = queue.begin(); it != queue.end();) {
    Item& item = *it++;
    if (item.number % 2 == 0) queue.remove(item);
  }
  EXPECT_EQ(numbers_of(queue), (std::vector{1, 3, 5, 7, 9}));
  drain(queue);
}

TEST(IntrusiveList, is_walked_backwards_too) {
  Item one(1);
  Item two(2);
  Queue queue;
  queue.push_back(one);
  queue.push_back(two);
  auto it = queue.end();
  EXPECT_EQ((--it)->number, 2);
  EXPECT_EQ((--it)->number, 1);
  EXPECT_EQ(it, queue.begin());
  drain(queue);
}

TEST(IntrusiveList, splice_appends_all_and_leaves_the_other_empty) {
  std::deque<Item> items;
  Queue a;
  Queue b;
  for (int i = 0; i < 2; ++i) a.push_back(items.emplace_back(i));
  for (int i = 2; i < 5; ++i) b.push_back(items.emplace_back(i));
  a.splice_back(b);
  EXPECT_EQ(numbers_of(a), (std::vector{0, 1, 2, 3, 4}));
  EXPECT_TRUE(b.empty());
  a.splice_back(b);  // nothing
  a.splice_back(a);  // nothing
  EXPECT_EQ(numbers_of(a), (std::vector{0, 1, 2, 3, 4}));
  b.splice_back(a);
  EXPECT_EQ(numbers_of(b), (std::vector{0, 1, 2, 3, 4}));
  EXPECT_TRUE(a.empty());
  drain(b);
}

TEST(IntrusiveList, agrees_with_a_deque_over_many_random_steps) {
  Random random(11);
  std::deque<Item> items;
  for (int i = 0; i < 50; ++i) items.emplace_back(i);
  Queue queue;
  std::deque<int> model;
  for (int step = 0; step < 20000; ++step) {
    Item& item = items[random.below(50)];
    const bool is_linked = static_cast<ListHook<QueueTag>&>(item).is_linked();
    ASSERT_EQ(is_linked, std::ranges::find(model, item.number) != model.end());
    if (is_linked) {
      queue.remove(item);
      std::erase(model, item.number);
    } else if (random.below(2) == 0) {
      queue.push_back(item);
      model.push_back(item.number);
    } else {
      queue.push_front(item);
      model.push_front(item.number);
    }
    ASSERT_EQ(numbers_of(queue), std::vector(model.begin(), model.end()));
  }
  drain(queue);
}

TEST(IntrusiveListDeathTest, an_element_must_leave_before_it_dies) {
  EXPECT_DEATH(
      {
        Queue queue;
        Item item(1);
        queue.push_back(item);
      },
      "is_linked");
}

TEST(IntrusiveListDeathTest, an_element_is_in_one_list_of_a_kind) {
  EXPECT_DEATH(
      {
        Queue a;
        Queue b;
        Item item(1);
        a.push_back(item);
        b.push_back(item);
      },
      "is_linked");
}

}  // namespace
}  // namespace causeway::base
