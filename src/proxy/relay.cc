// SPDX-License-Identifier: Apache-2.0
#include "proxy/relay.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/bytes.h"
#include "base/error.h"
#include "base/result.h"
#include "base/time.h"
#include "model/limits.h"
#include "net/readiness.h"
#include "observe/listener_metrics.h"
#include "proxy/worker.h"
#include "runtime/loop.h"
#include "runtime/sleep.h"
#include "runtime/task.h"

namespace causeway::proxy {
namespace {

constexpr int kStepsPerTurn = 8;  // reads of one way before others get their turn
constexpr std::uint8_t kFullReadsToSplice = 2;
constexpr std::uint8_t kSmallFillsToCopy = 2;
// A splice that moves less than this costs more than a copy.
constexpr std::size_t kSmallFillBytes = 16U << 10U;

}  // namespace

net::Ready* Way::waits_for() noexcept {
  switch (state_) {
    case State::reading:
      return &from_.readable_state();
    case State::stalled:
      return &to_.writable_state();
    case State::ended:
      return &from_.readable_state();  // it may still break
    case State::busy:
      return nullptr;
  }
  return nullptr;
}

Result<Way::State> Way::step(Worker& worker, const Way& other) {
  for (int steps = 0; steps < kStepsPerTurn; ++steps) {
    if (state_ == State::ended) return look_after_end();
    if (!backlog_.empty()) {
      const auto flushed = flush();
      if (!flushed) return fail(flushed, to_side());
      state_ = *flushed;
      if (state_ == State::stalled) return state_;
    }
    const bool splicing = mode_ == Mode::splice || (pipe_ != nullptr && pipe_->waiting_bytes() > 0);
    const auto moved = splicing ? splice_once(worker, other) : copy_once(worker, other);
    if (!moved) return fail(moved);
    state_ = *moved;
    if (state_ != State::busy) return state_;
  }
  return state_;
}

// Writes the backlog; busy when it is empty again.
Result<Way::State> Way::flush() {
  while (!backlog_.empty()) {
    const auto put = to_.write_now(backlog_.front());
    if (!put) {
      if (put.error().code == Errc::would_block) return State::stalled;
      return fail(put);
    }
    moved_bytes_ += *put;
    backlog_.consume(*put);
  }
  return State::busy;
}

Result<Way::State> Way::copy_once(Worker& worker, const Way& other) {
  const std::size_t chunk_bytes = std::min(worker.chunks.chunk_bytes(), worker.scratch.size());
  const std::size_t asked = mode_ == Mode::small ? chunk_bytes : worker.scratch.size();
  const auto got = from_.read_now(worker.scratch.first(asked));
  if (!got) {
    if (got.error().code == Errc::would_block) return State::reading;
    return fail(got, from_side_);
  }
  if (*got == 0) return pass_on_end(other);
  from_.acknowledge_reads();
  choose_mode(asked, *got);

  Bytes bytes = worker.scratch.first(*got);
  const auto put = to_.write_now(bytes);
  if (!put && put.error().code != Errc::would_block) return fail(put, to_side());
  const std::size_t written = put ? *put : 0;
  moved_bytes_ += written;
  if (written == bytes.size()) return State::busy;

  // What the other side does not take waits here, and as long as it waits nothing more is read. A
  // way that stalls goes back to small reads until its sender is the slower one, so that a slow
  // reader does not hold more than one chunk again.
  const auto kept = backlog_.append(worker.chunks, bytes.subspan(written));
  if (!kept) return fail(kept);
  if (mode_ == Mode::large) mode_ = Mode::small;
  may_grow_ = false;
  full_reads_ = 0;
  return State::stalled;
}

// A side that has ended its way may break while it waits for the other way.
Result<Way::State> Way::look_after_end() {
  if (!from_.readable_state().is_raised()) return State::ended;
  from_.readable_state().lower();
  if (const auto broken = from_.take_error()) return fail(*broken, from_side_);
  return State::ended;
}

void Way::choose_mode(std::size_t asked_bytes, std::size_t got_bytes) noexcept {
  if (got_bytes < asked_bytes) {
    full_reads_ = 0;
    may_grow_ = true;
    if (got_bytes <= kSmallFillBytes) mode_ = Mode::small;
    return;
  }
  if (may_grow_) mode_ = Mode::large;
  full_reads_ = static_cast<std::uint8_t>(full_reads_ + 1);
  if (full_reads_ >= kFullReadsToSplice && from_.can_splice() && to_.can_splice()) {
    mode_ = Mode::splice;
    full_reads_ = 0;
    small_fills_ = 0;
  }
}

Result<Way::State> Way::splice_once(Worker& worker, const Way& other) {
  if (pipe_ == nullptr) {
    auto pipe = worker.pipes.borrow();
    if (!pipe) {  // no descriptors left for a pipe: copying always works
      mode_ = Mode::large;
      return State::busy;
    }
    pipe_ = *std::move(pipe);
  }
  if (pipe_->waiting_bytes() == 0) {
    const auto got = from_.splice_in(*pipe_);
    if (!got || *got == 0) pipe_.reset();
    if (!got) {
      if (got.error().code == Errc::would_block) return State::reading;
      return fail(got, from_side_);
    }
    if (*got == 0) return pass_on_end(other);
    from_.acknowledge_reads();
    small_fills_ = static_cast<std::uint8_t>(*got < kSmallFillBytes ? small_fills_ + 1 : 0);
  }
  const auto put = to_.splice_out(*pipe_);
  if (!put) {
    if (put.error().code == Errc::would_block) return State::stalled;
    return fail(put, to_side());
  }
  moved_bytes_ += *put;
  if (pipe_->waiting_bytes() == 0 && small_fills_ >= kSmallFillsToCopy) {
    pipe_.reset();
    mode_ = Mode::small;
  }
  return State::busy;
}

Result<Way::State> Way::pass_on_end(const Way& other) {
  // When the opposite way has ended as well, both streams are closed next, and that says the same.
  if (other.state_ == State::ended) return State::ended;
  const auto ended = to_.shutdown_write();
  if (!ended) return fail(ended, to_side());
  from_.readable_state().lower();
  return State::ended;
}

RelayDeadline::RelayDeadline(runtime::Loop& loop, const model::Timeouts& timeouts) noexcept
    : loop_(loop), timeouts_(timeouts), last_bytes_(loop.now()), last_upstream_bytes_(loop.now()) {
  on_expired();
}

void RelayDeadline::on_bytes(Side from) noexcept {
  last_bytes_ = loop_.now();
  if (from == Side::upstream) last_upstream_bytes_ = loop_.now();
}

void RelayDeadline::on_stall(Side towards, bool stalled, bool moved) noexcept {
  Instant& since = towards == Side::upstream ? up_stalled_since_ : down_stalled_since_;
  if (!stalled) {
    since = base::kNever;
  } else if (moved || since == base::kNever) {
    since = loop_.now();
  }
}

// Looks at every limit. The timer is armed for the earliest moment at which one of them could pass,
// and a limit whose count has not begun cannot pass before its full length from now; so nothing
// needs to move the timer when bytes flow.
void RelayDeadline::on_expired() noexcept {
  const Instant now = loop_.now();
  Instant earliest = base::kNever;
  const auto judge = [&](Duration limit, Instant since, Errc code, Side side) {
    if (limit <= Duration::zero()) return;
    const Instant due = (since == base::kNever ? now : since) + limit;
    if (due <= now) {
      code_ = code;
      side_ = side;
      passed_.raise(loop_);
    }
    earliest = std::min(earliest, due);
  };
  judge(timeouts_.idle, last_bytes_, Errc::idle_timeout, Side::none);
  judge(timeouts_.read, last_upstream_bytes_, Errc::deadline, Side::upstream);
  judge(timeouts_.write, up_stalled_since_, Errc::deadline, Side::upstream);
  judge(timeouts_.write, down_stalled_since_, Errc::deadline, Side::downstream);
  if (!passed_.is_raised() && earliest != base::kNever) loop_.arm(*this, earliest);
}

Relay::Relay(Worker& worker, net::Stream& downstream, net::Stream& upstream,
             const model::Timeouts& timeouts, observe::ListenerMetrics& metrics) noexcept
    : worker_(worker),
      metrics_(metrics),
      up_(downstream, upstream, Side::downstream),
      down_(upstream, downstream, Side::upstream),
      deadline_(worker.loop, timeouts) {}

// After each round of steps: what passed is counted, and tells the deadlines that somebody lives.
void Relay::account() noexcept {
  const std::uint64_t up_bytes = up_.moved_bytes() - accounted_up_bytes_;
  const std::uint64_t down_bytes = down_.moved_bytes() - accounted_down_bytes_;
  if (up_bytes > 0) {
    metrics_.received_bytes.add(up_bytes);
    deadline_.on_bytes(Side::downstream);
  }
  if (down_bytes > 0) {
    metrics_.sent_bytes.add(down_bytes);
    deadline_.on_bytes(Side::upstream);
  }
  accounted_up_bytes_ += up_bytes;
  accounted_down_bytes_ += down_bytes;
  deadline_.on_stall(Side::upstream, up_.state() == Way::State::stalled, up_bytes > 0);
  deadline_.on_stall(Side::downstream, down_.state() == Way::State::stalled, down_bytes > 0);
}

Task<Result<void>> Relay::run() {
  for (;;) {
    const auto up = up_.step(worker_, down_);
    if (!up) co_return fail(up);
    const auto down = down_.step(worker_, up_);
    if (!down) co_return fail(down);
    account();
    if (*up == Way::State::ended && *down == Way::State::ended) co_return {};

    if (*up == Way::State::busy || *down == Way::State::busy) {
      const auto went_on = co_await runtime::yield();
      if (!went_on) co_return fail(went_on);
      continue;
    }
    const auto woken =
        co_await net::wait_any({up_.waits_for(), down_.waits_for(), &deadline_.passed()});
    if (!woken) co_return fail(woken);
    if (deadline_.passed().is_raised()) co_return fail(deadline_.error());
  }
}

}  // namespace causeway::proxy
