// SPDX-License-Identifier: Apache-2.0
#include "sim/connection.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/result.h"
#include "base/time.h"
#include "net/stream.h"
#include "runtime/loop.h"
#include "sim/internet.h"
#include "sim/link.h"
#include "sim/timeline.h"

namespace causeway::sim {
namespace {

// Linux: the first retry after a second, then twice as long each time (tcp_syn_retries is 6).
constexpr Duration kSynRetry = std::chrono::seconds(1);
constexpr unsigned kSynTriesMax = 7;
// The least by which two things are not at the same time: one turn of a loop lies between them.
constexpr Duration kMoment{1};

}  // namespace

Connection::Connection(Internet& internet, std::uint64_t id, Place dialer, Place acceptor)
    : internet_(internet), id_(id) {
  end(Which::dialer).place = std::move(dialer);
  end(Which::acceptor).place = std::move(acceptor);
  end(Which::dialer).state = End::State::connecting;
}

void Connection::begin() {
  ++syn_tries_;
  transmit(Which::dialer, {.kind = Segment::Kind::syn, .bytes = {}});
}

void Connection::begin_unreachable() {
  transmit(Which::acceptor, {.kind = Segment::Kind::unreachable, .bytes = {}});
}

void Connection::attach(Which which, net::Stream& stream, runtime::Loop& loop) {
  End& here = end(which);
  here.stream = &stream;
  here.loop = &loop;
  if (here.state != End::State::open) return;
  // As with a socket that was just accepted: it takes bytes, and the next poll tells what it has.
  stream.writable_state().raise(loop);
  if (here.received.empty() && !end_is_known(which)) return;
  plan(internet_.now(), [this, which] { raise_readable(end(which)); });
}

void Connection::close(Which which, Closing how) {
  End& here = end(which);
  CW_ASSERT(here.state != End::State::closed);
  const bool was_open = here.state == End::State::open;
  here.state = End::State::closed;
  here.stream = nullptr;
  const bool has_unread = !here.received.empty();
  end(other(which)).dropped_bytes += here.received.size();
  here.received.clear();
  if (was_open && !here.is_broken) {
    if (how == Closing::abrupt || has_unread) {
      break_off(which);
    } else if (!here.fin_sent) {
      here.fin_sent = true;
      transmit(which, {.kind = Segment::Kind::fin, .bytes = {}});
    }
  }
  end_step();
}

Result<std::size_t> Connection::read(Which which, MutableBytes into) {
  CW_ASSERT(!into.empty());
  End& here = end(which);
  const std::size_t count = std::min(into.size(), here.received.size());
  if (count > 0) {
    const auto stop = here.received.begin() + static_cast<std::ptrdiff_t>(count);
    std::copy(here.received.begin(), stop, into.begin());
    here.received.erase(here.received.begin(), stop);
    end(other(which)).read_bytes += count;
    if (!here.is_broken)
      transmit(which, {.kind = Segment::Kind::ack, .bytes = {}, .acknowledged = count});
    return count;
  }
  const auto error = take_error(which);
  if (error) return fail(*error);
  if (here.fin_arrived || here.is_broken) return 0;
  return fail(Errc::would_block);
}

Result<std::size_t> Connection::write(Which which, Bytes from) {
  CW_ASSERT(!from.empty());
  End& here = end(which);
  const auto error = take_error(which);
  if (error) return fail(*error);
  if (here.is_broken || here.fin_sent) return fail(Errc::closed);
  if (here.state == End::State::connecting) return fail(Errc::would_block);
  const LinkOptions& options = here.place.out->options();
  const std::size_t room =
      options.window_bytes - std::min(options.window_bytes, here.unacknowledged_bytes);
  std::size_t count = std::min(room, from.size());
  here.wants_room = count < from.size();
  if (count == 0) return fail(Errc::would_block);
  if (options.chop && count > 1 && internet_.random().below(4) == 0) {
    // Short although there is room: the carrier must then say itself that it goes on.
    count = 1 + internet_.random().below(
                    static_cast<std::uint32_t>(std::min<std::size_t>(count - 1, UINT32_MAX)));
    here.wants_room = true;
    plan(internet_.now() + kMoment, [this, which] { raise_writable(end(which)); });
  }
  transmit_data(which, from.first(count));
  return count;
}

Result<void> Connection::shutdown_write(Which which) {
  End& here = end(which);
  if (here.is_broken || here.state != End::State::open) return fail(Errc::closed);
  if (here.fin_sent) return {};
  here.fin_sent = true;
  transmit(which, {.kind = Segment::Kind::fin, .bytes = {}});
  return {};
}

std::optional<Errc> Connection::take_error(Which which) {
  return std::exchange(end(which).error, std::nullopt);
}

bool Connection::end_is_known(Which which) const {
  const End& here = end(which);
  return here.fin_arrived || here.is_broken || here.error;
}

bool Connection::is_accounted() const {
  for (const Which which : {Which::dialer, Which::acceptor}) {
    const End& here = end(which);
    std::uint64_t under_way = 0;
    for (const Segment& segment : here.flight) under_way += segment.bytes.size();
    const std::uint64_t waiting = end(other(which)).received.size();
    if (here.written_bytes != here.read_bytes + here.dropped_bytes + under_way + waiting)
      return false;
  }
  return true;
}

std::uint64_t Connection::dropped_bytes() const {
  return ends_[0].dropped_bytes + ends_[1].dropped_bytes;
}

void Connection::transmit_data(Which from, Bytes bytes) {
  End& here = end(from);
  const LinkOptions& options = here.place.out->options();
  here.unacknowledged_bytes += bytes.size();
  here.written_bytes += bytes.size();
  while (!bytes.empty()) {
    std::size_t count = std::min(bytes.size(), options.segment_bytes);
    if (options.chop && internet_.random().below(4) == 0) {
      count = 1 + internet_.random().below(static_cast<std::uint32_t>(count));
    }
    const Bytes cut = bytes.first(count);
    transmit(from, {.kind = Segment::Kind::data, .bytes = {cut.begin(), cut.end()}});
    bytes = bytes.subspan(count);
  }
}

// Segments stay in their order whatever the link does, since each arrival takes the oldest.
void Connection::transmit(Which from, Segment segment) {
  End& here = end(from);
  Link& link = *here.place.out;
  Instant arrives = link.arrival(internet_.now(), segment.bytes.size(), internet_.random());
  // Sometimes together with the one before, sometimes by itself: a reader must bear both.
  if (link.options().chop && internet_.random().below(2) == 0) arrives += kMoment;
  here.last_arrival = std::max(arrives, here.last_arrival);
  here.flight.push_back(std::move(segment));
  ++planned_;
  link.carry(here.last_arrival, [this, from] {
    --planned_;
    deliver(from);
    end_step();
  });
}

void Connection::plan(Instant at, Timeline::Action action) {
  ++planned_;
  internet_.timeline().at(at, [this, action = std::move(action)]() mutable {
    --planned_;
    action();
    end_step();
  });
}

void Connection::end_step() {
  const auto is_over = [](const End& end) {
    return end.state == End::State::closed || end.state == End::State::absent;
  };
  if (planned_ == 0 && is_over(ends_[0]) && is_over(ends_[1])) internet_.on_connection_over(*this);
}

void Connection::deliver(Which from) {
  const Segment segment = std::move(end(from).flight.front());
  end(from).flight.pop_front();
  const Which to = other(from);
  internet_.trace().note(internet_.now(), static_cast<std::uint64_t>(segment.kind), id_,
                         segment.bytes.size() + segment.acknowledged);
  switch (segment.kind) {
    case Segment::Kind::syn:
      return on_syn();
    case Segment::Kind::syn_ack:
      return on_syn_ack();
    case Segment::Kind::refusal:
      return on_dial_failed(Errc::refused);
    case Segment::Kind::unreachable:
      return on_dial_failed(Errc::unreachable);
    case Segment::Kind::data:
      return on_data(to, segment.bytes);
    case Segment::Kind::fin:
      return on_fin(to);
    case Segment::Kind::reset:
      return on_reset(to);
    case Segment::Kind::ack:
      return on_acknowledged(to, segment.acknowledged);
  }
}

void Connection::on_syn() {
  if (end(Which::dialer).state != End::State::connecting) return;  // given up meanwhile
  switch (internet_.offer(*this)) {
    case Internet::Offered::taken:
      end(Which::acceptor).state = End::State::open;
      transmit(Which::acceptor, {.kind = Segment::Kind::syn_ack, .bytes = {}});
      return;
    case Internet::Offered::refused:
      transmit(Which::acceptor, {.kind = Segment::Kind::refusal, .bytes = {}});
      return;
    case Internet::Offered::ignored:
      break;
  }
  const Duration pause = kSynRetry * (std::int64_t{1} << (syn_tries_ - 1));
  plan(internet_.now() + pause, [this] {
    if (end(Which::dialer).state != End::State::connecting) return;
    if (syn_tries_ == kSynTriesMax) return on_dial_failed(Errc::unreachable);
    begin();
  });
}

void Connection::on_syn_ack() {
  End& here = end(Which::dialer);
  if (here.state == End::State::closed) return break_off(Which::dialer);
  here.state = End::State::open;
  raise_writable(here);
}

void Connection::on_dial_failed(Errc why) {
  End& here = end(Which::dialer);
  if (here.state == End::State::closed) return;
  here.is_broken = true;
  here.error = why;
  raise_readable(here);
  raise_writable(here);
}

void Connection::on_data(Which to, const std::vector<std::byte>& bytes) {
  End& here = end(to);
  if (here.state == End::State::closed || here.is_broken) {
    end(other(to)).dropped_bytes += bytes.size();
    if (!here.is_broken) break_off(to);
    return;
  }
  here.received.insert(here.received.end(), bytes.begin(), bytes.end());
  raise_readable(here);
}

void Connection::on_fin(Which to) {
  End& here = end(to);
  here.fin_arrived = true;
  if (!here.is_broken) raise_readable(here);
}

void Connection::on_reset(Which to) {
  End& here = end(to);
  if (here.is_broken) return;
  here.is_broken = true;
  // Linux says EPIPE to a side that had already seen the orderly end.
  here.error = here.fin_arrived ? Errc::closed : Errc::reset;
  raise_readable(here);
  raise_writable(here);
}

void Connection::on_acknowledged(Which to, std::size_t bytes) {
  End& here = end(to);
  CW_ASSERT(here.unacknowledged_bytes >= bytes);
  here.unacknowledged_bytes -= bytes;
  if (here.wants_room) raise_writable(here);
}

void Connection::break_off(Which from) {
  end(from).is_broken = true;
  transmit(from, {.kind = Segment::Kind::reset, .bytes = {}});
}

void Connection::raise_readable(End& end) {
  if (end.stream != nullptr) end.stream->readable_state().raise(*end.loop);
}

void Connection::raise_writable(End& end) {
  end.wants_room = false;
  if (end.stream != nullptr) end.stream->writable_state().raise(*end.loop);
}

}  // namespace causeway::sim
