// SPDX-License-Identifier: Apache-2.0
#include "app/demo/endpoints.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/bytes.h"
#include "base/error.h"
#include "base/result.h"
#include "net/datagram.h"
#include "net/network.h"
#include "net/readiness.h"
#include "net/stream.h"
#include "runtime/task.h"

namespace causeway::app::demo {
namespace {

constexpr std::size_t kBufferBytes = 16U << 10U;
constexpr std::string_view kEndOfHead = "\r\n\r\n";

}  // namespace

Result<void> StreamEndpoint::open() {
  auto listener = thread_.network().listen(address_, {});
  if (!listener) return fail(listener);
  const base::Address bound = (*listener)->local();
  if (const auto* socket = bound.socket()) address_ = *socket;
  closing_.lower();
  is_listening_ = true;
  everything_.spawn(accept_loop(*std::move(listener)));
  return {};
}

void StreamEndpoint::close() { closing_.raise(thread_.loop()); }

Task<void> StreamEndpoint::accept_loop(net::ListenerPtr listener) {
  while (!closing_.is_raised()) {
    auto stream = listener->accept_now();
    if (stream) {
      everything_.spawn(serve(*std::move(stream)));
      continue;
    }
    if (stream.error().code != Errc::would_block) continue;
    const auto ready = co_await net::wait_any({&listener->acceptable_state(), &closing_});
    if (!ready) co_return;
  }
  // Only then do answers say that the connection ends: whoever connects anew because of that must
  // be refused at once, and not be left in the queue of a socket that goes away.
  listener.reset();
  is_listening_ = false;
}

Task<void> StreamEndpoint::serve(net::StreamPtr stream) {
  const auto memory = std::make_unique<std::array<std::byte, kBufferBytes>>();
  for (;;) {
    auto answer =
        service_ == Service::http ? answer_http(*stream, *memory) : answer_echo(*stream, *memory);
    const auto goes_on = co_await std::move(answer);
    if (!goes_on || !*goes_on) co_return;
  }
}

Task<Result<bool>> StreamEndpoint::answer_http(net::Stream& stream, MutableBytes buffer) {
  std::size_t filled = 0;
  while (!base::as_text(buffer.first(filled)).contains(kEndOfHead)) {
    if (filled == buffer.size()) co_return false;
    const auto got = co_await net::read_some(stream, buffer.subspan(filled));
    if (!got) co_return fail(got);
    if (*got == 0) co_return false;
    filled += *got;
  }
  const bool last = !is_listening_;
  const std::string body = fmt::format("hello from {}\n", name_);
  const std::string answer =
      fmt::format("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n{}\r\n{}",
                  body.size(), last ? "Connection: close\r\n" : "", body);
  const auto written = co_await net::write_all(stream, base::as_bytes(answer));
  if (!written) co_return fail(written);
  co_return !last;
}

Task<Result<bool>> StreamEndpoint::answer_echo(net::Stream& stream, MutableBytes buffer) {
  const auto got = co_await net::read_some(stream, buffer);
  if (!got) co_return fail(got);
  if (*got == 0) co_return false;
  const auto written = co_await net::write_all(stream, buffer.first(*got));
  if (!written) co_return fail(written);
  co_return true;
}

Result<void> DatagramEcho::open(runtime::Scope& everything) {
  auto socket = thread_.network().bind_datagram(address_, {});
  if (!socket) return fail(socket);
  const base::Address bound = (*socket)->local();
  if (const auto* local = bound.socket()) address_ = *local;
  everything.spawn(echo(*std::move(socket)));
  return {};
}

Task<void> DatagramEcho::echo(net::DatagramPtr socket) {
  const auto packets = std::make_unique<std::array<net::Packet, net::DatagramSocket::kBatchMax>>();
  for (;;) {
    const auto got = socket->receive_now(*packets);
    if (got) {
      // A full queue drops what it must; whoever asked sees it as a loss.
      std::ignore = socket->send_now(std::span(*packets).first(*got));
      continue;
    }
    if (got.error().code != Errc::would_block) continue;
    const auto ready = co_await socket->readable();
    if (!ready) co_return;
  }
}

}  // namespace causeway::app::demo
