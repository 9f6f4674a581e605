// SPDX-License-Identifier: Apache-2.0
// How an endpoint is reached. Balancing, health, retries and limits see only this: a socket today,
// a device whose agent called in, or an address behind another site, are other dialers.
#pragma once

#include "base/address.h"
#include "base/result.h"
#include "net/datagram.h"
#include "net/network.h"
#include "net/stream.h"
#include "runtime/task.h"

namespace causeway::net {

class Dialer {
 public:
  Dialer() = default;
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;
  virtual ~Dialer() = default;

  // Errors carry Side::upstream when the endpoint is to blame and another may be tried, Side::local
  // when it is us.
  [[nodiscard]] virtual Task<Result<StreamPtr>> dial(base::Address endpoint,
                                                     ConnectOptions options) = 0;
  [[nodiscard]] virtual Result<DatagramPtr> dial_datagram(const base::Address& endpoint,
                                                          const DatagramOptions& options) = 0;
};

// Reaches an endpoint by its own address.
class DirectDialer final : public Dialer {
 public:
  explicit DirectDialer(Network& network) noexcept : network_(network) {}
  [[nodiscard]] Task<Result<StreamPtr>> dial(base::Address endpoint,
                                             ConnectOptions options) override {
    return network_.connect(std::move(endpoint), options);
  }
  [[nodiscard]] Result<DatagramPtr> dial_datagram(const base::Address& endpoint,
                                                  const DatagramOptions& options) override;

 private:
  Network& network_;
};

}  // namespace causeway::net
