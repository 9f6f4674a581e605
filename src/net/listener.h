// SPDX-License-Identifier: Apache-2.0
// Where streams come in. One per worker and address; destroying it stops listening.
#pragma once

#include <memory>

#include "base/address.h"
#include "base/result.h"
#include "net/readiness.h"
#include "net/stream.h"

namespace causeway::net {

class Listener {
 public:
  Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  virtual ~Listener() = default;

  // Errors: would_block; closed for a connection that went before it was accepted (try again);
  // descriptor_limit and memory_limit leave the connection waiting (pause, then try again).
  [[nodiscard]] virtual Result<StreamPtr> accept_now() = 0;

  // With the port that the system chose when the configured one was 0.
  [[nodiscard]] virtual base::Address local() const = 0;

  [[nodiscard]] Ready& acceptable_state() noexcept { return acceptable_; }
  [[nodiscard]] WaitAny acceptable() noexcept { return wait_any({&acceptable_}); }

 private:
  Ready acceptable_;
};

using ListenerPtr = std::unique_ptr<Listener>;

}  // namespace causeway::net
