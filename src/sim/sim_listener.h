// SPDX-License-Identifier: Apache-2.0
// A net::Listener of the simulated network, with a backlog of its own bound.
#pragma once

#include <cstddef>
#include <deque>

#include "net/listener.h"
#include "runtime/loop.h"
#include "sim/connection.h"
#include "sim/host.h"

namespace causeway::sim {

class Internet;

class SimListener final : public net::Listener {
 public:
  SimListener(Internet& internet, runtime::Loop& loop, Host& host, base::Address address,
              std::size_t backlog_max);
  ~SimListener() override;

  [[nodiscard]] Result<net::StreamPtr> accept_now() override;
  [[nodiscard]] base::Address local() const override { return address_; }

  [[nodiscard]] const Host& host() const noexcept { return host_; }
  // Whether a dial to `address`, which is on this listener's host, is meant for it.
  [[nodiscard]] bool takes(const base::Address& address) const;
  [[nodiscard]] bool is_full() const noexcept { return backlog_.size() >= backlog_max_; }
  void queue(Connection& connection);

 private:
  Internet& internet_;
  runtime::Loop& loop_;
  Host& host_;
  base::Address address_;
  std::size_t backlog_max_;
  std::deque<Connection*> backlog_;
};

}  // namespace causeway::sim
