// SPDX-License-Identifier: Apache-2.0
// Everything between the simulated hosts: their addresses, the links between them, who listens
// where, which connections stand and which datagrams are under way. One per World, driven by its
// timeline and by one stream of random numbers, so that a seed repeats it to the last byte.
//
// A dial to an address of no host is `unreachable`, to a host where nobody listens `refused`, to a
// silenced address or over a cut link it never answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/random.h"
#include "base/time.h"
#include "runtime/loop.h"
#include "sim/connection.h"
#include "sim/datagram_counts.h"
#include "sim/fake_clock.h"
#include "sim/host.h"
#include "sim/link.h"
#include "sim/sim_stream.h"
#include "sim/timeline.h"
#include "sim/trace.h"

namespace causeway::sim {

class SimDatagramSocket;
class SimListener;
struct Datagram;

class Internet {
 public:
  Internet(FakeClock& clock, Timeline& timeline, std::uint64_t seed);
  Internet(const Internet&) = delete;
  Internet& operator=(const Internet&) = delete;
  ~Internet();

  // --- What a test sets up.

  // The host with this address; made when there is none.
  Host& host(const base::IpAddress& ip);
  // A further address of `host`, which no other has.
  void add_address(Host& host, const base::IpAddress& ip);
  // The way from one host to another; made with the default options when there is none.
  Link& link(const base::IpAddress& from, const base::IpAddress& to);
  // Both ways, for what is sent from now on.
  void set_links(const base::IpAddress& a, const base::IpAddress& b, const LinkOptions& options);
  // For links that do not exist yet: call it first.
  void set_default_link(const LinkOptions& options) { default_link_ = options; }

  // Packets stop both ways: streams stand still until heal(), datagrams are dropped.
  void partition(const base::IpAddress& a, const base::IpAddress& b);
  void heal(const base::IpAddress& a, const base::IpAddress& b);

  // Dials to `address` are never answered, although somebody may listen there.
  void silence(const base::Address& address) { silenced_.insert(address); }
  void unsilence(const base::Address& address) { silenced_.erase(address); }

  // --- What a test may ask.

  [[nodiscard]] std::size_t open_descriptors() const;
  [[nodiscard]] std::size_t connections() const noexcept { return connections_.size(); }
  // Connections that stood, ever.
  [[nodiscard]] std::uint64_t connections_total() const noexcept { return connections_total_; }
  // Of connections that are over: bytes that were written and that nobody read, since one side
  // reset the connection or left before it had read them.
  [[nodiscard]] std::uint64_t dropped_bytes_total() const noexcept { return dropped_bytes_total_; }
  [[nodiscard]] const DatagramCounts& datagrams() const noexcept { return datagrams_; }
  // What is not as it must be at every moment; empty when all is well.
  [[nodiscard]] std::string find_fault() const;

  // --- For the parts of the network.

  [[nodiscard]] Instant now() const { return clock_.now(); }
  [[nodiscard]] Timeline& timeline() noexcept { return timeline_; }
  [[nodiscard]] base::Random& random() noexcept { return random_; }
  [[nodiscard]] Trace& trace() noexcept { return trace_; }

  // Names something for the trace and for steps on the timeline that may outlive it.
  [[nodiscard]] std::uint64_t take_id() noexcept { return ids_total_++; }

  // The dialer's end of a new connection; it becomes writable or has an error.
  [[nodiscard]] std::unique_ptr<SimStream> dial(runtime::Loop& loop, Host& from,
                                                const base::Address& to);

  enum class Offered : std::uint8_t { taken, refused, ignored };
  // A first packet has arrived where `connection` leads.
  [[nodiscard]] Offered offer(Connection& connection);
  // Destroys it.
  void on_connection_over(Connection& connection);

  void add(SimListener& listener) { listeners_.push_back(&listener); }
  void remove(SimListener& listener) { std::erase(listeners_, &listener); }
  [[nodiscard]] bool has_listener(const Host& host, const base::Address& address) const;

  // The link that datagrams between these two take.
  Link& link_between(Host& from, const base::IpAddress& to);
  void send(Host& from, Datagram datagram);
  // Tells the sender of datagrams from `source` that nobody is at `asked`, which is an address of
  // `host`.
  void send_refusal(Host& host, const base::SocketAddress& source,
                    const base::SocketAddress& asked);
  [[nodiscard]] DatagramCounts& datagrams() noexcept { return datagrams_; }

 private:
  // nullptr when no host has it. The loopback is that of `from`.
  [[nodiscard]] Host* find_host(const base::IpAddress& ip, Host& from);
  [[nodiscard]] static SimDatagramSocket* find_socket(const Host& host,
                                                      const base::SocketAddress& from,
                                                      const base::SocketAddress& to);
  void carry(Link& link, Host& to_host, Datagram datagram);
  void arrive(Host& host, Datagram datagram);

  FakeClock& clock_;
  Timeline& timeline_;
  base::Random random_;
  Trace trace_;
  LinkOptions default_link_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::map<std::pair<base::IpAddress, base::IpAddress>, std::unique_ptr<Link>> links_;
  std::set<base::Address> silenced_;
  std::vector<SimListener*> listeners_;
  std::map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::uint64_t ids_total_ = 0;
  std::uint64_t connections_total_ = 0;
  std::uint64_t dropped_bytes_total_ = 0;
  DatagramCounts datagrams_;
};

}  // namespace causeway::sim
