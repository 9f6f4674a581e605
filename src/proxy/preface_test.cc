// SPDX-License-Identifier: Apache-2.0
#include "proxy/preface.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "model/listener.h"
#include "model/snapshot.h"
#include "net/stream.h"
#include "proxy/internal/tcp_test_worker.h"
#include "proxy/route_table.h"
#include "proxy/worker.h"
#include "runtime/scope.h"
#include "runtime/task.h"
#include "sim/world.h"
#include "wire/proxy_header.h"

namespace causeway::proxy {
namespace {

using namespace std::chrono_literals;
using namespace tcp_test;

const base::SocketAddress kReal = address("198.51.100.7:4000");
const base::SocketAddress kAsked = address("203.0.113.1:443");

std::string proxy_v1() {
  wire::ProxyHeaderBuffer buffer;
  return std::string(
      base::as_text(wire::encode_proxy_v1({.source = kReal, .destination = kAsked}, buffer)));
}
std::string proxy_v2() {
  wire::ProxyHeaderBuffer buffer;
  return std::string(base::as_text(wire::encode_proxy_v2({.source = kReal, .destination = kAsked},
                                                         wire::ProxyTransport::stream, buffer)));
}

// What the listener made of a downstream's first words.
struct Outcome {
  Error error{};
  base::SocketAddress source{};
  base::SocketAddress destination{};
  std::optional<std::uint32_t> pool;  // only without an error
  std::string first_bytes;
  Duration took{};
};

enum class Then : std::uint8_t { stay, end };

Task<Result<Outcome>> read_outcome(Worker& worker, const model::Listener& listener,
                                   const RouteTable& routes, net::Stream& downstream,
                                   base::SocketAddress source) {
  const Instant began = worker.loop.now();
  auto arrival = co_await read_preface(worker, listener, routes, downstream, source);
  Outcome outcome{.took = worker.loop.now() - began};
  if (!arrival) {
    outcome.error = arrival.error();
    co_return outcome;
  }
  outcome.source = arrival->source;
  outcome.destination = arrival->destination;
  outcome.pool = static_cast<std::uint32_t>(arrival->route->pool.index());
  if (arrival->first_bytes) outcome.first_bytes = base::as_text(arrival->first_bytes.content());
  co_return outcome;
}

// A downstream says `parts` with a pause between them.
Outcome hear(const model::Listener& listener, const std::vector<std::string>& parts,
             Then then = Then::stay, WorkerOptions options = {}) {
  sim::World world(1);
  TestWorker worker(world.loop(), world.network("10.0.0.1"), model::Snapshot{}, options);
  const RouteTable routes(listener);
  auto socket = world.network("10.0.0.1").listen(address("10.0.0.1:443"), {}).value();
  auto client = world.run(world.network("10.0.2.1").connect(address("10.0.0.1:443"), {})).value();
  auto downstream = world.run(accept_one(*socket)).value();

  std::optional<Result<Outcome>> outcome;
  runtime::Scope scope(world.loop());
  scope.spawn(keep(
      read_outcome(worker.worker(), listener, routes, *downstream, *downstream->peer().socket()),
      outcome));
  for (const std::string& part : parts) {
    if (!part.empty()) std::ignore = world.run(send_text(*client, part));
    world.run_for(10ms);
  }
  if (then == Then::end) std::ignore = client->shutdown_write();
  world.run_until_joined(scope);
  EXPECT_EQ(worker.chunks().lent_chunks(), 0U);
  client->reset();
  client.reset();
  downstream.reset();
  world.run_for(1s);
  return **outcome;
}

model::Listener plain_listener() {
  model::Listener listener;
  listener.routes.push_back({.match = {}, .pool = base::PoolId(0)});
  return listener;
}
model::Listener trusting_listener() {
  model::Listener listener = plain_listener();
  listener.accept_proxy.from = {network("10.0.2.0/24")};
  return listener;
}
model::Listener tls_listener() {
  model::Listener listener = plain_listener();
  listener.tls = model::TlsMode::passthrough;
  listener.routes.push_back(
      {.match = {.sni = {"a.test"}, .alpn = {}, .source = {}}, .pool = base::PoolId(1)});
  listener.routes.push_back(
      {.match = {.sni = {"a.test"}, .alpn = {"h2"}, .source = {}}, .pool = base::PoolId(2)});
  return listener;
}

// --- Whether there is anything to read

TEST(Preface, only_trusted_sources_and_tls_need_one) {
  EXPECT_FALSE(needs_preface(plain_listener(), ip("10.0.2.1")));
  EXPECT_TRUE(needs_preface(trusting_listener(), ip("10.0.2.1")));
  EXPECT_FALSE(needs_preface(trusting_listener(), ip("10.0.3.1")));
  EXPECT_TRUE(needs_preface(tls_listener(), ip("10.0.3.1")));
}

// --- PROXY headers

TEST(Preface, a_proxy_header_of_either_version_is_understood_wherever_it_is_split) {
  for (const std::string& header : {proxy_v1(), proxy_v2()}) {
    const std::string all = header + "data";
    for (std::size_t at = 0; at <= all.size(); ++at) {
      SCOPED_TRACE(at);
      const Outcome outcome = hear(trusting_listener(), {all.substr(0, at), all.substr(at)});
      ASSERT_EQ(outcome.pool, 0U) << base::to_text(outcome.error);
      EXPECT_EQ(outcome.source, kReal);
      EXPECT_EQ(outcome.destination, kAsked);
      // Nothing of the header is left; what follows it may still be on its way.
      EXPECT_TRUE(std::string_view("data").starts_with(outcome.first_bytes));
    }
  }
}

TEST(Preface, the_source_in_the_header_chooses_the_route) {
  model::Listener listener = trusting_listener();
  listener.routes.push_back(
      {.match = {.sni = {}, .alpn = {}, .source = {network("198.51.100.0/24")}},
       .pool = base::PoolId(5)});
  EXPECT_EQ(hear(listener, {proxy_v1()}).pool, 5U);
  EXPECT_EQ(hear(listener, {"no header"}).pool, 0U);
}

TEST(Preface, a_header_that_stands_for_nobody_leaves_the_source_as_it_is) {
  wire::ProxyHeaderBuffer buffer;
  const std::string local(base::as_text(wire::encode_proxy_v2_local(buffer)));
  const Outcome outcome = hear(trusting_listener(), {local + "x"});
  EXPECT_EQ(outcome.source.ip, ip("10.0.2.1"));
  EXPECT_EQ(outcome.destination.port, 0U);
  EXPECT_TRUE(std::string_view("x").starts_with(outcome.first_bytes));
}

TEST(Preface, bytes_of_a_trusted_source_that_are_no_header_are_data_where_none_is_required) {
  const Outcome outcome = hear(trusting_listener(), {"GET / HTTP/1.1\r\n"});
  EXPECT_EQ(outcome.pool, 0U);
  EXPECT_EQ(outcome.source.ip, ip("10.0.2.1"));
  // The rest may not have arrived yet: what is no header is clear from the first byte.
  EXPECT_FALSE(outcome.first_bytes.empty());
  EXPECT_TRUE(std::string_view("GET / HTTP/1.1\r\n").starts_with(outcome.first_bytes));
}

TEST(Preface, a_required_header_that_is_missing_is_refused) {
  model::Listener listener = trusting_listener();
  listener.accept_proxy.required = true;
  const Outcome outcome = hear(listener, {"GET / HTTP/1.1\r\n"});
  EXPECT_EQ(outcome.error.code, Errc::proxy_header_missing);
  EXPECT_EQ(outcome.error.side, Side::downstream);
  EXPECT_EQ(hear(listener, {proxy_v2()}).source, kReal);
}

TEST(Preface, a_header_against_the_rules_is_refused) {
  EXPECT_EQ(hear(trusting_listener(), {"PROXY TCP4 1.2.3.4 1.2.3.4 99999 1\r\n"}).error.code,
            Errc::proxy_header_invalid);
}

TEST(Preface, a_header_of_an_untrusted_source_is_data) {
  model::Listener listener = tls_listener();
  listener.accept_proxy.from = {network("10.9.0.0/16")};
  EXPECT_EQ(hear(listener, {proxy_v1() + client_hello("a.test")}).error.code,
            Errc::tls_hello_invalid);
  EXPECT_EQ(hear(listener, {client_hello("a.test")}).pool, 1U);
}

// --- ClientHellos

TEST(Preface, a_hello_is_understood_wherever_it_is_split_and_is_passed_on_whole) {
  const std::string hello = client_hello("A.Test", {"h2", "http/1.1"});
  for (std::size_t at = 1; at < hello.size(); ++at) {
    SCOPED_TRACE(at);
    const Outcome outcome = hear(tls_listener(), {hello.substr(0, at), hello.substr(at)});
    EXPECT_EQ(outcome.pool, 2U) << base::to_text(outcome.error);
    EXPECT_EQ(outcome.first_bytes, hello);
  }
}

TEST(Preface, a_hello_in_several_records_is_understood_and_passed_on_as_it_came) {
  const std::string message = hello_message("a.test");
  for (std::size_t at = 1; at < message.size(); at += 7) {
    const std::string records = tls_record(message.substr(0, at)) + tls_record(message.substr(at));
    const Outcome outcome = hear(tls_listener(), {records});
    EXPECT_EQ(outcome.pool, 1U);
    EXPECT_EQ(outcome.first_bytes, records);
  }
}

TEST(Preface, a_hello_behind_a_proxy_header_is_understood_wherever_they_are_split) {
  model::Listener listener = tls_listener();
  listener.accept_proxy = {.from = {network("10.0.2.0/24")}, .required = true};
  const std::string hello = client_hello("a.test");
  const std::string all = proxy_v2() + hello;
  for (std::size_t at = 1; at < all.size(); ++at) {
    SCOPED_TRACE(at);
    const Outcome outcome = hear(listener, {all.substr(0, at), all.substr(at)});
    EXPECT_EQ(outcome.pool, 1U) << base::to_text(outcome.error);
    EXPECT_EQ(outcome.source, kReal);
    EXPECT_EQ(outcome.first_bytes, hello);
  }
}

TEST(Preface, a_hello_without_a_name_takes_the_default_route_or_is_refused) {
  model::Listener listener = tls_listener();
  EXPECT_EQ(hear(listener, {client_hello("")}).pool, 0U);
  EXPECT_EQ(hear(listener, {client_hello("unknown.test")}).pool, 0U);
  listener.routes.erase(listener.routes.begin());
  EXPECT_EQ(hear(listener, {client_hello("")}).error.code, Errc::no_route);
  EXPECT_EQ(hear(listener, {client_hello("unknown.test")}).error.code, Errc::no_route);
}

TEST(Preface, what_is_not_tls_is_refused) {
  const Outcome outcome = hear(tls_listener(), {"GET / HTTP/1.1\r\n\r\n"});
  EXPECT_EQ(outcome.error.code, Errc::tls_hello_invalid);
  EXPECT_EQ(outcome.error.side, Side::downstream);
}

TEST(Preface, a_hello_that_is_too_large_is_refused_as_soon_as_it_says_so) {
  const std::string head = std::string("\x01") + big_endian(60'000, 3) + std::string(100, 'x');
  const Outcome outcome = hear(tls_listener(), {tls_record(head)});
  EXPECT_EQ(outcome.error.code, Errc::tls_hello_too_large);
  EXPECT_LT(outcome.took, 1s);
}

// --- Bounds

TEST(Preface, silence_ends_at_the_peek_timeout) {
  for (const model::Listener& listener : {trusting_listener(), tls_listener()}) {
    const Outcome outcome = hear(listener, {});
    EXPECT_EQ(outcome.error.code, Errc::peek_timeout);
    EXPECT_EQ(outcome.error.side, Side::downstream);
    EXPECT_GE(outcome.took, 10s);
    EXPECT_LT(outcome.took, 10s + 5ms);
  }
}

TEST(Preface, one_byte_after_the_other_does_not_move_the_peek_timeout) {
  model::Listener listener = tls_listener();
  listener.timeouts.peek = 500ms;
  std::vector<std::string> parts;
  for (const char c : client_hello("a.test")) parts.emplace_back(1, c);
  const Outcome outcome = hear(listener, parts);
  EXPECT_EQ(outcome.error.code, Errc::peek_timeout);
  EXPECT_LT(outcome.took, 510ms);
}

TEST(Preface, one_that_goes_away_before_it_said_all_is_closed) {
  const std::string hello = client_hello("a.test");
  for (const std::string& part : {std::string(), hello.substr(0, 10)}) {
    const Outcome outcome = hear(tls_listener(), {part}, Then::end);
    EXPECT_EQ(outcome.error.code, Errc::closed);
    EXPECT_EQ(outcome.error.side, Side::downstream);
  }
}

TEST(Preface, without_memory_for_its_first_bytes_it_is_refused) {
  const Outcome outcome =
      hear(tls_listener(), {client_hello("a.test")}, Then::stay, {.memory_bytes = 0});
  EXPECT_EQ(outcome.error.code, Errc::memory_limit);
  EXPECT_EQ(outcome.error.side, Side::local);
}

}  // namespace
}  // namespace causeway::proxy
