// SPDX-License-Identifier: Apache-2.0
// One UDP listener on one worker. Datagrams of one source, sent to one address of ours, are a
// session: it has an endpoint, a connected socket towards it, and a task that carries the answers
// back from the address that was asked. Owned by the worker's part of the gateway, used on that
// worker's loop only.
//
// It queues nothing: what the kernel does not take is dropped and counted by its reason. A refusal
// by the endpoint ends the session, so that the next datagram picks an endpoint again, and is
// carried back to the downstream where the process may send ICMP.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>

#include "base/address.h"
#include "base/ids.h"
#include "base/result.h"
#include "model/snapshot.h"
#include "net/datagram.h"
#include "observe/log_limit.h"
#include "observe/udp_metrics.h"
#include "proxy/route_table.h"
#include "proxy/token_bucket.h"
#include "proxy/udp_send.h"
#include "proxy/udp_session.h"
#include "proxy/udp_session_table.h"
#include "proxy/worker.h"
#include "runtime/scope.h"
#include "runtime/task.h"

namespace causeway::proxy {

class UdpListener {
 public:
  // ICMP messages to downstreams, of this listener and worker.
  static constexpr std::uint32_t kUnreachablePerSecond = 100;

  // Binds to `address`, which is the listener's own unless another worker was given a port already.
  // Errors: those of Network::bind_datagram; unsupported when it is no IP address.
  [[nodiscard]] static Result<std::unique_ptr<UdpListener>> open(Worker& worker,
                                                                 model::SnapshotPtr snapshot,
                                                                 base::ListenerId id,
                                                                 const base::Address& address);

  UdpListener(Worker& worker, model::SnapshotPtr snapshot, base::ListenerId id,
              net::DatagramPtr socket);
  UdpListener(const UdpListener&) = delete;
  UdpListener& operator=(const UdpListener&) = delete;
  ~UdpListener() = default;

  void start();
  // Opens no new sessions. Those that are open go on, and so does the socket: their datagrams come
  // through it.
  void stop_accepting() noexcept { is_accepting_ = false; }
  // Ends what is still open, and waits for it. Once.
  [[nodiscard]] Task<void> close_all();

  [[nodiscard]] std::size_t sessions() const noexcept { return serving_.running(); }
  [[nodiscard]] base::Address local() const { return local_; }
  [[nodiscard]] const model::Listener& model() const noexcept { return model_; }
  // Written on this worker's loop, read from any thread.
  [[nodiscard]] const observe::UdpMetrics& metrics() const noexcept { return metrics_; }

 private:
  [[nodiscard]] Task<void> receive_loop();
  [[nodiscard]] Task<void> serve(std::unique_ptr<UdpSession> session);

  // Each moves what waits, within a bound. Whether more may wait.
  [[nodiscard]] bool forward_some();
  [[nodiscard]] bool answer_some(UdpSession& session);

  void forward(std::span<const net::Packet> packets);
  void forward_of(UdpSession& session, std::span<const net::Packet> packets);
  [[nodiscard]] UdpSent send_upstream(UdpSession& session, std::span<const net::Packet> packets);

  // The session that `packet` belongs to, opened if there is none. nullptr when it is refused: then
  // the packet is counted as dropped.
  [[nodiscard]] UdpSession* session_of(const net::Packet& packet);
  [[nodiscard]] Result<UdpSession*> open_session(const UdpSessionKey& key);
  [[nodiscard]] Result<UdpUpstream> reach(upstream::Pool& pool, const base::IpAddress& source);
  void refuse(const net::Packet& packet, const Error& why);
  void on_endpoint_lost(UdpSession& session, Error error);
  void send_unreachable(const UdpSessionKey& key);
  void conclude(UdpSession& session);

  Worker& worker_;
  const model::SnapshotPtr snapshot_;
  const base::ListenerId id_;
  const model::Listener& model_;
  const RouteTable routes_;
  const net::DatagramPtr socket_;
  const base::Address local_;
  const std::unique_ptr<net::UnreachableSender> unreachable_;  // nullptr: not permitted
  observe::UdpMetrics metrics_;
  TokenBucket unreachable_rate_{kUnreachablePerSecond};
  observe::LogLimit shortage_limit_;
  UdpSessionTable sessions_;
  // For one call of forward_some() or answer_some().
  std::array<net::Packet, net::DatagramSocket::kBatchMax> received_;
  bool is_accepting_ = true;
  runtime::Scope receiving_;
  runtime::Scope serving_;
};

}  // namespace causeway::proxy
