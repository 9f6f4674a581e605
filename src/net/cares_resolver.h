// SPDX-License-Identifier: Apache-2.0
// The machine's resolver: DNS by c-ares, after /etc/hosts, on one loop and without threads. Owned
// by app, used on the control loop, which outlives it. Each question has a c-ares channel of its
// own, made from the configuration and the files of that moment: cancelling one is destroying its
// channel, no question sees another's sockets, and a changed resolv.conf counts from the next
// question on. Questions are rare (a name's TTL apart), so that costs nothing that matters. It
// caches nothing.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "base/time.h"
#include "net/resolver.h"
#include "runtime/epoll_poller.h"
#include "runtime/loop.h"
#include "runtime/task.h"

namespace causeway::net {

class CaresResolver final : public Resolver {
 public:
  struct Options {
    std::vector<base::SocketAddress> servers;    // empty: as resolv.conf says
    Duration timeout = std::chrono::seconds(2);  // of one query; the second one has twice that
  };

  CaresResolver(runtime::Loop& loop, runtime::EpollPoller& poller, Options options)
      : loop_(loop), poller_(poller), options_(std::move(options)) {}

  // Asks for both families at once; one of them is enough. Each server is asked twice.
  [[nodiscard]] Task<Result<Resolved>> resolve(std::string host) override;

 private:
  runtime::Loop& loop_;
  runtime::EpollPoller& poller_;
  Options options_;
};

}  // namespace causeway::net
