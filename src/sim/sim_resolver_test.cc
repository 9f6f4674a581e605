// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_resolver.h"

#include <gtest/gtest.h>

#include <chrono>

#include "base/error.h"
#include "base/time.h"
#include "sim/world.h"

namespace causeway::sim {
namespace {

TEST(SimResolver, answers_from_its_table_after_a_while) {
  World world(1);
  SimResolver resolver;
  resolver.set_delay(std::chrono::seconds(2));
  resolver.set("db.internal", {"10.0.0.1", "2001:db8::1"}, std::chrono::minutes(5));
  const Instant begin = world.clock().now();
  const auto resolved = world.run(resolver.resolve("db.internal"));
  ASSERT_TRUE(resolved.has_value());
  EXPECT_EQ(resolved->addresses.size(), 2U);
  EXPECT_EQ(resolved->ttl, std::chrono::minutes(5));
  EXPECT_EQ(world.clock().now() - begin, std::chrono::seconds(2));
}

TEST(SimResolver, an_unknown_name_and_a_silent_server_are_different_errors) {
  World world(1);
  SimResolver resolver;
  resolver.set("gone", {"10.0.0.1"}, Duration{});
  resolver.remove("gone");
  EXPECT_EQ(world.run(resolver.resolve("gone")).error().code, Errc::dns_not_found);
  resolver.set_down(true);
  EXPECT_EQ(world.run(resolver.resolve("gone")).error().code, Errc::dns_failed);
  EXPECT_EQ(resolver.asked_total(), 2U);
}

}  // namespace
}  // namespace causeway::sim
