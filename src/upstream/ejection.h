// SPDX-License-Identifier: Apache-2.0
// The rules of passive ejection: whether an endpoint that cannot be connected to may be left out,
// and for how long. Pure; the directory applies them on the control loop.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"
#include "model/pool.h"

namespace causeway::upstream {

// How a pool stands before the ejection that is considered.
struct PoolStanding {
  std::size_t members = 0;
  std::size_t healthy = 0;  // the one in question is one of them
  std::size_t ejected = 0;
};

// Never the last that can be used, and not more than the pool's share; but one, if another remains.
[[nodiscard]] bool may_eject(const model::Ejection& rule, const PoolStanding& standing) noexcept;

// The ejections of one endpoint. Each in a row is twice as long as the one before. It is in a row
// when it comes within the length of the last one after its end: an endpoint that held out longer
// than that begins anew.
class EjectionHistory {
 public:
  // An ejection begins; returns how long it is.
  [[nodiscard]] Duration begin(const model::Ejection& rule, Instant now) noexcept;

 private:
  Duration last_length_{};
  Instant last_end_ = Instant::min();
};

}  // namespace causeway::upstream
