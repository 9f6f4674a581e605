// SPDX-License-Identifier: Apache-2.0
// A Listener that is a listening socket, TCP or unix. What it accepts inherits the options of the
// listening socket (Linux does so for no-delay, keepalive and buffer sizes), which saves five
// system calls for each connection.
#pragma once

#include "net/listener.h"
#include "os/fd.h"
#include "runtime/epoll_poller.h"
#include "runtime/loop.h"

namespace causeway::net {

class SocketListener final : public Listener, private runtime::EventSink {
 public:
  SocketListener(runtime::Loop& loop, runtime::EpollPoller& poller, os::Fd fd, base::Address bound,
                 bool quick_ack) noexcept;
  ~SocketListener() override;

  [[nodiscard]] Result<void> watch();

  [[nodiscard]] Result<StreamPtr> accept_now() override;
  [[nodiscard]] base::Address local() const override;

 private:
  void on_events(os::Events events) noexcept override;

  runtime::Loop& loop_;
  runtime::EpollPoller& poller_;
  os::Fd fd_;
  base::Address bound_;
  bool quick_ack_;
};

}  // namespace causeway::net
