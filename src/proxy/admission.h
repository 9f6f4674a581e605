// SPDX-License-Identifier: Apache-2.0
// Who may come in: the bounds on connections (and UDP sessions) of the process, of a listener and
// of a source address, and the rate at which new ones are taken. One Admission for the process,
// shared by all workers: the totals are atomics touched once per connection, the table of sources
// is split into shards with a lock each, held for a few instructions and only when a bound on
// sources is set. It counts and answers; closing the connection and counting the refusal is the
// listener's part. It outlives every Ticket it gave.
#pragma once

#include <cstdint>
#include <memory>

#include "base/address.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "model/snapshot.h"

namespace causeway::proxy {

class Admission;

// The right to be here, given back when it is destroyed. Any worker.
class Ticket {
 public:
  Ticket(Ticket&& other) noexcept;
  Ticket& operator=(Ticket&&) = delete;
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  ~Ticket();

 private:
  friend class Admission;
  Ticket(Admission& admission, base::ListenerId listener, const base::IpAddress& source) noexcept;
  Admission* admission_;
  base::ListenerId listener_;
  base::IpAddress source_;
};

class Admission {
 public:
  // `descriptors_max` is the limit in force: what it leaves beside the reserve, at two for each
  // connection, is the total bound, unless the snapshot sets a lower one. `hash_key` keeps
  // strangers from choosing their shard.
  Admission(const model::Snapshot& snapshot, std::uint64_t descriptors_max, std::uint64_t hash_key);
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;
  ~Admission();

  // Errors: total_limit, listener_limit, source_limit, accept_rate, looked at in this order. For a
  // unix socket `source` is the unspecified address and no bound on sources applies. A datagram
  // listener without a bound has one of 65536 sessions. Rates allow a burst of one second's worth.
  // Any thread.
  [[nodiscard]] Result<Ticket> enter(base::ListenerId listener, const base::IpAddress& source,
                                     Instant now);

  [[nodiscard]] std::uint64_t connections() const noexcept;
  [[nodiscard]] std::uint64_t connections_max() const noexcept;

 private:
  friend class Ticket;
  void leave(base::ListenerId listener, const base::IpAddress& source) noexcept;

  struct Counters;
  struct Sources;
  std::unique_ptr<Counters> counters_;
  std::unique_ptr<Sources> sources_;
};

}  // namespace causeway::proxy
