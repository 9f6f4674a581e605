// SPDX-License-Identifier: Apache-2.0
// One downstream source talking to one endpoint over UDP, from its first datagram until both are
// silent for long enough or the endpoint refuses. Owned by the task that serves it
// (udp_listener.cc), found by the listener through the session table, on the listener's loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/address.h"
#include "base/error.h"
#include "base/time.h"
#include "net/datagram.h"
#include "net/readiness.h"
#include "proxy/admission.h"
#include "proxy/udp_session_table.h"
#include "runtime/loop.h"
#include "runtime/timer_wheel.h"
#include "upstream/pool.h"

namespace causeway::proxy {

// How a session reaches its endpoint.
struct UdpUpstream {
  upstream::Lease lease;
  net::DatagramPtr socket;
  bool wants_header = false;  // a PROXY header in front of each datagram
};

class UdpSession final : public UdpSessionNode, private runtime::Timer {
 public:
  // An `idle_max` of zero never expires.
  UdpSession(runtime::Loop& loop, const UdpSessionKey& key, Ticket ticket, UdpUpstream upstream,
             Duration idle_max) noexcept
      : UdpSessionNode(key),
        loop_(loop),
        ticket_(std::move(ticket)),
        upstream_(std::move(upstream)),
        idle_max_(idle_max),
        began_(loop.now()),
        last_(loop.now()) {
    if (idle_max_ > Duration::zero()) loop_.arm(*this, last_ + idle_max_);
  }

  // A datagram went either way. Costs a store: the timer is moved only when it fires.
  void touch() noexcept { last_ = loop_.now(); }

  // Wakes the task that serves it. The first reason stays.
  void end(Errc reason) noexcept {
    if (ended_because_) return;
    ended_because_ = reason;
    ended_.raise(loop_);
  }
  [[nodiscard]] bool has_ended() const noexcept { return ended_because_.has_value(); }
  [[nodiscard]] Errc ended_because() const noexcept {
    return ended_because_.value_or(Errc::cancelled);
  }

  // Until the endpoint sent something, or the session ended.
  [[nodiscard]] net::WaitAny wait() noexcept {
    return net::wait_any({&upstream_.socket->readable_state(), &ended_});
  }

  // The first answer proves that the endpoint is there: sending a datagram proves nothing.
  void on_answered() noexcept {
    if (std::exchange(has_answered_, true)) return;
    upstream_.lease.on_connected();
  }

  void add_bytes(std::uint64_t received, std::uint64_t sent) noexcept {
    received_bytes_ += received;
    sent_bytes_ += sent;
  }
  // As seen from downstream.
  [[nodiscard]] std::uint64_t received_bytes() const noexcept { return received_bytes_; }
  [[nodiscard]] std::uint64_t sent_bytes() const noexcept { return sent_bytes_; }

  [[nodiscard]] upstream::Lease& lease() noexcept { return upstream_.lease; }
  [[nodiscard]] net::DatagramSocket& socket() noexcept { return *upstream_.socket; }
  [[nodiscard]] bool wants_header() const noexcept { return upstream_.wants_header; }
  [[nodiscard]] Duration age() const noexcept { return loop_.now() - began_; }

 private:
  void on_expired() noexcept override {
    if (loop_.now() - last_ < idle_max_) {
      loop_.arm(*this, last_ + idle_max_);
      return;
    }
    end(Errc::idle_timeout);
  }

  runtime::Loop& loop_;
  const Ticket ticket_;
  UdpUpstream upstream_;
  const Duration idle_max_;
  const Instant began_;
  Instant last_;
  std::uint64_t received_bytes_ = 0;
  std::uint64_t sent_bytes_ = 0;
  net::Ready ended_;
  std::optional<Errc> ended_because_;
  bool has_answered_ = false;
};

}  // namespace causeway::proxy
