// SPDX-License-Identifier: Apache-2.0
#include "app/demo/load.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/number.h"
#include "base/result.h"
#include "base/time.h"
#include "net/datagram.h"
#include "net/network.h"
#include "net/stream.h"
#include "runtime/limits.h"
#include "runtime/sleep.h"
#include "runtime/task.h"

namespace causeway::app::demo {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nHost: demo\r\n\r\n";
constexpr std::string_view kEndOfHead = "\r\n\r\n";
constexpr std::string_view kContentLength = "Content-Length: ";
constexpr std::string_view kClose = "Connection: close\r\n";
constexpr std::size_t kAnswerBytesMax = 4096;
constexpr std::size_t kEchoBytes = 16U << 10U;
constexpr std::size_t kDatagramBytes = 512;
constexpr Duration kPatience = 5s;  // for a connection or an answer

MutableBytes as_writable(std::string& text) { return std::as_writable_bytes(std::span(text)); }

// How long the answer at the front of `text` is, once its head is complete; 0 before.
std::size_t answer_size(std::string_view text) {
  const auto end = text.find(kEndOfHead);
  const auto length = text.find(kContentLength);
  if (end == std::string_view::npos || length == std::string_view::npos || length > end) return 0;
  const auto digits = text.substr(length + kContentLength.size());
  const auto body = base::parse_number<std::size_t>(digits.substr(0, digits.find('\r')));
  return body ? end + kEndOfHead.size() + *body : 0;
}

// The answer to the datagram just sent: its size.
Task<Result<std::size_t>> receive_answer(net::DatagramSocket& socket) {
  std::array<net::Packet, 1> packet{};
  for (;;) {
    const auto got = socket.receive_now(packet);
    if (got) co_return packet[0].payload.size();
    if (got.error().code != Errc::would_block) co_return fail(got);
    const auto ready = co_await socket.readable();
    if (!ready) co_return fail(ready);
  }
}

}  // namespace

void Load::start_http(const base::SocketAddress& gateway, int clients) {
  for (int i = 0; i < clients; ++i) everything_.spawn(stream_client(Kind::http, gateway));
}

void Load::start_echo(const base::SocketAddress& gateway, int clients) {
  for (int i = 0; i < clients; ++i) everything_.spawn(stream_client(Kind::echo, gateway));
}

void Load::start_datagrams(const base::SocketAddress& gateway, int clients) {
  for (int i = 0; i < clients; ++i) everything_.spawn(datagram_client(gateway));
}

Task<void> Load::stream_client(Kind kind, base::SocketAddress gateway) {
  while (!finishing_) {
    auto stream = co_await runtime::within(kPatience, thread_.network().connect(gateway, {}));
    if (!stream) {
      if (stream.error().code == Errc::cancelled) co_return;
      tally(kind).errors.add(stream.error().code);
      const auto rested = co_await runtime::sleep_for(10ms);
      if (!rested) co_return;
      continue;
    }
    const auto ended = co_await run_connection(kind, **stream);
    if (!ended) {
      if (ended.error().code == Errc::cancelled) co_return;
      tally(kind).errors.add(ended.error().code);
    }
    if (!finishing_) tally(kind).reconnects.add(1);
  }
}

Task<Result<void>> Load::run_connection(Kind kind, net::Stream& stream) {
  std::string buffer;
  bool goes_on = true;
  while (goes_on && !finishing_) {
    const Instant began = thread_.clock().now();
    const auto exchanged =
        co_await runtime::within(kPatience, kind == Kind::http ? exchange_http(stream, buffer)
                                                               : exchange_echo(stream, buffer));
    if (!exchanged) co_return fail(exchanged);
    const Duration took = thread_.clock().now() - began;
    tally(kind).latency_ns.record(static_cast<std::uint64_t>(took.count()));
    tally(kind).exchanges.add(1);
    goes_on = *exchanged;
  }
  co_return {};
}

Task<Result<bool>> Load::exchange_http(net::Stream& stream, std::string& buffer) {
  const auto asked = co_await net::write_all(stream, base::as_bytes(kRequest));
  if (!asked) co_return fail(asked);
  buffer.resize(kAnswerBytesMax);
  std::size_t filled = 0;
  for (;;) {
    const auto got = co_await net::read_some(stream, as_writable(buffer).subspan(filled));
    if (!got) co_return fail(got);
    if (*got == 0) co_return fail(Errc::closed, Side::downstream, "in the middle of an answer");
    filled += *got;
    const std::string_view text = std::string_view(buffer).substr(0, filled);
    const std::size_t size = answer_size(text);
    if (size == 0 || filled < size) continue;
    if (!text.starts_with("HTTP/1.1 200 ")) co_return fail(Errc::bad_syntax);
    http_.bytes.add(kRequest.size() + filled);
    co_return !text.contains(kClose);
  }
}

Task<Result<bool>> Load::exchange_echo(net::Stream& stream, std::string& buffer) {
  std::string sent(kEchoBytes, '\0');
  std::ranges::generate(
      sent, [n = thread_.loop().random().next()]() mutable { return static_cast<char>(n++); });
  const auto asked = co_await net::write_all(stream, base::as_bytes(sent));
  if (!asked) co_return fail(asked);
  buffer.resize(kEchoBytes);
  for (std::size_t filled = 0; filled < kEchoBytes;) {
    const auto got = co_await net::read_some(stream, as_writable(buffer).subspan(filled));
    if (!got) co_return fail(got);
    if (*got == 0) co_return fail(Errc::closed, Side::downstream, "in the middle of an echo");
    filled += *got;
  }
  if (buffer != sent) co_return fail(Errc::bad_syntax, Side::downstream, "not what was sent");
  echo_.bytes.add(2 * kEchoBytes);
  co_return true;
}

Task<void> Load::datagram_client(base::SocketAddress gateway) {
  auto socket = thread_.network().connect_datagram(gateway, {});
  if (!socket) {
    datagrams_.errors.add(socket.error().code);
    co_return;
  }
  const std::string payload(kDatagramBytes, 'd');
  std::array<net::Packet, 1> packet{};
  while (!finishing_) {
    const Instant began = thread_.clock().now();
    packet[0] = net::Packet{.payload = base::as_bytes(payload)};
    const auto sent = (*socket)->send_now(packet);
    if (!sent) datagrams_.errors.add(sent.error().code);
    const auto answered = co_await runtime::within(kPatience, receive_answer(**socket));
    if (!answered && answered.error().code == Errc::cancelled) co_return;
    if (!answered || *answered != kDatagramBytes) {
      datagrams_.errors.add(answered ? Errc::bad_syntax : answered.error().code);
      continue;
    }
    datagrams_.latency_ns.record(
        static_cast<std::uint64_t>((thread_.clock().now() - began).count()));
    datagrams_.exchanges.add(1);
    datagrams_.bytes.add(2 * kDatagramBytes);
  }
}

}  // namespace causeway::app::demo
