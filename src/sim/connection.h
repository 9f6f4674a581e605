// SPDX-License-Identifier: Apache-2.0
// A simulated connection: two ends, and what is under way between them. It behaves as TCP does
// where a program can see it: the window bounds what is written and not yet read, closing with
// unread bytes resets, writing to an end that is gone is answered with a reset, a reset is told
// once and what had arrived before it can still be read. Owned by the Internet until both ends are
// closed and nothing is under way; a SimStream is the handle of one end.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "net/stream.h"
#include "runtime/loop.h"
#include "sim/link.h"

namespace causeway::sim {

class Internet;
struct Host;

class Connection {
 public:
  enum class Which : std::uint8_t { dialer, acceptor };
  enum class Closing : std::uint8_t { orderly, abrupt };

  struct Place {
    base::Address address;
    Link* out = nullptr;         // towards the other
    const Host* host = nullptr;  // none where there is no such address
  };

  Connection(Internet& internet, std::uint64_t id, Place dialer, Place acceptor);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() = default;

  // Sends the first packet. Ends with the dialer's stream writable, or its error.
  void begin();
  // The dialer's network says at once that there is no way.
  void begin_unreachable();

  // `stream` is the handle of that end until close().
  void attach(Which which, net::Stream& stream, runtime::Loop& loop);
  // May destroy the connection.
  void close(Which which, Closing how);

  // As net::Stream. The caller keeps the flags.
  [[nodiscard]] Result<std::size_t> read(Which which, MutableBytes into);
  [[nodiscard]] Result<std::size_t> write(Which which, Bytes from);
  [[nodiscard]] Result<void> shutdown_write(Which which);
  // Why the dial failed; once.
  [[nodiscard]] std::optional<Errc> take_error(Which which);
  // Whether an end or an error has arrived: then a short read does not mean that all is read.
  [[nodiscard]] bool end_is_known(Which which) const;

  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
  [[nodiscard]] const base::Address& address(Which which) const { return end(which).place.address; }
  [[nodiscard]] const base::Address& peer_address(Which which) const {
    return end(other(which)).place.address;
  }

  // Whether `host` is the one that was dialed.
  [[nodiscard]] bool leads_to(const Host& host) const {
    return end(Which::acceptor).place.host == &host;
  }

  // Whether every byte written is read, waiting, under way, or dropped by a reset or a close.
  [[nodiscard]] bool is_accounted() const;
  [[nodiscard]] std::uint64_t dropped_bytes() const;

 private:
  struct Segment {
    enum class Kind : std::uint8_t { syn, syn_ack, refusal, unreachable, data, fin, reset, ack };
    Kind kind;
    std::vector<std::byte> bytes;  // data
    std::size_t acknowledged = 0;  // ack
  };
  struct End {
    enum class State : std::uint8_t { absent, connecting, open, closed };
    Place place;
    State state = State::absent;
    net::Stream* stream = nullptr;  // none while it waits to be accepted, and after close()
    runtime::Loop* loop = nullptr;
    std::deque<std::byte> received;
    std::optional<Errc> error;  // not yet told
    bool fin_sent = false;
    bool fin_arrived = false;
    bool is_broken = false;      // sent or got a reset: nothing more goes either way
    bool wants_room = false;     // a write was short or blocked
    std::deque<Segment> flight;  // sent from here, in order
    Instant last_arrival = Instant::min();
    std::size_t unacknowledged_bytes = 0;
    // What became of the bytes written here.
    std::uint64_t written_bytes = 0;
    std::uint64_t read_bytes = 0;
    std::uint64_t dropped_bytes = 0;
  };

  static Which other(Which which) noexcept {
    return which == Which::dialer ? Which::acceptor : Which::dialer;
  }
  [[nodiscard]] End& end(Which which) noexcept { return ends_[static_cast<std::size_t>(which)]; }
  [[nodiscard]] const End& end(Which which) const noexcept {
    return ends_[static_cast<std::size_t>(which)];
  }

  void transmit(Which from, Segment segment);
  void transmit_data(Which from, Bytes bytes);
  void plan(Instant at, Timeline::Action action);
  void end_step();  // may destroy the connection

  void deliver(Which from);
  void on_syn();
  void on_syn_ack();
  void on_dial_failed(Errc why);
  void on_data(Which to, const std::vector<std::byte>& bytes);
  void on_fin(Which to);
  void on_reset(Which to);
  void on_acknowledged(Which to, std::size_t bytes);
  void break_off(Which from);
  void raise_readable(End& end);
  void raise_writable(End& end);

  Internet& internet_;
  std::uint64_t id_;
  std::array<End, 2> ends_;
  std::size_t planned_ = 0;  // steps of this connection that are on the timeline
  unsigned syn_tries_ = 0;
};

}  // namespace causeway::sim
