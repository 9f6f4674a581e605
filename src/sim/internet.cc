// SPDX-License-Identifier: Apache-2.0
#include "sim/internet.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/assert.h"
#include "base/time.h"
#include "runtime/loop.h"
#include "sim/fake_clock.h"
#include "sim/host.h"
#include "sim/link.h"
#include "sim/sim_datagram_socket.h"
#include "sim/sim_listener.h"
#include "sim/sim_stream.h"
#include "sim/timeline.h"

namespace causeway::sim {
namespace {

// Within one host: fast, but never at once.
constexpr Duration kLoopbackDelay = std::chrono::microseconds(10);

// What the trace calls the arrival of a datagram and of a refusal; connections have their own
// words.
constexpr std::uint64_t kDatagramStep = 100;
constexpr std::uint64_t kRefusalStep = 101;

}  // namespace

Internet::Internet(FakeClock& clock, Timeline& timeline, std::uint64_t seed)
    : clock_(clock), timeline_(timeline), random_(seed) {}

Internet::~Internet() = default;

Host& Internet::host(const base::IpAddress& ip) {
  CW_ASSERT(!ip.is_loopback() && !ip.is_unspecified());
  for (const auto& host : hosts_) {
    if (host->has(ip)) return *host;
  }
  return *hosts_.emplace_back(std::make_unique<Host>(ip));
}

void Internet::add_address(Host& host, const base::IpAddress& ip) {
  for (const auto& other : hosts_) CW_ASSERT(!other->has(ip));
  host.addresses.push_back(ip);
}

Link& Internet::link(const base::IpAddress& from, const base::IpAddress& to) {
  auto& link = links_[{from, to}];
  if (link == nullptr) {
    LinkOptions options = default_link_;
    if (from == to) options.delay = kLoopbackDelay;
    link = std::make_unique<Link>(timeline_, options);
  }
  return *link;
}

void Internet::set_links(const base::IpAddress& a, const base::IpAddress& b,
                         const LinkOptions& options) {
  link(a, b).set_options(options);
  link(b, a).set_options(options);
}

void Internet::partition(const base::IpAddress& a, const base::IpAddress& b) {
  link(a, b).cut();
  link(b, a).cut();
}

void Internet::heal(const base::IpAddress& a, const base::IpAddress& b) {
  link(a, b).heal(now());
  link(b, a).heal(now());
}

std::size_t Internet::open_descriptors() const {
  std::size_t count = 0;
  for (const auto& host : hosts_) count += host->open_descriptors;
  return count;
}

std::string Internet::find_fault() const {
  for (const auto& [id, connection] : connections_) {
    if (connection->is_accounted()) continue;
    return "bytes of a connection are not accounted for: " +
           connection->address(Connection::Which::dialer).to_text() + " to " +
           connection->address(Connection::Which::acceptor).to_text();
  }
  if (!datagrams_.are_accounted()) return "datagrams are not accounted for";
  return {};
}

Host* Internet::find_host(const base::IpAddress& ip, Host& from) {
  if (from.has(ip)) return &from;
  const auto found = std::ranges::find_if(hosts_, [&](const auto& host) { return host->has(ip); });
  return found == hosts_.end() ? nullptr : found->get();
}

std::unique_ptr<SimStream> Internet::dial(runtime::Loop& loop, Host& from,
                                          const base::Address& to) {
  const auto* socket = to.socket();
  Host* const target = socket == nullptr ? &from : find_host(socket->ip, from);
  base::Address local = base::UnixAddress{};
  if (socket != nullptr) {
    local = base::SocketAddress{.ip = socket->ip.is_loopback() ? socket->ip : from.first_address(),
                                .port = from.take_port()};
  }
  const base::IpAddress& near = from.first_address();
  const base::IpAddress& far = target == nullptr ? socket->ip : target->first_address();
  const std::uint64_t id = take_id();
  auto made = std::make_unique<Connection>(
      *this, id, Connection::Place{.address = local, .out = &link(near, far), .host = &from},
      Connection::Place{.address = to, .out = &link(far, near), .host = target});
  Connection& connection = *made;
  connections_.emplace(id, std::move(made));
  auto stream = std::make_unique<SimStream>(connection, Connection::Which::dialer, from, loop);
  if (target == nullptr) {
    connection.begin_unreachable();
  } else {
    connection.begin();
  }
  return stream;
}

Internet::Offered Internet::offer(Connection& connection) {
  const base::Address& to = connection.address(Connection::Which::acceptor);
  if (silenced_.contains(to)) return Offered::ignored;
  // A listener on this very address goes before one on all addresses; several share what comes.
  std::vector<SimListener*> takers;
  bool exact = false;
  for (SimListener* listener : listeners_) {
    const bool is_here = to.unix_socket() != nullptr || connection.leads_to(listener->host());
    if (!is_here || !listener->takes(to)) continue;
    const bool is_exact = listener->local() == to;
    if (is_exact && !exact) takers.clear();
    exact = exact || is_exact;
    if (is_exact == exact) takers.push_back(listener);
  }
  if (takers.empty()) return Offered::refused;
  SimListener& taker = *takers[random_.below(static_cast<std::uint32_t>(takers.size()))];
  if (taker.is_full()) return to.unix_socket() != nullptr ? Offered::refused : Offered::ignored;
  taker.queue(connection);
  ++connections_total_;
  return Offered::taken;
}

void Internet::on_connection_over(Connection& connection) {
  CW_ASSERT(connection.is_accounted());
  dropped_bytes_total_ += connection.dropped_bytes();
  connections_.erase(connection.id());
}

bool Internet::has_listener(const Host& host, const base::Address& address) const {
  return std::ranges::any_of(listeners_, [&](const SimListener* listener) {
    const bool same_place = &listener->host() == &host || address.unix_socket() != nullptr;
    return same_place && listener->local() == address;
  });
}

Link& Internet::link_between(Host& from, const base::IpAddress& to) {
  const Host* const target = find_host(to, from);
  return link(from.first_address(), target == nullptr ? to : target->first_address());
}

void Internet::send(Host& from, Datagram datagram) {
  Link& way = link_between(from, datagram.to.ip);
  ++datagrams_.sent;
  Host* const target = find_host(datagram.to.ip, from);
  if (target == nullptr) {
    ++datagrams_.nobody;
    return;
  }
  if (random_.below(1000) < way.options().doubled_per_mille) {
    ++datagrams_.doubled;
    carry(way, *target, datagram);
  }
  carry(way, *target, std::move(datagram));
}

void Internet::carry(Link& link, Host& to_host, Datagram datagram) {
  const Instant arrives = link.arrival(now(), datagram.payload.size(), random_);
  if (random_.below(1000) < link.options().lost_per_mille) {
    ++datagrams_.lost;
    return;
  }
  ++datagrams_.under_way;
  timeline_.at(arrives, [this, &link, &to_host, datagram = std::move(datagram)]() mutable {
    --datagrams_.under_way;
    if (link.is_cut()) {
      ++datagrams_.cut;
      return;
    }
    arrive(to_host, std::move(datagram));
  });
}

void Internet::arrive(Host& host, Datagram datagram) {
  trace_.note(now(), kDatagramStep, datagram.to.port, datagram.payload.size());
  SimDatagramSocket* const socket = find_socket(host, datagram.from, datagram.to);
  if (socket == nullptr) {
    ++datagrams_.nobody;
    send_refusal(host, datagram.from, datagram.to);
    return;
  }
  socket->arrive(std::move(datagram));
}

SimDatagramSocket* Internet::find_socket(const Host& host, const base::SocketAddress& from,
                                         const base::SocketAddress& to) {
  // The best match; among equals (SO_REUSEPORT) a flow always goes to the same.
  std::vector<SimDatagramSocket*> takers;
  auto best = SimDatagramSocket::Match::none;
  const auto [first, last] = host.sockets.equal_range(to.port);
  for (SimDatagramSocket* const socket : std::ranges::subrange(first, last) | std::views::values) {
    const auto match = socket->match(from, to);
    if (match == SimDatagramSocket::Match::none || match < best) continue;
    if (match > best) takers.clear();
    best = match;
    takers.push_back(socket);
  }
  if (takers.empty()) return nullptr;
  return takers[base::hash_of(from, 0) % takers.size()];
}

void Internet::send_refusal(Host& host, const base::SocketAddress& source,
                            const base::SocketAddress& asked) {
  Host* const target = find_host(source.ip, host);
  if (target == nullptr) return;
  ++datagrams_.refusals;
  // Refusals are small and rare: they take their time but are lost only where the link is cut.
  Link& way = link_between(host, source.ip);
  timeline_.at(now() + way.options().delay, [this, &way, target, source, asked] {
    if (way.is_cut()) return;
    trace_.note(now(), kRefusalStep, source.port, asked.port);
    SimDatagramSocket* const socket = find_socket(*target, asked, source);
    if (socket != nullptr) socket->arrive_refusal();
  });
}

}  // namespace causeway::sim
