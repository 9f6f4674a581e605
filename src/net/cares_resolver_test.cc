// SPDX-License-Identifier: Apache-2.0
#include "net/cares_resolver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/time.h"
#include "net/datagram.h"
#include "net/network.h"
#include "net/resolver.h"
#include "net/stream.h"
#include "runtime/limits.h"
#include "runtime/scope.h"
#include "runtime/task.h"
#include "sim/real_world.h"

namespace causeway::net {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kTypeA = 1;
constexpr std::uint16_t kTypeAaaa = 28;

base::IpAddress ip(std::string_view text) { return *base::IpAddress::parse(text); }

// A name server on the loopback, on the test's own loop: UDP and TCP on one port. It says the same
// of every name (RFC 1035 section 4).
class NameServer {
 public:
  struct Record {
    base::IpAddress ip;
    std::uint32_t ttl_seconds = 0;
  };

  explicit NameServer(Network& network) {
    const base::SocketAddress any{.ip = ip("127.0.0.1"), .port = 0};
    udp_ = *network.bind_datagram(any, {});
    address_ = *udp_->local().socket();
    tcp_ = *network.listen(address_, {});
  }

  [[nodiscard]] const base::SocketAddress& address() const noexcept { return address_; }
  void start(runtime::Scope& scope) {
    scope.spawn(serve_udp(*this));
    scope.spawn(serve_tcp(*this));
  }

  std::vector<Record> records;
  std::uint8_t response_code = 0;  // 2: server failure, 3: no such name
  bool is_silent = false;
  bool truncates = false;  // over UDP
  std::size_t asked_udp = 0;
  std::size_t asked_tcp = 0;

 private:
  static void put16(std::vector<std::byte>& into, std::size_t value) {
    into.push_back(static_cast<std::byte>(value >> 8U));
    into.push_back(static_cast<std::byte>(value & 0xffU));
  }

  // Where the question's type stands: after the header and the labels of the name.
  static std::size_t type_at(Bytes query) {
    std::size_t at = 12;
    while (query[at] != std::byte{0}) at += std::to_integer<std::size_t>(query[at]) + 1;
    return at + 1;
  }

  [[nodiscard]] std::vector<std::byte> answer(Bytes query, bool truncated) const {
    const std::size_t question_end = type_at(query) + 4;
    const auto type =
        static_cast<std::uint16_t>(std::to_integer<unsigned>(query[question_end - 3]));
    std::vector<const Record*> fitting;
    for (const Record& record : records) {
      if (record.ip.is_v4() == (type == kTypeA) && !truncated) fitting.push_back(&record);
    }
    std::vector<std::byte> reply(query.begin(),
                                 query.begin() + static_cast<std::ptrdiff_t>(question_end));
    reply[2] = truncated ? std::byte{0x87}
                         : std::byte{0x85};  // response, authoritative, recursion as asked
    reply[3] = std::byte{0x80} | std::byte{response_code};
    for (std::size_t i = 6; i < 12; ++i) reply[i] = std::byte{0};
    reply[7] = static_cast<std::byte>(fitting.size());
    for (const Record* record : fitting) {
      put16(reply, 0xc00c);  // the name of the question
      put16(reply, type);
      put16(reply, 1);
      put16(reply, record->ttl_seconds >> 16U);
      put16(reply, record->ttl_seconds & 0xffffU);
      put16(reply, type == kTypeAaaa ? 16 : 4);
      const auto& octets = record->ip.octets();
      for (std::size_t i = type == kTypeAaaa ? 0 : 12; i < 16; ++i)
        reply.push_back(std::byte{octets[i]});
    }
    return reply;
  }

  static Task<void> serve_udp(NameServer& self) {
    std::array<Packet, DatagramSocket::kBatchMax> packets;
    for (;;) {
      const auto ready = co_await self.udp_->readable();
      if (!ready) co_return;
      const auto count = self.udp_->receive_now(packets);
      if (!count) continue;
      for (std::size_t i = 0; i < *count; ++i) {
        ++self.asked_udp;
        if (self.is_silent) continue;
        const auto reply = self.answer(packets[i].payload, self.truncates);
        const std::array<Packet, 1> out{Packet{.payload = reply, .peer = packets[i].peer}};
        EXPECT_TRUE(self.udp_->send_now(out).has_value());
      }
    }
  }

  static Task<void> serve_tcp(NameServer& self) {
    for (;;) {
      const auto ready = co_await self.tcp_->acceptable();
      if (!ready) co_return;
      auto stream = self.tcp_->accept_now();
      if (!stream) continue;
      co_await answer_stream(self, **stream);
    }
  }

  // Each message after its length in two bytes (RFC 1035 section 4.2.2), until the other side
  // closes.
  static Task<void> answer_stream(NameServer& self, Stream& stream) {
    std::vector<std::byte> pending;
    std::array<std::byte, 512> buffer{};
    for (;;) {
      const auto got = co_await read_some(stream, buffer);
      if (!got || *got == 0) co_return;
      pending.insert(pending.end(), buffer.begin(),
                     buffer.begin() + static_cast<std::ptrdiff_t>(*got));
      while (pending.size() > 2) {
        const std::size_t size = std::to_integer<std::size_t>(pending[0]) * 256 +
                                 std::to_integer<std::size_t>(pending[1]);
        if (pending.size() < size + 2) break;
        ++self.asked_tcp;
        const auto reply = self.answer(Bytes(pending).subspan(2, size), false);
        std::vector<std::byte> framed;
        put16(framed, reply.size());
        framed.insert(framed.end(), reply.begin(), reply.end());
        pending.erase(pending.begin(), pending.begin() + static_cast<std::ptrdiff_t>(size + 2));
        const auto sent = co_await write_all(stream, framed);
        if (!sent) co_return;
      }
    }
  }

  DatagramPtr udp_;
  ListenerPtr tcp_;
  base::SocketAddress address_;
};

class CaresResolverTest : public testing::Test {
 protected:
  void SetUp() override { server_.start(scope_); }
  void TearDown() override {
    scope_.cancel();
    while (scope_.running() > 0) world_.loop().turn();
  }

  Result<Resolved> resolve(std::string host, Duration timeout = 2s) {
    CaresResolver resolver(world_.loop(), world_.poller(),
                           {.servers = {server_.address()}, .timeout = timeout});
    return world_.run(resolver.resolve(std::move(host)));
  }
  static std::vector<base::IpAddress> sorted(std::vector<base::IpAddress> addresses) {
    std::ranges::sort(addresses);
    return addresses;
  }

  sim::RealWorld world_;
  runtime::Scope scope_{world_.loop()};
  NameServer server_{world_.network()};
};

TEST_F(CaresResolverTest, gives_all_addresses_of_both_families_and_the_shortest_ttl) {
  server_.records = {{ip("192.0.2.1"), 300}, {ip("192.0.2.2"), 60}, {ip("2001:db8::1"), 120}};
  const auto resolved = resolve("db.example.com");
  ASSERT_TRUE(resolved.has_value()) << base::to_text(resolved.error());
  EXPECT_EQ(sorted(resolved->addresses),
            sorted({ip("192.0.2.1"), ip("192.0.2.2"), ip("2001:db8::1")}));
  EXPECT_EQ(resolved->ttl, 60s);
  EXPECT_EQ(server_.asked_udp, 2U);  // one question for each family
}

TEST_F(CaresResolverTest, one_family_is_enough) {
  server_.records = {{ip("192.0.2.1"), 300}};
  const auto resolved = resolve("db.example.com");
  ASSERT_TRUE(resolved.has_value()) << base::to_text(resolved.error());
  EXPECT_EQ(resolved->addresses, std::vector{ip("192.0.2.1")});
  EXPECT_EQ(resolved->ttl, 300s);
}

TEST_F(CaresResolverTest, says_when_a_name_does_not_exist) {
  server_.response_code = 3;
  const auto resolved = resolve("none.example.com");
  ASSERT_FALSE(resolved.has_value());
  EXPECT_EQ(resolved.error().code, Errc::dns_not_found);
}

TEST_F(CaresResolverTest, a_name_without_addresses_is_not_found) {
  const auto resolved = resolve("empty.example.com");
  ASSERT_FALSE(resolved.has_value());
  EXPECT_EQ(resolved.error().code, Errc::dns_not_found);
}

TEST_F(CaresResolverTest, a_server_that_fails_is_a_failure) {
  server_.response_code = 2;
  const auto resolved = resolve("db.example.com");
  ASSERT_FALSE(resolved.has_value());
  EXPECT_EQ(resolved.error().code, Errc::dns_failed);
}

TEST_F(CaresResolverTest, a_silent_server_is_given_up_after_two_queries) {
  server_.is_silent = true;
  const auto resolved = resolve("db.example.com", 50ms);
  ASSERT_FALSE(resolved.has_value());
  EXPECT_EQ(resolved.error().code, Errc::dns_failed);
  EXPECT_EQ(server_.asked_udp, 4U);  // two for each family
}

TEST_F(CaresResolverTest, a_server_that_is_not_there_is_a_failure) {
  CaresResolver resolver(world_.loop(), world_.poller(),
                         {.servers = {{.ip = ip("127.0.0.1"), .port = 1}}, .timeout = 50ms});
  const auto resolved = world_.run(resolver.resolve("db.example.com"));
  ASSERT_FALSE(resolved.has_value());
  EXPECT_EQ(resolved.error().code, Errc::dns_failed);
}

TEST_F(CaresResolverTest, a_truncated_answer_is_asked_for_again_over_a_stream) {
  server_.truncates = true;
  for (std::uint8_t i = 1; i <= 40; ++i)
    server_.records.push_back({base::IpAddress::from_v4({192, 0, 2, i}), 30});
  server_.records.push_back({ip("2001:db8::1"), 30});
  const auto resolved = resolve("large.example.com");
  ASSERT_TRUE(resolved.has_value()) << base::to_text(resolved.error());
  EXPECT_EQ(resolved->addresses.size(), 41U);
  EXPECT_GE(server_.asked_tcp, 2U);
}

TEST_F(CaresResolverTest, an_answer_with_too_many_addresses_is_cut) {
  server_.truncates = true;
  for (std::uint8_t i = 1; i <= 100; ++i)
    server_.records.push_back({base::IpAddress::from_v4({192, 0, 2, i}), 30});
  const auto resolved = resolve("huge.example.com");
  ASSERT_TRUE(resolved.has_value()) << base::to_text(resolved.error());
  EXPECT_EQ(resolved->addresses.size(), Resolver::kAddressesMax);
}

TEST_F(CaresResolverTest, a_name_of_the_machine_needs_no_server) {
  const auto resolved = resolve("localhost");
  ASSERT_TRUE(resolved.has_value()) << base::to_text(resolved.error());
  EXPECT_TRUE(std::ranges::all_of(resolved->addresses, &base::IpAddress::is_loopback));
  EXPECT_EQ(server_.asked_udp, 0U);
}

TEST_F(CaresResolverTest, an_address_is_its_own_answer) {
  const auto resolved = resolve("192.0.2.7");
  ASSERT_TRUE(resolved.has_value()) << base::to_text(resolved.error());
  EXPECT_EQ(resolved->addresses, std::vector{ip("192.0.2.7")});
  EXPECT_EQ(server_.asked_udp, 0U);
}

TEST_F(CaresResolverTest, a_question_can_be_cut_short) {
  server_.is_silent = true;
  CaresResolver resolver(world_.loop(), world_.poller(),
                         {.servers = {server_.address()}, .timeout = 60s});
  const auto resolved = world_.run(runtime::within(20ms, resolver.resolve("db.example.com")));
  ASSERT_FALSE(resolved.has_value());
  EXPECT_EQ(resolved.error().code, Errc::deadline);
}

Task<void> keep(Task<Result<Resolved>> task, std::optional<Result<Resolved>>& answer) {
  auto ended = co_await std::move(task);
  answer.emplace(std::move(ended));
}

TEST_F(CaresResolverTest, questions_side_by_side_do_not_disturb_each_other) {
  server_.records = {{ip("192.0.2.1"), 300}, {ip("2001:db8::1"), 300}};
  CaresResolver resolver(world_.loop(), world_.poller(), {.servers = {server_.address()}});
  std::array<std::optional<Result<Resolved>>, 20> answers;
  runtime::Scope cancelled(world_.loop());
  runtime::Scope scope(world_.loop());
  for (std::size_t i = 0; i < answers.size(); ++i) {
    auto asking = resolver.resolve("db" + std::to_string(i) + ".example.com");
    (i % 2 == 0 ? scope : cancelled).spawn(keep(std::move(asking), answers[i]));
  }
  world_.loop().turn();
  cancelled.cancel();
  while (scope.running() + cancelled.running() > 0) world_.loop().turn();
  for (std::size_t i = 0; i < answers.size(); i += 2) {
    ASSERT_TRUE(answers[i]->has_value()) << i;
    EXPECT_EQ((*answers[i])->addresses.size(), 2U) << i;
  }
  for (std::size_t i = 1; i < answers.size(); i += 2) {
    ASSERT_TRUE(answers[i].has_value());
    if (!*answers[i]) EXPECT_EQ(answers[i]->error().code, Errc::cancelled) << i;
  }
}

}  // namespace
}  // namespace causeway::net
