// SPDX-License-Identifier: Apache-2.0
#include "net/cares_resolver.h"

#include <ares.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/error.h"
#include "base/result.h"
#include "net/resolver.h"
#include "os/epoll.h"
#include "os/fd.h"
#include "runtime/epoll_poller.h"
#include "runtime/event.h"
#include "runtime/loop.h"
#include "runtime/task.h"
#include "runtime/timer_wheel.h"

namespace causeway::net {
namespace {

constexpr int kTries = 2;  // of each server

// c-ares reads a UDP socket until nothing is left, but a TCP stream once for each call: two bytes
// of length, then the message. The two answers of one question take four such reads; what comes
// after that brings an edge of its own.
constexpr int kPassesPerEvent = 8;

struct AddrInfoDeleter {
  void operator()(ares_addrinfo* info) const noexcept { ares_freeaddrinfo(info); }
};
using AddrInfoPtr = std::unique_ptr<ares_addrinfo, AddrInfoDeleter>;

std::optional<base::IpAddress> address_of(const ares_addrinfo_node& node) noexcept {
  if (node.ai_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, node.ai_addr, sizeof v4);
    std::array<std::uint8_t, 4> octets{};
    std::memcpy(octets.data(), &v4.sin_addr, octets.size());
    return base::IpAddress::from_v4(octets);
  }
  if (node.ai_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, node.ai_addr, sizeof v6);
    std::array<std::uint8_t, 16> octets{};
    std::memcpy(octets.data(), &v6.sin6_addr, octets.size());
    return base::IpAddress::from_v6(octets);
  }
  return std::nullopt;
}

// The answer holds as long as the shortest of its records, those of the aliases on the way
// included.
Result<Resolved> read_answer(const ares_addrinfo& info) {
  Resolved resolved;
  std::optional<int> ttl_seconds;
  const auto shorten = [&](int seconds) {
    ttl_seconds = std::min(ttl_seconds.value_or(seconds), seconds);
  };
  for (const ares_addrinfo_cname* alias = info.cnames; alias != nullptr; alias = alias->next)
    shorten(alias->ttl);
  for (const ares_addrinfo_node* node = info.nodes; node != nullptr; node = node->ai_next) {
    const auto ip = address_of(*node);
    if (!ip) continue;
    shorten(node->ai_ttl);
    const bool is_known = std::ranges::find(resolved.addresses, *ip) != resolved.addresses.end();
    if (is_known || resolved.addresses.size() == Resolver::kAddressesMax) continue;
    resolved.addresses.push_back(*ip);
  }
  if (resolved.addresses.empty()) return fail(Errc::dns_not_found, Side::upstream, "no address");
  resolved.ttl = std::chrono::seconds(std::max(ttl_seconds.value_or(0), 0));
  return resolved;
}

Error error_of(int status) noexcept {
  const char* const note = ares_strerror(status);  // static
  switch (status) {
    case ARES_ENODATA:
    case ARES_ENOTFOUND:
    case ARES_ENONAME:
    case ARES_EBADNAME:
      return {.code = Errc::dns_not_found, .side = Side::upstream, .note = note};
    case ARES_ENOMEM:
      return {.code = Errc::memory_limit, .side = Side::local, .note = note};
    default:  // the list of another project: all the rest is that nobody could say
      return {.code = Errc::dns_failed, .side = Side::upstream, .note = note};
  }
}

// One question: a channel, its sockets in the poller, its next time-out in the wheel. Lives in the
// frame of resolve(). The poller and the timer only set `changed_`; c-ares runs in process(), which
// the task calls, so that nothing of it is destroyed while the poller goes through its events.
class Question final : private runtime::Timer {
 public:
  Question(runtime::Loop& loop, runtime::EpollPoller& poller) noexcept
      : loop_(loop), poller_(poller), changed_(loop) {}
  Question(const Question&) = delete;
  Question& operator=(const Question&) = delete;
  ~Question() {
    if (channel_ != nullptr)
      ares_destroy(channel_);  // closes its sockets, ends what it has not answered
  }

  [[nodiscard]] Result<void> open(const CaresResolver::Options& options);
  void ask(const std::string& host);
  void process();

  [[nodiscard]] bool is_answered() const noexcept { return answer_.has_value(); }
  [[nodiscard]] Result<Resolved> take_answer() { return *std::move(answer_); }

  // Ends when a socket is ready or a time-out is due.
  [[nodiscard]] runtime::Event::Wait wait();

 private:
  // A socket of c-ares, registered for as long as it is open.
  class Socket final : public runtime::EventSink {
   public:
    Socket(Question& question, ares_socket_t number) noexcept
        : question_(question), number_(number) {}
    void on_events(os::Events events) noexcept override {
      can_read_ = can_read_ || events.readable || events.peer_closed || events.error;
      can_write_ = can_write_ || events.writable || events.error;
      question_.changed_.set();
    }
    [[nodiscard]] ares_socket_t number() const noexcept { return number_; }

    void want_write(bool wanted) noexcept { wants_write_ = wanted; }
    [[nodiscard]] bool must_read() const noexcept { return can_read_; }
    [[nodiscard]] bool must_write() const noexcept { return can_write_ && wants_write_; }
    // After what was there has been read, and as much written as went.
    void on_drained() noexcept {
      can_read_ = false;
      if (wants_write_) can_write_ = false;
    }

   private:
    Question& question_;
    ares_socket_t number_;
    bool can_read_ = false;
    bool can_write_ = false;
    bool wants_write_ = false;
  };

  static void on_socket_state(void* self, ares_socket_t number, int readable, int writable) {
    static_cast<Question*>(self)->track(number, readable != 0, writable != 0);
  }
  static void on_answer(void* self, int status, int timeouts, ares_addrinfo* info);

  void track(ares_socket_t number, bool readable, bool writable);
  [[nodiscard]] Socket* find(ares_socket_t number) noexcept;
  [[nodiscard]] bool run_pass();
  void on_expired() noexcept override { changed_.set(); }

  runtime::Loop& loop_;
  runtime::EpollPoller& poller_;
  runtime::Event changed_;
  ares_channel channel_ = nullptr;
  std::vector<std::unique_ptr<Socket>> sockets_;  // two for each server at most
  std::optional<Result<Resolved>> answer_;
};

Result<void> Question::open(const CaresResolver::Options& options) {
  std::string lookups = "fb";  // files, then DNS
  ares_options asked{};
  asked.timeout = static_cast<int>(std::max<std::int64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(options.timeout).count(), 1));
  asked.tries = kTries;
  asked.lookups = lookups.data();
  asked.sock_state_cb = &Question::on_socket_state;
  asked.sock_state_cb_data = this;
  const int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
  const int opened = ares_init_options(&channel_, &asked, mask);
  if (opened != ARES_SUCCESS) {
    channel_ = nullptr;
    return fail(error_of(opened));
  }
  if (options.servers.empty()) return {};

  std::vector<ares_addr_port_node> servers(options.servers.size());
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const base::SocketAddress& server = options.servers[i];
    ares_addr_port_node& node = servers[i];
    node.next = i + 1 < servers.size() ? &servers[i + 1] : nullptr;
    node.udp_port = server.port;
    node.tcp_port = server.port;
    node.family = server.ip.is_v4() ? AF_INET : AF_INET6;
    if (server.ip.is_v4()) {
      const auto octets = server.ip.v4_octets();
      std::memcpy(&node.addr.addr4, octets.data(), octets.size());
    } else {
      std::memcpy(&node.addr.addr6, server.ip.octets().data(), server.ip.octets().size());
    }
  }
  const int set = ares_set_servers_ports(channel_, servers.data());
  if (set != ARES_SUCCESS) return fail(error_of(set));
  return {};
}

void Question::ask(const std::string& host) {
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_flags =
      ARES_AI_NOSORT;  // sorting would open a socket for each address; balancing chooses
  ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, &Question::on_answer, this);
}

void Question::on_answer(void* self, int status, int /*timeouts*/, ares_addrinfo* info) {
  const AddrInfoPtr owned(info);
  auto& question = *static_cast<Question*>(self);
  if (status == ARES_SUCCESS && info != nullptr) {
    question.answer_.emplace(read_answer(*info));
  } else {
    question.answer_.emplace(fail(error_of(status)));
  }
}

Question::Socket* Question::find(ares_socket_t number) noexcept {
  const auto found = std::ranges::find_if(
      sockets_, [&](const auto& socket) { return socket->number() == number; });
  return found == sockets_.end() ? nullptr : found->get();
}

// c-ares says what it wants of a socket: something when it is new, nothing just before it closes
// it.
void Question::track(ares_socket_t number, bool readable, bool writable) {
  if (!readable && !writable) {
    std::erase_if(sockets_, [&](const auto& socket) { return socket->number() == number; });
    return;
  }
  Socket* socket = find(number);
  if (socket == nullptr) {
    socket = sockets_.emplace_back(std::make_unique<Socket>(*this, number)).get();
    os::Fd fd(number);
    // A socket that could not be registered is never ready: its query times out, which is the
    // answer.
    std::ignore = poller_.add(fd, *socket);
    std::ignore = fd.release();  // c-ares closes it
  }
  socket->want_write(writable);
}

// Offers c-ares what the sockets can do. False when there was nothing.
bool Question::run_pass() {
  std::vector<std::pair<ares_socket_t, ares_socket_t>>
      ready;  // c-ares may close sockets and open others
  for (const auto& socket : sockets_) {
    if (!socket->must_read() && !socket->must_write()) continue;
    ready.emplace_back(socket->must_read() ? socket->number() : ARES_SOCKET_BAD,
                       socket->must_write() ? socket->number() : ARES_SOCKET_BAD);
  }
  for (const auto& [read, write] : ready) ares_process_fd(channel_, read, write);
  return !ready.empty();
}

void Question::process() {
  changed_.clear();
  for (int pass = 0; pass < kPassesPerEvent && run_pass(); ++pass) {
  }
  for (const auto& socket : sockets_) socket->on_drained();
  ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // time-outs
}

runtime::Event::Wait Question::wait() {
  timeval left{};
  if (ares_timeout(channel_, nullptr, &left) != nullptr) {
    loop_.arm(*this, loop_.now() + std::chrono::seconds(left.tv_sec) +
                         std::chrono::microseconds(left.tv_usec));
  }
  return changed_.wait();
}

}  // namespace

Task<Result<Resolved>> CaresResolver::resolve(std::string host) {
  // c-ares would ask about an address, too.
  const auto itself = base::IpAddress::parse(host);
  if (itself) co_return Resolved{.addresses = {*itself}};

  Question question(loop_, poller_);
  const auto opened = question.open(options_);
  if (!opened) co_return fail(opened);
  question.ask(host);
  while (!question.is_answered()) {
    const auto woken = co_await question.wait();
    if (!woken) co_return fail(woken);
    question.process();
  }
  co_return question.take_answer();
}

}  // namespace causeway::net
