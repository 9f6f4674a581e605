// SPDX-License-Identifier: Apache-2.0
#include "proxy/udp_session_table.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include "base/address.h"
#include "base/random.h"

namespace causeway::proxy {
namespace {

struct Node final : UdpSessionNode {
  explicit Node(const UdpSessionKey& key) : UdpSessionNode(key) {}
};

UdpSessionKey key_of(std::uint32_t number, std::uint8_t asked = 1) {
  const auto octet = [&](unsigned shift) { return static_cast<std::uint8_t>(number >> shift); };
  return {.source = {.ip = base::IpAddress::from_v4({10, octet(24), octet(16), octet(8)}),
                     .port = octet(0)},
          .asked = base::IpAddress::from_v4({192, 0, 2, asked})};
}

TEST(UdpSessionTable, what_was_not_inserted_is_not_found) {
  UdpSessionTable table(1);
  EXPECT_EQ(table.find(key_of(7)), nullptr);
  EXPECT_EQ(table.size(), 0U);
}

TEST(UdpSessionTable, port_and_asked_address_tell_sessions_of_one_source_apart) {
  UdpSessionTable table(1);
  Node here(key_of(7, 1));
  Node there(key_of(7, 2));
  Node port(key_of(8, 1));
  for (Node* node : {&here, &there, &port}) table.insert(*node);
  EXPECT_EQ(table.find(key_of(7, 1)), &here);
  EXPECT_EQ(table.find(key_of(7, 2)), &there);
  EXPECT_EQ(table.find(key_of(8, 1)), &port);
  EXPECT_EQ(table.find(key_of(8, 2)), nullptr);
  for (Node* node : {&here, &there, &port}) table.remove(*node);
}

TEST(UdpSessionTable, a_removed_session_is_no_longer_found_and_may_come_again) {
  UdpSessionTable table(1);
  Node node(key_of(7));
  table.insert(node);
  EXPECT_TRUE(node.is_listed());
  table.remove(node);
  EXPECT_FALSE(node.is_listed());
  EXPECT_EQ(table.find(key_of(7)), nullptr);
  table.insert(node);
  EXPECT_EQ(table.find(key_of(7)), &node);
  table.remove(node);
}

using Model = std::map<std::uint32_t, std::unique_ptr<Node>>;

// Looks for one, puts it in when it is not there, and sometimes takes it out when it is.
void step(UdpSessionTable& table, Model& model, base::Random& random) {
  const std::uint32_t number = random.below(2000);
  const auto known = model.find(number);
  UdpSessionNode* const found = table.find(key_of(number));
  if (known == model.end()) {
    ASSERT_EQ(found, nullptr);
    auto node = std::make_unique<Node>(key_of(number));
    table.insert(*node);
    model.emplace(number, std::move(node));
    return;
  }
  ASSERT_EQ(found, known->second.get());
  if (random.below(3) != 0) return;
  table.remove(*known->second);
  model.erase(known);
}

TEST(UdpSessionTable, behaves_as_a_map_does) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    SCOPED_TRACE(seed);
    base::Random random(seed);
    UdpSessionTable table(random.next());
    Model model;
    for (int i = 0; i < 20'000; ++i) {
      step(table, model, random);
      ASSERT_EQ(table.size(), model.size());
    }
    EXPECT_GT(table.size(), 500U);
    for (const auto& [number, node] : model) table.remove(*node);
  }
}

TEST(UdpSessionTableDeathTest, a_session_that_dies_in_the_table_ends_the_process) {
  EXPECT_DEATH(
      {
        UdpSessionTable table(1);
        Node node(key_of(7));
        table.insert(node);
      },
      "invariant broken");
}

}  // namespace
}  // namespace causeway::proxy
