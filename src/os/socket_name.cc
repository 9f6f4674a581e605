// SPDX-License-Identifier: Apache-2.0
#include "os/socket_name.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "base/address.h"
#include "base/error.h"
#include "base/result.h"

namespace causeway::os {
namespace {

sockaddr_in to_v4(const base::SocketAddress& address) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(address.port);
  const auto octets = address.ip.v4_octets();
  std::memcpy(&name.sin_addr, octets.data(), octets.size());
  return name;
}

sockaddr_in6 to_v6(const base::SocketAddress& address) {
  sockaddr_in6 name{};
  name.sin6_family = AF_INET6;
  name.sin6_port = htons(address.port);
  std::memcpy(&name.sin6_addr, address.ip.octets().data(), address.ip.octets().size());
  return name;
}

}  // namespace

SocketName SocketName::of(const base::SocketAddress& address) noexcept {
  SocketName name;
  if (address.ip.is_v4()) {
    const sockaddr_in v4 = to_v4(address);
    std::memcpy(&name.storage_, &v4, sizeof v4);
    name.size_ = sizeof v4;
  } else {
    const sockaddr_in6 v6 = to_v6(address);
    std::memcpy(&name.storage_, &v6, sizeof v6);
    name.size_ = sizeof v6;
  }
  return name;
}

Result<SocketName> SocketName::of(const base::Address& address) {
  if (const auto* socket = address.socket()) return of(*socket);
  const auto* path = address.unix_socket();
  if (path == nullptr) return fail(Errc::unsupported, Side::none, "a name must be resolved first");
  sockaddr_un unix_name{};
  unix_name.sun_family = AF_UNIX;
  const bool is_abstract = path->path.starts_with('@');
  // A path needs its final zero; an abstract name has a leading one instead.
  if (path->path.empty() || path->path.size() >= sizeof unix_name.sun_path) {
    return fail(Errc::out_of_range, Side::none, "unix socket path length");
  }
  std::memcpy(unix_name.sun_path, path->path.data(), path->path.size());
  if (is_abstract) unix_name.sun_path[0] = '\0';
  SocketName name;
  std::memcpy(&name.storage_, &unix_name, sizeof unix_name);
  name.size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path->path.size() +
                                      (is_abstract ? 0 : 1));
  return name;
}

base::SocketAddress SocketName::to_socket_address() const noexcept {
  if (family() == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &storage_, sizeof v4);
    std::array<std::uint8_t, 4> octets{};
    std::memcpy(octets.data(), &v4.sin_addr, octets.size());
    return {.ip = base::IpAddress::from_v4(octets), .port = ntohs(v4.sin_port)};
  }
  if (family() == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &storage_, sizeof v6);
    std::array<std::uint8_t, 16> octets{};
    std::memcpy(octets.data(), &v6.sin6_addr, octets.size());
    return {.ip = base::IpAddress::from_v6(octets), .port = ntohs(v6.sin6_port)};
  }
  return {.ip = base::IpAddress::from_v4({0, 0, 0, 0}), .port = 0};
}

base::Address SocketName::to_address() const {
  if (family() != AF_UNIX) return to_socket_address();
  sockaddr_un unix_name{};
  std::memcpy(&unix_name, &storage_, std::min<std::size_t>(size_, sizeof unix_name));
  constexpr std::size_t kHead = offsetof(sockaddr_un, sun_path);
  if (size_ <= kHead) return base::UnixAddress{};  // unnamed: a client's end
  std::string path(unix_name.sun_path, size_ - kHead);
  if (path[0] == '\0') {
    path[0] = '@';
  } else {
    path.resize(std::min(path.size(), path.find('\0')));
  }
  return base::UnixAddress{std::move(path)};
}

void SocketName::convert_to_family(int family) noexcept {
  if (family != AF_INET6 || storage_.ss_family != AF_INET) return;
  const sockaddr_in6 v6 = to_v6(to_socket_address());
  std::memcpy(&storage_, &v6, sizeof v6);
  size_ = sizeof v6;
}

}  // namespace causeway::os
