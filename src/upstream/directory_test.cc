// SPDX-License-Identifier: Apache-2.0
#include "upstream/directory.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/error.h"
#include "base/ids.h"
#include "model/pool.h"
#include "net/dialer.h"
#include "net/listener.h"
#include "observe/memory_log.h"
#include "runtime/loop.h"
#include "runtime/scope.h"
#include "runtime/task.h"
#include "sim/sim_resolver.h"
#include "sim/world.h"
#include "upstream/attempts.h"
#include "upstream/endpoint.h"
#include "upstream/status.h"

namespace causeway::upstream {
namespace {

using namespace std::chrono_literals;

constexpr Error kRefused{.code = Errc::refused, .side = Side::upstream};

base::Address address(std::string_view text) { return *base::Address::parse(text); }

// A control loop and one worker. Endpoints listen on hosts of their own.
class DirectoryTest : public testing::Test {
 protected:
  void TearDown() override { stop(); }

  // A pool with these addresses; returned for more to be said about it before build().
  model::Pool& add_pool(std::string name, const std::vector<std::string_view>& addresses) {
    model::Pool& pool = snapshot_.pools.emplace_back();
    pool.name = std::move(name);
    pool.balance = model::Balance::round_robin;
    for (const std::string_view text : addresses)
      pool.endpoints.push_back({.address = address(text)});
    return pool;
  }

  void build() {
    directory_ = std::make_unique<Directory>(Directory::Parts{
        .snapshot = std::make_unique<model::Snapshot>(snapshot_),
        .control = world_.loop(),
        .workers = {&worker_},
        .dialer = dialer_,
        .resolver = resolver_,
        .log = log_.log(),
    });
    for (std::uint32_t i = 0; i < snapshot_.pools.size(); ++i) {
      pools_.push_back(directory_->make_pool(base::PoolId(i), base::WorkerId(0)));
    }
  }
  void start() {
    build();
    scope_.emplace(world_.loop());
    directory_->start(*scope_);
  }
  void stop() {
    if (scope_) {
      scope_->cancel();
      while (scope_->running() > 0) world_.run_for(1ms);
      scope_.reset();
    }
    world_.run_for(1ms);  // messages that are under way
    pools_.clear();
    directory_.reset();
  }

  void listen(std::string_view text) {
    const auto at = address(text);
    auto listener = world_.network(at.socket()->ip.to_text()).listen(at, {});
    ASSERT_TRUE(listener.has_value());
    listeners_.emplace_back(std::string(text), *std::move(listener));
  }
  void close(std::string_view text) {
    std::erase_if(listeners_, [&](const auto& item) { return item.first == text; });
  }

  // The addresses that twenty connections in a row go to.
  std::set<std::string> used(std::size_t pool = 0) {
    std::set<std::string> addresses;
    for (int i = 0; i < 20; ++i) {
      Attempts attempts(pools_[pool]->spec(), {});
      const auto lease = pools_[pool]->try_acquire(attempts);
      if (lease) addresses.insert(lease->endpoint().name());
    }
    return addresses;
  }
  // Connections to `text` fail, as seen by the worker; others succeed.
  void fail_connecting(std::string_view text, int times, std::size_t pool = 0) {
    for (int turns = 0; times > 0 && turns < 1000; ++turns) {
      Attempts attempts(pools_[pool]->spec(), {});
      auto lease = pools_[pool]->try_acquire(attempts);
      if (!lease) return;
      if (lease->endpoint().name() != text) continue;
      lease->on_connect_failed(kRefused);
      --times;
    }
    world_.run_for(1ms);
  }
  EndpointStatus status_of(std::string_view text, std::size_t pool = 0) {
    const std::vector<PoolStatus> all = directory_->status();
    for (const EndpointStatus& endpoint : all.at(pool).endpoints) {
      if (endpoint.address == address(text)) return endpoint;
    }
    ADD_FAILURE() << text << " is not a member";
    return {};
  }

  using Names = std::set<std::string>;

  sim::World world_{1};
  runtime::Loop& worker_ = world_.add_loop();
  net::DirectDialer dialer_{world_.network("10.9.9.9")};
  sim::SimResolver resolver_;
  observe::MemoryLog log_;
  model::Snapshot snapshot_;
  std::unique_ptr<Directory> directory_;
  std::vector<std::unique_ptr<Pool>> pools_;
  std::optional<runtime::Scope> scope_;
  std::vector<std::pair<std::string, net::ListenerPtr>> listeners_;
};

// --- membership

TEST_F(DirectoryTest, addresses_are_usable_at_once) {
  add_pool("db", {"10.0.0.1:80", "10.0.0.2:80"});
  build();
  EXPECT_EQ(used(), (Names{"10.0.0.1:80", "10.0.0.2:80"}));
}

TEST_F(DirectoryTest, one_address_is_one_endpoint_for_all_pools) {
  add_pool("a", {"10.0.0.1:80"});
  add_pool("b", {"10.0.0.1:80", "10.0.0.2:80"});
  build();
  Attempts attempts(pools_[0]->spec(), {});
  const auto lease = pools_[0]->try_acquire(attempts);
  ASSERT_TRUE(lease.has_value());
  EXPECT_EQ(status_of("10.0.0.1:80", 1).active, 1U);
  EXPECT_EQ(status_of("10.0.0.2:80", 1).active, 0U);
}

TEST_F(DirectoryTest, an_address_that_is_written_twice_is_one_member_with_both_weights) {
  auto& pool = add_pool("a", {"10.0.0.1:80", "10.0.0.1:80"});
  pool.endpoints[0].weight = 10;
  pool.endpoints[1].weight = 20;
  build();
  ASSERT_EQ(directory_->status()[0].endpoints.size(), 1U);
  EXPECT_EQ(directory_->status()[0].endpoints[0].weight, 30U);
}

TEST_F(DirectoryTest, the_strictest_bound_on_an_endpoint_holds_for_all_pools) {
  add_pool("a", {"10.0.0.1:80"}).endpoints[0].max_connections = 5;
  add_pool("b", {"10.0.0.1:80"});
  add_pool("c", {"10.0.0.1:80"}).endpoints[0].max_connections = 2;
  build();
  std::vector<Lease> leases;
  for (const std::size_t pool : {0U, 1U}) {
    Attempts attempts(pools_[pool]->spec(), {});
    leases.push_back(*pools_[pool]->try_acquire(attempts));
  }
  Attempts attempts(pools_[1]->spec(), {});
  const auto none = pools_[1]->try_acquire(attempts);
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, Errc::queue_full);
}

TEST_F(DirectoryTest, status_sums_up_what_the_workers_counted) {
  add_pool("db", {"10.0.0.1:80"});
  build();
  Attempts attempts(pools_[0]->spec(), {});
  auto lease = pools_[0]->try_acquire(attempts);
  ASSERT_TRUE(lease.has_value());
  lease->on_connected(2ms);
  lease->add_bytes(5, 7);
  const PoolStatus status = directory_->status().at(0);
  EXPECT_EQ(status.name, "db");
  EXPECT_EQ(status.active, 1U);
  EXPECT_EQ(status.totals.connections, 1U);
  EXPECT_EQ(status.totals.sent_bytes, 5U);
  EXPECT_EQ(status.totals.received_bytes, 7U);
  EXPECT_EQ(status.connect_time_ns.count(), 1U);
  EXPECT_EQ(status.endpoints.at(0).totals.received_bytes, 7U);
  EXPECT_EQ(status.endpoints.at(0).state, EndpointState::healthy);
}

// --- active checks

class DirectoryHealthTest : public DirectoryTest {
 protected:
  static constexpr model::Health kHealth{.interval = 10s,
                                         .timeout = 5s,
                                         .unhealthy_threshold = 3,
                                         .healthy_threshold = 2,
                                         .jitter_percent = 10};
};

TEST_F(DirectoryHealthTest, a_dead_endpoint_is_left_out_and_taken_back) {
  listen("10.0.0.1:80");
  listen("10.0.0.2:80");
  add_pool("db", {"10.0.0.1:80", "10.0.0.2:80"}).health = kHealth;
  start();
  world_.run_for(60s);
  EXPECT_EQ(used().size(), 2U);
  EXPECT_EQ(status_of("10.0.0.2:80").reason, StateReason::unproven);

  close("10.0.0.2:80");
  world_.run_for(15s);
  EXPECT_EQ(used().size(), 2U);  // one failure, or two
  world_.run_for(25s);
  EXPECT_EQ(used(), Names{"10.0.0.1:80"});
  const EndpointStatus dead = status_of("10.0.0.2:80");
  EXPECT_EQ(dead.state, EndpointState::unhealthy);
  EXPECT_EQ(dead.reason, StateReason::check_failed);
  EXPECT_EQ(dead.times_unhealthy, 1U);
  EXPECT_GE(dead.since, world_.clock().now() - 25s);

  listen("10.0.0.2:80");
  world_.run_for(30s);
  EXPECT_EQ(used().size(), 2U);
  EXPECT_EQ(status_of("10.0.0.2:80").reason, StateReason::check_passed);
  EXPECT_EQ(log_.count_of("endpoint 10.0.0.2:80 of db is unhealthy, was healthy: check_failed"),
            1U);
  EXPECT_EQ(log_.count_of("endpoint 10.0.0.2:80 of db is healthy, was unhealthy: check_passed"),
            1U);
}

TEST_F(DirectoryHealthTest, an_endpoint_that_does_not_answer_fails_its_checks) {
  listen("10.0.0.1:80");
  listen("10.0.0.2:80");
  world_.internet().silence(address("10.0.0.2:80"));
  add_pool("db", {"10.0.0.1:80", "10.0.0.2:80"}).health = kHealth;
  start();
  world_.run_for(60s);
  EXPECT_EQ(used(), Names{"10.0.0.1:80"});
}

TEST_F(DirectoryHealthTest, an_endpoint_of_several_pools_is_checked_once) {
  listen("10.0.0.1:80");
  for (const char* name : {"a", "b", "c"}) add_pool(name, {"10.0.0.1:80"}).health = kHealth;
  start();
  world_.run_for(100s);
  const auto checks = world_.internet().connections_total();
  EXPECT_GE(checks, 9U);
  EXPECT_LE(checks, 12U);
}

TEST_F(DirectoryHealthTest, what_checks_find_counts_in_every_pool) {
  add_pool("plain", {"10.0.0.1:80", "10.0.0.2:80"});
  add_pool("checked", {"10.0.0.1:80"}).health = kHealth;
  static_cast<void>(world_.network("10.0.0.1"));
  start();
  world_.run_for(60s);
  EXPECT_EQ(used(0), Names{"10.0.0.2:80"});
  EXPECT_EQ(used(1), Names{});
  EXPECT_EQ(log_.count_of("of plain,checked is unhealthy"), 1U);
}

TEST_F(DirectoryHealthTest, what_is_our_own_fault_is_no_failed_check) {
  listen("10.0.0.1:80");
  add_pool("db", {"10.0.0.1:80"}).health = kHealth;
  world_.network("10.9.9.9").host().descriptors_max = 0;
  start();
  world_.run_for(100s);
  EXPECT_EQ(used().size(), 1U);
}

TEST_F(DirectoryHealthTest, checks_end_with_their_scope) {
  static_cast<void>(world_.network("10.0.0.1"));
  world_.internet().silence(address("10.0.0.1:80"));
  add_pool("db", {"10.0.0.1:80"}).health = kHealth;
  start();
  world_.run_for(1s);  // in the middle of a check
  scope_->cancel();
  world_.run_for(10ms);
  EXPECT_EQ(scope_->running(), 0U);
}

// --- passive ejection

TEST_F(DirectoryTest, an_endpoint_that_cannot_be_connected_to_is_left_out_for_a_time) {
  add_pool("db", {"10.0.0.1:80", "10.0.0.2:80"});
  start();
  fail_connecting("10.0.0.1:80", 2);
  EXPECT_EQ(used().size(), 2U);
  fail_connecting("10.0.0.1:80", 1);
  EXPECT_EQ(used(), Names{"10.0.0.2:80"});
  EXPECT_EQ(status_of("10.0.0.1:80").state, EndpointState::ejected);
  EXPECT_EQ(status_of("10.0.0.1:80").times_ejected, 1U);
  EXPECT_EQ(log_.count_of("endpoint 10.0.0.1:80 of db is ejected, was healthy: connect_failures"),
            1U);
  world_.run_for(9900ms);
  EXPECT_EQ(used(), Names{"10.0.0.2:80"});
  world_.run_for(200ms);
  EXPECT_EQ(used().size(), 2U);
  EXPECT_EQ(status_of("10.0.0.1:80").reason, StateReason::ejection_over);
}

TEST_F(DirectoryTest, an_endpoint_comes_back_with_a_fresh_count_and_goes_for_twice_as_long) {
  add_pool("db", {"10.0.0.1:80", "10.0.0.2:80"});
  start();
  fail_connecting("10.0.0.1:80", 3);
  world_.run_for(10100ms);
  fail_connecting("10.0.0.1:80", 2);
  EXPECT_EQ(used().size(), 2U);
  fail_connecting("10.0.0.1:80", 1);
  world_.run_for(19900ms);
  EXPECT_EQ(used(), Names{"10.0.0.2:80"});
  world_.run_for(200ms);
  EXPECT_EQ(used().size(), 2U);
}

TEST_F(DirectoryTest, the_last_usable_endpoint_stays) {
  add_pool("db", {"10.0.0.1:80", "10.0.0.2:80"}).ejection.max_ejected_percent = 100;
  start();
  fail_connecting("10.0.0.1:80", 3);
  fail_connecting("10.0.0.2:80", 30);
  EXPECT_EQ(used(), Names{"10.0.0.2:80"});
}

TEST_F(DirectoryTest, no_more_than_the_share_is_ejected) {
  add_pool("db", {"10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80", "10.0.0.4:80"});
  start();
  for (const char* text : {"10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"}) fail_connecting(text, 3);
  EXPECT_EQ(used(), (Names{"10.0.0.3:80", "10.0.0.4:80"}));
}

TEST_F(DirectoryTest, an_endpoint_that_answers_again_before_the_report_arrives_stays) {
  add_pool("db", {"10.0.0.1:80", "10.0.0.2:80"});
  start();
  for (int failures = 0, turns = 0; failures < 3 && turns < 100; ++turns) {
    Attempts attempts(pools_[0]->spec(), {});
    auto lease = pools_[0]->try_acquire(attempts);
    if (lease->endpoint().name() != "10.0.0.1:80") continue;
    lease->on_connect_failed(kRefused);
    if (++failures == 3) lease->on_connected();
  }
  world_.run_for(1ms);
  EXPECT_EQ(used().size(), 2U);
}

TEST_F(DirectoryHealthTest, a_failed_check_takes_the_place_of_an_ejection) {
  static_cast<void>(world_.network("10.0.0.1"));
  listen("10.0.0.2:80");
  auto& pool = add_pool("db", {"10.0.0.1:80", "10.0.0.2:80"});
  pool.health = kHealth;
  start();
  fail_connecting("10.0.0.1:80", 3);
  EXPECT_EQ(status_of("10.0.0.1:80").state, EndpointState::ejected);
  world_.run_for(60s);
  EXPECT_EQ(status_of("10.0.0.1:80").state, EndpointState::unhealthy);
  EXPECT_EQ(log_.count_of("is unhealthy, was"), 1U);
}

TEST_F(DirectoryHealthTest, checks_that_pass_end_an_ejection_before_its_time) {
  listen("10.0.0.1:80");
  listen("10.0.0.2:80");
  auto& pool = add_pool("db", {"10.0.0.1:80", "10.0.0.2:80"});
  pool.health = kHealth;
  pool.health->interval = 1s;
  pool.ejection.base_time = 60s;
  start();
  fail_connecting("10.0.0.1:80", 3);
  EXPECT_EQ(used(), Names{"10.0.0.2:80"});
  EXPECT_EQ(status_of("10.0.0.1:80").state, EndpointState::ejected);
  world_.run_for(3s);
  EXPECT_EQ(used().size(), 2U);
  EXPECT_EQ(status_of("10.0.0.1:80").reason, StateReason::check_passed);
}

// --- names

TEST_F(DirectoryTest, several_addresses_of_a_name_are_several_endpoints) {
  resolver_.set("db.internal", {"10.0.0.2", "10.0.0.1", "2001:db8::1"}, 30s);
  add_pool("db", {"db.internal:5432", "10.0.0.9:80"});
  start();
  EXPECT_TRUE(directory_->status()[0].is_resolving);
  EXPECT_EQ(used(), Names{"10.0.0.9:80"});
  world_.run_for(10ms);
  EXPECT_EQ(used(), (Names{"10.0.0.1:5432", "10.0.0.2:5432", "[2001:db8::1]:5432", "10.0.0.9:80"}));
  EXPECT_FALSE(directory_->status()[0].is_resolving);
}

TEST_F(DirectoryTest, a_name_is_asked_once_for_all_pools_and_again_after_its_ttl) {
  snapshot_.dns.ttl_min = 5s;
  resolver_.set("db", {"10.0.0.1"}, 30s);
  add_pool("a", {"db:80", "db:81"});
  add_pool("b", {"db:80"});
  start();
  world_.run_for(29s);
  EXPECT_EQ(resolver_.asked_total(), 1U);
  world_.run_for(2s);
  EXPECT_EQ(resolver_.asked_total(), 2U);
}

TEST_F(DirectoryTest, ttls_are_held_within_the_bounds) {
  snapshot_.dns.ttl_min = 5s;
  snapshot_.dns.ttl_max = 60s;
  resolver_.set("short", {"10.0.0.1"}, 0s);
  add_pool("a", {"short:80"});
  start();
  world_.run_for(51s);
  EXPECT_EQ(resolver_.asked_total(), 11U);
  resolver_.set("short", {"10.0.0.1"}, 24h);
  world_.run_for(5s);
  const auto before = resolver_.asked_total();
  world_.run_for(61s);
  EXPECT_EQ(resolver_.asked_total(), before + 1);
}

TEST_F(DirectoryTest, an_address_that_a_name_loses_takes_no_more_but_keeps_what_it_has) {
  resolver_.set("db", {"10.0.0.1", "10.0.0.2"}, 10s);
  add_pool("a", {"db:80"});
  start();
  world_.run_for(1s);
  std::vector<Lease> leases;
  Attempts attempts(pools_[0]->spec(), {});
  for (int i = 0; i < 2; ++i) leases.push_back(*pools_[0]->try_acquire(attempts));
  resolver_.set("db", {"10.0.0.2"}, 10s);
  world_.run_for(15s);
  EXPECT_EQ(used(), Names{"10.0.0.2:80"});
  for (Lease& lease : leases) {
    EXPECT_EQ(lease.endpoint().active(), 1U);
    lease.add_bytes(1, 1);
  }
  // It comes back, and is the same endpoint as before.
  resolver_.set("db", {"10.0.0.1", "10.0.0.2"}, 10s);
  world_.run_for(15s);
  EXPECT_EQ(status_of("10.0.0.1:80").active, 1U);
  leases.clear();
  EXPECT_EQ(status_of("10.0.0.1:80").active, 0U);
}

TEST_F(DirectoryTest, a_worker_whose_mailbox_is_full_learns_of_a_change_once_there_is_room) {
  resolver_.set("db", {"10.0.0.1"}, 10s);
  add_pool("a", {"db:80"});
  start();
  while (worker_.post([] {})) {
  }
  world_.run_for(100ms);
  EXPECT_EQ(used(), Names{"10.0.0.1:80"});
}

TEST_F(DirectoryTest, the_order_of_an_answer_is_no_change) {
  resolver_.set("db", {"10.0.0.1", "10.0.0.2"}, 10s);
  add_pool("a", {"db:80"});
  start();
  world_.run_for(1s);
  resolver_.set("db", {"10.0.0.2", "10.0.0.1", "10.0.0.2"}, 10s);
  world_.run_for(15s);
  EXPECT_EQ(log_.count_of("name db has"), 1U);
}

TEST_F(DirectoryTest, known_addresses_stay_while_dns_is_away) {
  resolver_.set("db", {"10.0.0.1"}, 10s);
  add_pool("a", {"db:80"});
  start();
  world_.run_for(1s);
  resolver_.set_down(true);
  world_.run_for(10min);
  EXPECT_EQ(used(), Names{"10.0.0.1:80"});
  EXPECT_EQ(log_.count_of("name db cannot be resolved"), 1U);
  EXPECT_LT(resolver_.asked_total(), 20U);  // ever more rarely
  resolver_.set_down(false);
  resolver_.set("db", {"10.0.0.2"}, 10s);
  world_.run_for(6min);
  EXPECT_EQ(used(), Names{"10.0.0.2:80"});
  EXPECT_EQ(log_.count_of("name db resolves again"), 1U);
}

TEST_F(DirectoryTest, known_addresses_stay_when_the_name_is_said_not_to_exist) {
  resolver_.set("db", {"10.0.0.1"}, 10s);
  add_pool("a", {"db:80"});
  start();
  world_.run_for(1s);
  resolver_.remove("db");
  world_.run_for(1min);
  EXPECT_EQ(used(), Names{"10.0.0.1:80"});
}

Task<void> acquire_once(Pool& pool, std::optional<Result<Lease>>& answer) {
  Attempts attempts(pool.spec(), {});
  auto lease = co_await pool.acquire(attempts);
  answer.emplace(std::move(lease));
}

TEST_F(DirectoryTest, connections_wait_for_the_first_answer) {
  resolver_.set_delay(500ms);
  resolver_.set("db", {"10.0.0.1"}, 10s);
  add_pool("a", {"db:80"});
  start();
  runtime::Scope scope(worker_);
  std::optional<Result<Lease>> answer;
  scope.spawn(acquire_once(*pools_[0], answer));
  world_.run_for(400ms);
  EXPECT_FALSE(answer.has_value());
  world_.run_for(200ms);
  ASSERT_TRUE(answer.has_value());
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ((*answer)->endpoint().name(), "10.0.0.1:80");
}

TEST_F(DirectoryTest, connections_are_refused_once_the_first_answer_is_no) {
  resolver_.set_delay(500ms);
  add_pool("a", {"db:80"});
  start();
  runtime::Scope scope(worker_);
  std::optional<Result<Lease>> answer;
  scope.spawn(acquire_once(*pools_[0], answer));
  world_.run_for(600ms);
  ASSERT_TRUE(answer.has_value());
  ASSERT_FALSE(answer->has_value());
  EXPECT_EQ(answer->error().code, Errc::no_endpoint);
  // And found later.
  resolver_.set("db", {"10.0.0.1"}, 10s);
  world_.run_for(3s);
  EXPECT_EQ(used(), Names{"10.0.0.1:80"});
}

TEST_F(DirectoryTest, a_resolver_that_never_answers_is_given_up) {
  resolver_.set_delay(24h);
  add_pool("a", {"db:80"});
  start();
  world_.run_for(31s);
  EXPECT_EQ(log_.count_of("name db cannot be resolved"), 1U);
}

TEST_F(DirectoryHealthTest, endpoints_of_names_are_checked_while_they_are_members) {
  listen("10.0.0.1:80");
  listen("10.0.0.2:80");
  resolver_.set("db", {"10.0.0.1", "10.0.0.2"}, 60s);
  add_pool("a", {"db:80"}).health = kHealth;
  start();
  world_.run_for(59s);
  resolver_.set("db", {"10.0.0.1"}, 5min);
  world_.run_for(30s);
  close("10.0.0.2:80");
  world_.run_for(2min);
  EXPECT_EQ(log_.count_of("endpoint 10.0.0.2:80"), 0U);
  EXPECT_EQ(scope_->running(), 2U);  // the name's task and one check
}

}  // namespace
}  // namespace causeway::upstream
