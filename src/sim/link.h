// SPDX-License-Identifier: Apache-2.0
// One way between two hosts: how long things take, how much fits, what is lost. Owned by the
// Internet, one for each ordered pair of hosts that has talked or was set up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "sim/timeline.h"

namespace causeway::sim {

struct LinkOptions {
  Duration delay = std::chrono::milliseconds(1);
  Duration jitter{};  // added at random, up to this; reorders datagrams, not streams
  std::uint64_t bytes_per_second = 0;  // 0: as fast as one likes
  // Of one stream and way: written and not yet read, or not yet known to be read.
  std::size_t window_bytes = 256UL * 1024;
  std::size_t segment_bytes = 16UL * 1024;  // what a stream sends at once, at most
  std::size_t datagram_bytes_max = 65507;
  // Of a thousand datagrams.
  std::uint32_t lost_per_mille = 0;
  std::uint32_t doubled_per_mille = 0;
  // Writes are taken, and segments cut, at places of chance, so that in time every split happens.
  bool chop = true;
};

class Link {
 public:
  Link(Timeline& timeline, const LinkOptions& options) : timeline_(timeline), options_(options) {}
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  [[nodiscard]] const LinkOptions& options() const noexcept { return options_; }
  // For what is sent from now on.
  void set_options(const LinkOptions& options) { options_ = options; }

  // When `bytes` that leave at `now` arrive. They occupy the link meanwhile.
  [[nodiscard]] Instant arrival(Instant now, std::size_t bytes, base::Random& random);

  // When the last of what was given to it has left, and how much has not.
  [[nodiscard]] Instant free_at() const noexcept { return free_at_; }
  [[nodiscard]] std::size_t queued_bytes(Instant now) const noexcept;

  // Runs `action` at `at`; while the link is cut, when it is healed.
  void carry(Instant at, Timeline::Action action);

  void cut() noexcept { is_cut_ = true; }
  void heal(Instant now);
  [[nodiscard]] bool is_cut() const noexcept { return is_cut_; }

 private:
  void arrive(Timeline::Action action);

  Timeline& timeline_;
  LinkOptions options_;
  Instant free_at_ = Instant::min();  // when the last byte given to it has left
  bool is_cut_ = false;
  std::vector<Timeline::Action> held_;  // what arrived at the cut, in order
};

}  // namespace causeway::sim
