// SPDX-License-Identifier: Apache-2.0
#include "base/ids.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <type_traits>
#include <unordered_set>

namespace causeway::base {
namespace {

static_assert(!std::is_convertible_v<std::uint32_t, PoolId>, "a number is no id by itself");
static_assert(!std::is_convertible_v<PoolId, std::uint32_t>, "an id is no number by itself");
static_assert(!std::is_constructible_v<PoolId, ListenerId>, "kinds do not mix");
static_assert(sizeof(EndpointId) == sizeof(std::uint32_t));

TEST(Ids, compare_by_their_index) {
  EXPECT_EQ(PoolId(3), PoolId(3));
  EXPECT_NE(PoolId(3), PoolId(4));
  EXPECT_LT(WorkerId(0), WorkerId(1));
  EXPECT_EQ(EndpointId(7).index(), 7U);
  EXPECT_EQ(EndpointId(), EndpointId(0));
}

TEST(Ids, can_be_kept_in_hash_tables) {
  const std::unordered_set<ListenerId> some = {ListenerId(1), ListenerId(2), ListenerId(1)};
  EXPECT_EQ(some.size(), 2U);
  EXPECT_TRUE(some.contains(ListenerId(2)));
  EXPECT_FALSE(some.contains(ListenerId(3)));
}

}  // namespace
}  // namespace causeway::base
