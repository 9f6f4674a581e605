// SPDX-License-Identifier: Apache-2.0
#include "upstream/pool.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/ids.h"
#include "base/result.h"
#include "model/pool.h"
#include "runtime/limits.h"
#include "runtime/loop.h"
#include "runtime/scope.h"
#include "runtime/task.h"
#include "sim/world.h"
#include "upstream/attempts.h"
#include "upstream/endpoint.h"
#include "upstream/internal/test_pool.h"
#include "upstream/members.h"
#include "upstream/slot_bells.h"

namespace causeway::upstream {
namespace {

using namespace std::chrono_literals;

constexpr base::WorkerId kFirst(0);
constexpr base::WorkerId kSecond(1);

class Reports final : public FailureSink {
 public:
  void on_failing(base::PoolId pool, base::EndpointId endpoint) override {
    seen.emplace_back(pool, endpoint);
  }
  std::vector<std::pair<base::PoolId, base::EndpointId>> seen;
};

// A pool on two workers of one simulated world. Each test is the directory.
class PoolTest : public testing::Test {
 protected:
  void build(std::size_t endpoints, std::uint32_t max_connections) {
    for (std::size_t i = 0; i < endpoints; ++i) add_endpoint(max_connections);
    const MembersPtr members = make_members(members_);
    first_.emplace(shared_, kFirst, world_.loop(), members);
    second_.emplace(shared_, kSecond, other_loop_, members);
  }
  void add_endpoint(std::uint32_t max_connections) {
    const auto id = static_cast<std::uint32_t>(members_.entries.size());
    auto endpoint = make_endpoint(base::EndpointId(id), numbered_address(id + 1), 2, Instant{});
    endpoint->set_max_connections(max_connections);
    members_.entries.push_back({.endpoint = std::move(endpoint), .weight = 1});
  }
  Endpoint& endpoint(std::size_t index) { return *members_.entries.at(index).endpoint; }
  void tell() {
    shared_.version.fetch_add(1);
    const MembersPtr members = make_members(members_);
    for (Pool* pool : shared_.pools) pool->on_changed(members);
  }
  void set_state(std::size_t index, EndpointState state) {
    endpoint(index).change_state(state, StateReason::check_failed, Instant{});
    tell();
  }
  Attempts attempts() const { return {spec_, {}}; }

  struct Waiting {
    Attempts attempts;
    std::optional<Result<Lease>> answer;
    [[nodiscard]] bool has_lease() const { return answer && answer->has_value(); }
    [[nodiscard]] Errc code() const {
      return answer && !*answer ? answer->error().code : Errc::would_block;
    }
  };
  static Task<void> ask(Pool& pool, Waiting& waiting) {
    auto lease = co_await pool.acquire(waiting.attempts);
    waiting.answer.emplace(std::move(lease));
  }
  Waiting& wait_in(Pool& pool, runtime::Scope& scope) {
    auto& waiting = *waiting_.emplace_back(
        std::make_unique<Waiting>(Waiting{.attempts = attempts(), .answer = {}}));
    scope.spawn(ask(pool, waiting));
    return waiting;
  }
  void settle() { world_.run_for(1ms); }
  void end(runtime::Scope& scope) {
    scope.cancel();
    while (scope.running() > 0) settle();
  }

  sim::World world_{1};
  runtime::Loop& other_loop_ = world_.add_loop();
  SlotBells bells_{{&world_.loop(), &other_loop_}};
  Reports reports_;
  model::Pool spec_{.name = "pool", .balance = model::Balance::round_robin, .queue_size = 4};
  PoolShared shared_{base::PoolId(3), spec_, 2, bells_, reports_};
  Members members_;
  std::optional<Pool> first_;
  std::optional<Pool> second_;
  std::vector<std::unique_ptr<Waiting>> waiting_;  // goes first: leases go before pools
};

TEST_F(PoolTest, a_lease_counts_as_active_until_it_is_gone) {
  build(1, 0);
  {
    auto tried = attempts();
    auto lease = first_->try_acquire(tried);
    ASSERT_TRUE(lease.has_value());
    EXPECT_EQ(endpoint(0).active(), 1U);
    EXPECT_EQ(first_->metrics().active.value(), 1);
    const Lease moved = *std::move(lease);
    EXPECT_EQ(endpoint(0).active(), 1U);
    EXPECT_EQ(moved.endpoint().address(), numbered_address(1));
  }
  EXPECT_EQ(endpoint(0).active(), 0U);
  EXPECT_EQ(first_->metrics().active.value(), 0);
}

TEST_F(PoolTest, a_lease_that_is_assigned_over_gives_its_slot_back) {
  build(2, 1);
  auto tried = attempts();
  auto lease = first_->try_acquire(tried);
  ASSERT_TRUE(lease.has_value());
  const Endpoint* const before = &lease->endpoint();
  *lease = *first_->try_acquire(tried);
  EXPECT_NE(&lease->endpoint(), before);
  EXPECT_TRUE(before->has_free_slot());
  EXPECT_EQ(before->active(), 0U);
}

TEST_F(PoolTest, a_lease_keeps_the_books) {
  build(1, 0);
  auto tried = attempts();
  {
    auto lease = first_->try_acquire(tried);
    ASSERT_TRUE(lease.has_value());
    lease->on_connected(3ms);
    lease->add_bytes(10, 20);
    lease->add_bytes(1, 2);
  }
  const auto& cell = endpoint(0).cell(kFirst);
  EXPECT_EQ(cell.connections.value(), 1U);
  EXPECT_EQ(cell.sent_bytes.value(), 11U);
  EXPECT_EQ(cell.received_bytes.value(), 22U);
  EXPECT_EQ(endpoint(0).cell(kSecond).connections.value(), 0U);
  EXPECT_EQ(first_->metrics().connections.value(), 1U);
  EXPECT_EQ(first_->metrics().sent_bytes.value(), 11U);
  EXPECT_EQ(first_->metrics().received_bytes.value(), 22U);
  EXPECT_EQ(first_->metrics().connect_time.snapshot().count(), 1U);
}

TEST_F(PoolTest, each_attempt_gets_another_endpoint_and_then_none) {
  build(2, 0);
  auto tried = attempts();
  const Endpoint* first_tried = nullptr;
  {
    const auto lease = first_->try_acquire(tried);
    ASSERT_TRUE(lease.has_value());
    first_tried = &lease->endpoint();
  }
  EXPECT_TRUE(tried.may_try_again());
  {
    const auto lease = first_->try_acquire(tried);
    ASSERT_TRUE(lease.has_value());
    EXPECT_NE(&lease->endpoint(), first_tried);
  }
  EXPECT_TRUE(tried.may_try_again());  // three are allowed, but there are only two
  const auto lease = first_->try_acquire(tried);
  ASSERT_FALSE(lease.has_value());
  EXPECT_EQ(lease.error().code, Errc::no_endpoint);
  EXPECT_EQ(first_->metrics().refused.value(Errc::no_endpoint), 1U);
}

TEST_F(PoolTest, attempts_end_at_the_configured_number) {
  spec_.connect_attempts = 2;
  build(3, 0);
  auto tried = attempts();
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(tried.may_try_again());
    EXPECT_TRUE(first_->try_acquire(tried).has_value());
  }
  EXPECT_FALSE(tried.may_try_again());
}

TEST_F(PoolTest, unhealthy_and_ejected_endpoints_are_left_out) {
  build(3, 0);
  set_state(0, EndpointState::unhealthy);
  set_state(1, EndpointState::ejected);
  for (int i = 0; i < 5; ++i) {
    auto tried = attempts();
    const auto lease = first_->try_acquire(tried);
    ASSERT_TRUE(lease.has_value());
    EXPECT_EQ(&lease->endpoint(), &endpoint(2));
  }
}

TEST_F(PoolTest, a_change_of_state_counts_before_its_message_arrives) {
  build(2, 0);
  endpoint(0).change_state(EndpointState::unhealthy, StateReason::check_failed, Instant{});
  shared_.version.fetch_add(1);
  for (int i = 0; i < 4; ++i) {
    auto tried = attempts();
    const auto lease = second_->try_acquire(tried);
    ASSERT_TRUE(lease.has_value());
    EXPECT_EQ(&lease->endpoint(), &endpoint(1));
  }
}

TEST_F(PoolTest, an_ejected_endpoint_is_better_than_none_but_an_unhealthy_one_is_not) {
  build(2, 0);
  set_state(0, EndpointState::unhealthy);
  set_state(1, EndpointState::ejected);
  auto tried = attempts();
  const auto lease = first_->try_acquire(tried);
  ASSERT_TRUE(lease.has_value());
  EXPECT_EQ(&lease->endpoint(), &endpoint(1));
  set_state(1, EndpointState::unhealthy);
  auto more = attempts();
  const auto none = first_->try_acquire(more);
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, Errc::no_endpoint);
}

TEST_F(PoolTest, a_pool_that_ejects_nobody_heeds_no_ejection) {
  spec_.ejection.enabled = false;
  build(2, 0);
  set_state(0, EndpointState::ejected);
  auto tried = attempts();
  const auto one = first_->try_acquire(tried);
  const auto other = first_->try_acquire(tried);
  EXPECT_TRUE(one.has_value() && other.has_value());
}

TEST_F(PoolTest, an_endpoint_that_left_lives_until_its_last_lease) {
  build(2, 0);
  std::vector<Lease> leases;
  auto tried = attempts();
  for (int i = 0; i < 2; ++i) leases.push_back(*first_->try_acquire(tried));
  const EndpointPtr gone = members_.entries[0].endpoint;
  members_.entries.erase(members_.entries.begin());
  tell();
  EXPECT_EQ(gone->active(), 1U);
  EXPECT_FALSE(is_last(gone));
  auto more = attempts();
  const auto lease = first_->try_acquire(more);
  ASSERT_TRUE(lease.has_value());
  EXPECT_NE(&lease->endpoint(), gone.get());
  leases.clear();
  EXPECT_EQ(gone->active(), 0U);
  EXPECT_TRUE(is_last(gone));
}

TEST_F(PoolTest, reports_an_endpoint_each_time_the_threshold_is_reached) {
  spec_.ejection.consecutive_failures = 3;
  build(1, 0);
  const Error refused{.code = Errc::refused, .side = Side::upstream};
  const auto fail_once = [&](Pool& pool) {
    auto tried = attempts();
    auto lease = pool.try_acquire(tried);
    ASSERT_TRUE(lease.has_value());
    lease->on_connect_failed(refused);
  };
  fail_once(*first_);
  fail_once(*second_);
  EXPECT_TRUE(reports_.seen.empty());
  fail_once(*first_);
  ASSERT_EQ(reports_.seen.size(), 1U);
  EXPECT_EQ(reports_.seen[0], std::pair(base::PoolId(3), base::EndpointId(0)));
  for (int i = 0; i < 3; ++i) fail_once(*second_);
  EXPECT_EQ(reports_.seen.size(), 2U);
  EXPECT_EQ(first_->metrics().connect_failures.value(Errc::refused), 2U);
  EXPECT_EQ(endpoint(0).cell(kSecond).connect_failures.value(Errc::refused), 4U);
}

TEST_F(PoolTest, a_success_on_any_worker_begins_the_count_anew) {
  spec_.ejection.consecutive_failures = 2;
  build(1, 0);
  const Error refused{.code = Errc::refused, .side = Side::upstream};
  for (int i = 0; i < 6; ++i) {
    auto tried = attempts();
    auto lease = (i % 2 == 0 ? *first_ : *second_).try_acquire(tried);
    ASSERT_TRUE(lease.has_value());
    if (i % 2 == 0) {
      lease->on_connect_failed(refused);
    } else {
      lease->on_connected();
    }
  }
  EXPECT_TRUE(reports_.seen.empty());
}

TEST_F(PoolTest, what_is_our_own_fault_is_not_held_against_an_endpoint) {
  spec_.ejection.consecutive_failures = 1;
  build(1, 0);
  for (const Error error : {Error{.code = Errc::descriptor_limit, .side = Side::local},
                            Error{.code = Errc::cancelled, .side = Side::upstream},
                            Error{.code = Errc::reset, .side = Side::downstream}}) {
    auto tried = attempts();
    auto lease = first_->try_acquire(tried);
    ASSERT_TRUE(lease.has_value());
    lease->on_connect_failed(error);
  }
  EXPECT_TRUE(reports_.seen.empty());
  EXPECT_EQ(endpoint(0).failures(), 0U);
}

// --- the queue

TEST_F(PoolTest, a_full_pool_refuses_who_cannot_wait) {
  build(1, 1);
  auto tried = attempts();
  const auto lease = first_->try_acquire(tried);
  ASSERT_TRUE(lease.has_value());
  for (Pool* pool : {&*first_, &*second_}) {
    auto more = attempts();
    const auto none = pool->try_acquire(more);
    ASSERT_FALSE(none.has_value());
    EXPECT_EQ(none.error().code, Errc::queue_full);
    EXPECT_EQ(more.count(), 0U);
  }
}

TEST_F(PoolTest, a_freed_slot_goes_to_who_waited_longest) {
  build(1, 1);
  auto tried = attempts();
  std::optional lease = *first_->try_acquire(tried);
  runtime::Scope scope(world_.loop());
  Waiting& one = wait_in(*first_, scope);
  settle();
  Waiting& two = wait_in(*first_, scope);
  settle();
  EXPECT_EQ(first_->metrics().waiting.value(), 2);
  lease.reset();
  settle();
  EXPECT_TRUE(one.has_lease());
  EXPECT_FALSE(two.answer.has_value());
  one.answer.reset();
  settle();
  EXPECT_TRUE(two.has_lease());
  EXPECT_EQ(first_->metrics().waiting.value(), 0);
  EXPECT_EQ(shared_.waiting.load(), 0U);
}

TEST_F(PoolTest, a_newcomer_does_not_overtake_who_waits) {
  build(1, 1);
  auto tried = attempts();
  std::optional lease = *second_->try_acquire(tried);
  runtime::Scope scope(world_.loop());
  Waiting& one = wait_in(*first_, scope);
  settle();
  lease.reset();  // rings the first worker's bell, which has not been heard yet
  Waiting& two = wait_in(*first_, scope);  // comes now
  settle();
  EXPECT_TRUE(one.has_lease());
  EXPECT_FALSE(two.answer.has_value());
  end(scope);
}

TEST_F(PoolTest, a_slot_that_one_worker_frees_wakes_another) {
  build(1, 1);
  auto tried = attempts();
  std::optional lease = *second_->try_acquire(tried);
  runtime::Scope scope(world_.loop());
  Waiting& waiting = wait_in(*first_, scope);
  settle();
  EXPECT_FALSE(waiting.answer.has_value());
  lease.reset();
  settle();
  EXPECT_TRUE(waiting.has_lease());
}

TEST_F(PoolTest, a_worker_whose_mailbox_is_full_is_woken_once_there_is_room) {
  build(1, 1);
  auto tried = attempts();
  std::optional lease = *second_->try_acquire(tried);
  runtime::Scope scope(world_.loop());
  Waiting& waiting = wait_in(*first_, scope);
  settle();
  while (world_.loop().post([] {})) {
  }
  lease.reset();
  settle();
  EXPECT_FALSE(waiting.answer.has_value());
  world_.run_for(10ms);
  EXPECT_TRUE(waiting.has_lease());
}

TEST_F(PoolTest, its_own_worker_goes_first_and_then_the_other) {
  build(1, 1);
  auto tried = attempts();
  std::optional lease = *second_->try_acquire(tried);
  runtime::Scope scope(world_.loop());
  runtime::Scope other_scope(other_loop_);
  Waiting& far = wait_in(*first_, scope);
  settle();
  Waiting& near = wait_in(*second_, other_scope);
  settle();
  lease.reset();
  settle();
  EXPECT_TRUE(near.has_lease());
  EXPECT_FALSE(far.answer.has_value());
  near.answer.reset();
  settle();
  EXPECT_TRUE(far.has_lease());
}

TEST_F(PoolTest, a_waiter_gives_up_at_its_deadline) {
  spec_.queue_timeout = 100ms;
  build(1, 1);
  auto tried = attempts();
  const auto lease = first_->try_acquire(tried);
  runtime::Scope scope(world_.loop());
  Waiting& waiting = wait_in(*first_, scope);
  world_.run_for(99ms);
  EXPECT_FALSE(waiting.answer.has_value());
  world_.run_for(5ms);
  EXPECT_EQ(waiting.code(), Errc::queue_timeout);
  EXPECT_EQ(first_->metrics().refused.value(Errc::queue_timeout), 1U);
  EXPECT_EQ(shared_.waiting.load(), 0U);
}

TEST_F(PoolTest, the_queue_is_bounded_over_all_workers) {
  spec_.queue_size = 2;
  build(1, 1);
  auto tried = attempts();
  const auto lease = first_->try_acquire(tried);
  runtime::Scope scope(world_.loop());
  runtime::Scope other_scope(other_loop_);
  wait_in(*first_, scope);
  wait_in(*second_, other_scope);
  settle();
  Waiting& third = wait_in(*first_, scope);
  settle();
  EXPECT_EQ(third.code(), Errc::queue_full);
  end(scope);
  end(other_scope);
  EXPECT_EQ(shared_.waiting.load(), 0U);
}

TEST_F(PoolTest, a_queue_of_none_refuses_at_once) {
  spec_.queue_size = 0;
  build(1, 1);
  auto tried = attempts();
  const auto lease = first_->try_acquire(tried);
  runtime::Scope scope(world_.loop());
  Waiting& waiting = wait_in(*first_, scope);
  settle();
  EXPECT_EQ(waiting.code(), Errc::queue_full);
}

TEST_F(PoolTest, a_cancelled_waiter_leaves_the_queue) {
  build(1, 1);
  auto tried = attempts();
  std::optional lease = *first_->try_acquire(tried);
  runtime::Scope scope(world_.loop());
  runtime::Scope other(world_.loop());
  Waiting& gone = wait_in(*first_, scope);
  settle();
  Waiting& stays = wait_in(*first_, other);
  settle();
  scope.cancel();
  lease.reset();  // in the same turn: the slot is not given to who is on the way out
  settle();
  EXPECT_EQ(gone.code(), Errc::cancelled);
  EXPECT_TRUE(stays.has_lease());
  stays.answer.reset();
  EXPECT_EQ(endpoint(0).active(), 0U);
}

TEST_F(PoolTest, a_task_that_is_cancelled_already_does_not_wait) {
  build(1, 1);
  auto tried = attempts();
  const auto lease = first_->try_acquire(tried);
  runtime::Scope scope(world_.loop());
  scope.cancel();
  Waiting& waiting = wait_in(*first_, scope);
  settle();
  EXPECT_EQ(waiting.code(), Errc::cancelled);
  EXPECT_EQ(shared_.waiting.load(), 0U);
}

TEST_F(PoolTest, a_waiter_is_passed_over_for_an_endpoint_that_it_has_tried) {
  build(2, 1);
  auto tried = attempts();
  std::vector<Lease> leases;
  for (int i = 0; i < 2; ++i) leases.push_back(*first_->try_acquire(tried));
  runtime::Scope scope(world_.loop());
  auto& picky = *waiting_.emplace_back(
      std::make_unique<Waiting>(Waiting{.attempts = attempts(), .answer = {}}));
  picky.attempts.add(leases[0].endpoint().id());
  scope.spawn(ask(*first_, picky));
  settle();
  Waiting& fresh = wait_in(*first_, scope);
  settle();
  leases.erase(leases.begin());
  settle();
  EXPECT_FALSE(picky.answer.has_value());
  EXPECT_TRUE(fresh.has_lease());
  leases.clear();
  settle();
  EXPECT_TRUE(picky.has_lease());
}

TEST_F(PoolTest, a_waiter_learns_of_an_endpoint_that_came_back) {
  build(2, 1);
  set_state(1, EndpointState::unhealthy);
  auto tried = attempts();
  const auto lease = first_->try_acquire(tried);
  runtime::Scope scope(world_.loop());
  Waiting& waiting = wait_in(*first_, scope);
  settle();
  set_state(1, EndpointState::healthy);
  settle();
  EXPECT_TRUE(waiting.has_lease());
}

TEST_F(PoolTest, a_waiter_learns_that_there_is_nothing_left_to_wait_for) {
  build(1, 1);
  auto tried = attempts();
  const auto lease = first_->try_acquire(tried);
  runtime::Scope scope(world_.loop());
  Waiting& waiting = wait_in(*first_, scope);
  settle();
  set_state(0, EndpointState::unhealthy);
  settle();
  EXPECT_EQ(waiting.code(), Errc::no_endpoint);
}

TEST_F(PoolTest, waits_for_the_first_answer_about_its_names) {
  members_.is_resolving = true;
  build(0, 0);
  auto tried = attempts();
  EXPECT_EQ(first_->try_acquire(tried).error().code, Errc::no_endpoint);
  runtime::Scope scope(world_.loop());
  Waiting& waiting = wait_in(*first_, scope);
  settle();
  EXPECT_FALSE(waiting.answer.has_value());
  members_.is_resolving = false;
  add_endpoint(0);
  tell();
  settle();
  EXPECT_TRUE(waiting.has_lease());
}

TEST_F(PoolTest, gives_up_when_its_names_have_no_address) {
  members_.is_resolving = true;
  build(0, 0);
  runtime::Scope scope(world_.loop());
  Waiting& waiting = wait_in(*first_, scope);
  settle();
  members_.is_resolving = false;
  tell();
  settle();
  EXPECT_EQ(waiting.code(), Errc::no_endpoint);
}

TEST_F(PoolTest, a_wait_within_a_limit_ends_with_it) {
  build(1, 1);
  auto tried = attempts();
  const auto lease = first_->try_acquire(tried);
  Waiting waiting{.attempts = attempts(), .answer = {}};
  const auto acquire = [](Pool& pool, Waiting& into) -> Task<Result<void>> {
    auto acquired = co_await pool.acquire(into.attempts);
    into.answer.emplace(std::move(acquired));
    if (!*into.answer) co_return fail(*into.answer);
    co_return Result<void>();
  };
  const auto answer = world_.run(runtime::within(10ms, acquire(*first_, waiting)));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, Errc::deadline);
  EXPECT_EQ(waiting.code(), Errc::cancelled);
}

}  // namespace
}  // namespace causeway::upstream
