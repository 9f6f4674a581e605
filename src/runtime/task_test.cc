// SPDX-License-Identifier: Apache-2.0
#include "runtime/task.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "runtime/sleep.h"
#include "runtime/waiter.h"
#include "sim/world.h"

namespace causeway::runtime {
namespace {

Task<int> count_runs(int& runs) {
  ++runs;
  co_return runs;
}

TEST(Task, does_nothing_before_it_is_awaited) {
  sim::World world(1);
  int runs = 0;
  auto task = count_runs(runs);
  EXPECT_EQ(runs, 0);
  EXPECT_EQ(world.run(std::move(task)), 1);
  EXPECT_EQ(runs, 1);
}

TEST(Task, moved_it_still_runs_once) {
  sim::World world(1);
  int runs = 0;
  auto first = count_runs(runs);
  auto second = std::move(first);
  EXPECT_EQ(world.run(std::move(second)), 1);
}

// Counts how many of its kind own something; one that was moved from does not.
class Owner {
 public:
  explicit Owner(int& owners) noexcept : owners_(&owners) { ++*owners_; }
  Owner(Owner&& other) noexcept : owners_(std::exchange(other.owners_, nullptr)) {}
  Owner& operator=(Owner&&) = delete;
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;
  ~Owner() {
    if (owners_ != nullptr) --*owners_;
  }
  [[nodiscard]] int owners() const noexcept { return *owners_; }

 private:
  int* owners_;
};

Task<int> own(Owner owner) {
  const auto turned = co_await yield();
  co_return turned ? owner.owners() : -1;
}

TEST(Task, destroyed_unstarted_it_gives_its_arguments_back) {
  int owners = 0;
  {
    const auto task = own(Owner(owners));
    EXPECT_EQ(owners, 1);
  }
  EXPECT_EQ(owners, 0);
}

TEST(Task, ended_it_gives_its_arguments_back_to_the_last) {
  sim::World world(1);
  int owners = 0;
  EXPECT_EQ(world.run(own(Owner(owners))), 1);
  EXPECT_EQ(owners, 0);
}

Task<std::unique_ptr<int>> make(int value) {
  const auto turned = co_await yield();
  co_return turned ? std::make_unique<int>(value) : nullptr;
}

Task<std::unique_ptr<int>> pass_on(int value) {
  auto made = co_await make(value);
  *made += 1;
  co_return made;
}

TEST(Task, its_value_may_be_move_only) {
  sim::World world(1);
  const auto made = world.run(pass_on(6));
  ASSERT_NE(made, nullptr);
  EXPECT_EQ(*made, 7);
}

Task<TaskContext> context_below() { co_return co_await this_task(); }

Task<bool> inherits() {
  const TaskContext above = co_await this_task();
  const TaskContext below = co_await context_below();
  co_return above.loop == below.loop&& above.cancel == below.cancel&& above.loop != nullptr;
}

TEST(Task, inherits_the_loop_and_the_cancellation_of_who_awaits_it) {
  sim::World world(1);
  EXPECT_TRUE(world.run(inherits()));
}

Task<TaskContext> context_under(CancelNode& node) {
  co_return co_await context_below().under(node);
}

TEST(Task, can_be_put_under_another_node) {
  sim::World world(1);
  CancelNode node(world.loop());
  EXPECT_EQ(world.run(context_under(node)).cancel, &node);
}

}  // namespace
}  // namespace causeway::runtime
