// SPDX-License-Identifier: Apache-2.0
// The endpoint behind every proxy of the bench: answers each HTTP/1.1 request with 128 bytes, as
// cheaply as one epoll loop can. It understands no more than the load generators send: a head
// without a body, whole in one segment when it asks for `Connection: close`.
//
// usage: responder PORT
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
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace {

constexpr int kBacklog = 4096;
constexpr size_t kBodyBytes = 128;
constexpr size_t kReadBytes = 16384;
constexpr std::string_view kHeadEnd = "\r\n\r\n";

std::string answer(std::string_view extra_header) {
  std::string text = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ";
  text += std::to_string(kBodyBytes);
  text += "\r\n";
  text += extra_header;
  text += "\r\n";
  text.append(kBodyBytes, 'x');
  return text;
}

class Responder {
 public:
  Responder(int listener, int epoll) : listener_(listener), epoll_(epoll) {}

  void run() {
    watch(listener_);
    std::array<epoll_event, 256> events{};
    for (;;) {
      const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < ready; ++i) {
        const int fd = events[static_cast<size_t>(i)].data.fd;
        if (fd == listener_) {
          accept_all();
        } else {
          serve(fd);
        }
      }
    }
  }

 private:
  void watch(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }

  void accept_all() {
    for (;;) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      if (matched_.size() <= static_cast<size_t>(fd)) matched_.resize(static_cast<size_t>(fd) + 1);
      matched_[static_cast<size_t>(fd)] = 0;
      watch(fd);
    }
  }

  void serve(int fd) {
    const ssize_t got = recv(fd, buffer_.data(), buffer_.size(), 0);
    if (got <= 0) {
      if (got < 0 && errno == EAGAIN) return;
      close(fd);
      return;
    }
    const std::string_view chunk(buffer_.data(), static_cast<size_t>(got));
    const size_t heads = count_heads(fd, chunk);
    if (heads == 0) return;
    const bool closing = chunk.find("\nConnection: close") != std::string_view::npos;
    const std::string& text = closing ? closing_ : keeping_;
    for (size_t i = 0; i < heads; ++i) {
      // 200 bytes into an empty send buffer of a live connection are taken whole or not at all.
      if (send(fd, text.data(), text.size(), MSG_NOSIGNAL) < 0) break;
    }
    if (closing) close(fd);
  }

  // How many heads end inside `chunk`; how far into the next terminator we are is kept per
  // descriptor.
  size_t count_heads(int fd, std::string_view chunk) {
    uint8_t matched = matched_[static_cast<size_t>(fd)];
    size_t heads = 0;
    for (const char byte : chunk) {
      if (byte == kHeadEnd[matched]) {
        ++matched;
      } else {
        matched = byte == '\r' ? 1 : 0;
      }
      if (matched == kHeadEnd.size()) {
        ++heads;
        matched = 0;
      }
    }
    matched_[static_cast<size_t>(fd)] = matched;
    return heads;
  }

  int listener_;
  int epoll_;
  std::vector<uint8_t> matched_;
  std::array<char, kReadBytes> buffer_{};
  std::string keeping_ = answer("");
  std::string closing_ = answer("Connection: close\r\n");
};

int listen_on(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return -1;
  return listen(fd, kBacklog) == 0 ? fd : -1;
}

}  // namespace

int main(int argc, char** argv) {
  uint16_t port = 0;
  if (argc != 2 || std::from_chars(argv[1], argv[1] + strlen(argv[1]), port).ec != std::errc{}) {
    fputs("usage: responder PORT\n", stderr);
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  const int listener = listen_on(port);
  if (listener < 0) {
    perror("responder: listen");
    return 1;
  }
  Responder(listener, epoll_create1(EPOLL_CLOEXEC)).run();
}
