// SPDX-License-Identifier: Apache-2.0
// The floor of the bench: a bare byte relay on one edge-triggered epoll loop. It has no
// configuration, timeouts, limits, log or counters, so what it costs is what the kernel costs; a
// real gateway can come near it, not below.
//
// usage: relay LISTEN_PORT ENDPOINT_PORT copy|splice
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace {

constexpr int kBacklog = 4096;
constexpr size_t kReadBytes = 256U << 10U;
constexpr size_t kPipeBytes = 1U << 20U;

enum class Way : uint8_t { copy, splice };

struct Relay;

// One socket of a relay, and what was read from it but not yet taken by the other.
struct Side {
  int fd = -1;
  Relay* relay = nullptr;
  Side* other = nullptr;
  bool readable = false;
  bool writable = false;
  bool hung_up = false;
  bool ended = false;
  std::string pending;
  std::array<int, 2> pipe{-1, -1};
  size_t in_pipe = 0;
};

struct Relay {
  Side down;
  Side up;
  bool dead = false;

  Relay() {
    down.relay = up.relay = this;
    down.other = &up;
    up.other = &down;
  }
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  ~Relay() {
    for (const int fd : {down.fd, up.fd, down.pipe[0], down.pipe[1], up.pipe[0], up.pipe[1]}) {
      if (fd >= 0) close(fd);
    }
  }
};

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

class Relays {
 public:
  Relays(int listener, uint16_t endpoint_port, Way way)
      : listener_(listener), endpoint_(loopback(endpoint_port)), way_(way) {}

  void run() {
    epoll_event event{};
    event.events = EPOLLIN;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event);
    std::array<epoll_event, 256> events{};
    for (;;) {
      const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < ready; ++i) on_event(events[static_cast<size_t>(i)]);
      for (const int fd : dead_) relays_[static_cast<size_t>(fd)].reset();
      dead_.clear();
    }
  }

 private:
  void on_event(const epoll_event& event) {
    if (event.data.ptr == nullptr) return accept_all();
    Side& side = *static_cast<Side*>(event.data.ptr);
    if (side.relay->dead) return;
    if ((event.events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) side.readable = true;
    if ((event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) side.hung_up = true;
    if ((event.events & EPOLLOUT) != 0) side.writable = true;
    if (!pump(side) || !pump(*side.other) || (side.ended && side.other->ended)) kill(*side.relay);
  }

  void kill(Relay& relay) {
    relay.dead = true;  // freed after the batch: a later event of it may still name it
    dead_.push_back(relay.down.fd);
  }

  void accept_all() {
    for (;;) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      auto relay = std::make_unique<Relay>();
      relay->down.fd = fd;
      relay->up.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      const auto* to = reinterpret_cast<const sockaddr*>(&endpoint_);
      if (relay->up.fd < 0 ||
          (connect(relay->up.fd, to, sizeof endpoint_) != 0 && errno != EINPROGRESS)) {
        continue;
      }
      for (Side* side : {&relay->down, &relay->up}) watch(*side);
      if (relays_.size() <= static_cast<size_t>(fd)) relays_.resize(static_cast<size_t>(fd) + 1);
      relays_[static_cast<size_t>(fd)] = std::move(relay);
    }
  }

  void watch(Side& side) {
    const int on = 1;
    setsockopt(side.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (way_ == Way::splice && pipe2(side.pipe.data(), O_NONBLOCK | O_CLOEXEC) == 0) {
      fcntl(side.pipe[1], F_SETPIPE_SZ, kPipeBytes);
    }
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &side;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, side.fd, &event);
  }

  // Moves what can be moved from `from` to its other side; false when the relay is over.
  bool pump(Side& from) { return way_ == Way::copy ? pump_copy(from) : pump_splice(from); }

  bool pump_copy(Side& from) {
    Side& to = *from.other;
    while (to.writable && !from.ended) {
      if (!from.pending.empty()) {
        const ssize_t put = send(to.fd, from.pending.data(), from.pending.size(), MSG_NOSIGNAL);
        if (!took(put, to.writable)) return false;
        from.pending.erase(0, put < 0 ? 0 : static_cast<size_t>(put));
        continue;
      }
      if (!from.readable) return true;
      const ssize_t got = recv(from.fd, scratch_.get(), kReadBytes, 0);
      if (got == 0) return end(from);
      if (!took(got, from.readable)) return false;
      if (got < 0) return true;
      if (static_cast<size_t>(got) < kReadBytes && !from.hung_up) from.readable = false;
      const ssize_t put = send(to.fd, scratch_.get(), static_cast<size_t>(got), MSG_NOSIGNAL);
      if (!took(put, to.writable)) return false;
      const size_t taken = put < 0 ? 0 : static_cast<size_t>(put);
      from.pending.assign(scratch_.get() + taken, static_cast<size_t>(got) - taken);
    }
    return true;
  }

  bool pump_splice(Side& from) {
    Side& to = *from.other;
    constexpr unsigned kFlags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;
    while (to.writable && !from.ended) {
      if (from.in_pipe != 0) {
        const ssize_t put = splice(from.pipe[0], nullptr, to.fd, nullptr, from.in_pipe, kFlags);
        if (!took(put, to.writable)) return false;
        from.in_pipe -= put < 0 ? 0 : static_cast<size_t>(put);
        continue;
      }
      if (!from.readable) return true;
      const ssize_t got = splice(from.fd, nullptr, from.pipe[1], nullptr, kPipeBytes, kFlags);
      if (got == 0) return end(from);
      if (!took(got, from.readable)) return false;
      from.in_pipe = got < 0 ? 0 : static_cast<size_t>(got);
    }
    return true;
  }

  // False on an error that is not "not now"; "not now" clears `ready`.
  static bool took(ssize_t moved, bool& ready) {
    if (moved >= 0) return true;
    ready = false;
    return errno == EAGAIN;
  }

  static bool end(Side& from) {
    from.ended = true;
    shutdown(from.other->fd, SHUT_WR);
    return true;
  }

  int listener_;
  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  sockaddr_in endpoint_;
  Way way_;
  std::vector<std::unique_ptr<Relay>> relays_;  // by the downstream's descriptor
  std::vector<int> dead_;
  std::unique_ptr<char[]> scratch_ = std::make_unique<char[]>(kReadBytes);
};

bool parse_port(std::string_view text, uint16_t& port) {
  return std::from_chars(text.data(), text.data() + text.size(), port).ec == std::errc{};
}

int listen_on(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = loopback(port);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return -1;
  return listen(fd, kBacklog) == 0 ? fd : -1;
}

}  // namespace

int main(int argc, char** argv) {
  uint16_t listen_port = 0;
  uint16_t endpoint_port = 0;
  if (argc != 4 || !parse_port(argv[1], listen_port) || !parse_port(argv[2], endpoint_port)) {
    fputs("usage: relay LISTEN_PORT ENDPOINT_PORT copy|splice\n", stderr);
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  const int listener = listen_on(listen_port);
  if (listener < 0) {
    perror("relay: listen");
    return 1;
  }
  const Way way = std::string_view(argv[3]) == "splice" ? Way::splice : Way::copy;
  Relays(listener, endpoint_port, way).run();
}
