// SPDX-License-Identifier: Apache-2.0
#include "os/datagram_socket.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <tuple>

#include "base/address.h"
#include "base/assert.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/result.h"
#include "os/fd.h"
#include "os/socket_name.h"

namespace causeway::os {
namespace {

// A wish: a kernel that does not know it still carries datagrams.
void set_option(const Fd& fd, int level, int name, int value) noexcept {
  std::ignore = ::setsockopt(fd.number(), level, name, &value, sizeof value);
}

Result<Fd> open_datagram(int family, const DatagramSocketOptions& options) {
  const int number = ::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
  if (number < 0) return fail(base::from_errno(errno, "socket"));
  Fd fd(number);
  if (options.receive_buffer_bytes > 0) {
    set_option(fd, SOL_SOCKET, SO_RCVBUF, static_cast<int>(options.receive_buffer_bytes));
  }
  if (options.send_buffer_bytes > 0) {
    set_option(fd, SOL_SOCKET, SO_SNDBUF, static_cast<int>(options.send_buffer_bytes));
  }
  set_option(fd, SOL_UDP, UDP_GRO, 1);
  return fd;
}

template <class T>
T read_value(const cmsghdr& header) noexcept {
  T value{};
  std::memcpy(&value, CMSG_DATA(&header), sizeof value);
  return value;
}

base::IpAddress to_ip(const in_addr& address) noexcept {
  std::array<std::uint8_t, 4> octets{};
  std::memcpy(octets.data(), &address, octets.size());
  return base::IpAddress::from_v4(octets);
}

// Of a dual-stack socket's IPv4 peer the kernel reports the mapped form, which is our IPv4.
base::IpAddress to_ip(const in6_addr& address) noexcept {
  std::array<std::uint8_t, 16> octets{};
  std::memcpy(octets.data(), &address, octets.size());
  return base::IpAddress::from_v6(octets);
}

template <class T>
Bytes bytes_of(const T& value) noexcept {
  return std::as_bytes(std::span(&value, 1));
}

}  // namespace

int family_of(const base::SocketAddress& address) noexcept {
  return address.ip.is_v4() ? AF_INET : AF_INET6;
}

Result<Fd> bind_datagram(const base::SocketAddress& address, const DatagramSocketOptions& options) {
  const SocketName name = SocketName::of(address);
  auto fd = open_datagram(name.family(), options);
  if (!fd) return fd;
  if (options.reuse_port) set_option(*fd, SOL_SOCKET, SO_REUSEPORT, 1);
  const bool is_wildcard = address.ip.is_unspecified();
  if (name.family() == AF_INET6) set_option(*fd, IPPROTO_IPV6, IPV6_V6ONLY, is_wildcard ? 0 : 1);
  if (is_wildcard && name.family() == AF_INET6) set_option(*fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  if (is_wildcard && name.family() == AF_INET) set_option(*fd, IPPROTO_IP, IP_PKTINFO, 1);
  if (::bind(fd->number(), name.raw(), name.size()) != 0)
    return fail(base::from_errno(errno, "bind"));
  return fd;
}

Result<Fd> connect_datagram(const base::SocketAddress& peer, const DatagramSocketOptions& options) {
  const SocketName name = SocketName::of(peer);
  auto fd = open_datagram(name.family(), options);
  if (!fd) return fd;
  // Nothing is sent; the kernel only looks up the route.
  if (::connect(fd->number(), name.raw(), name.size()) != 0)
    return fail(base::from_errno(errno, "connect"));
  return fd;
}

ReceiveBatch::ReceiveBatch(std::size_t slot_bytes)
    : slot_bytes_(slot_bytes),
      memory_(std::make_unique_for_overwrite<std::byte[]>(slot_bytes * kSlots)) {
  for (std::size_t i = 0; i < kSlots; ++i) {
    vectors_[i] = {.iov_base = memory_.get() + i * slot_bytes, .iov_len = slot_bytes};
    msghdr& header = headers_[i].msg_hdr;
    header.msg_iov = &vectors_[i];
    header.msg_iovlen = 1;
    header.msg_name = names_[i].raw();
    header.msg_control = controls_[i].bytes.data();
  }
}

Result<std::size_t> ReceiveBatch::receive(const Fd& fd, std::size_t slots_max) noexcept {
  CW_ASSERT(slots_max > 0);
  const std::size_t slots = std::min(slots_max, kSlots);
  for (std::size_t i = 0; i < slots; ++i) {
    // The kernel left the lengths of the last time.
    headers_[i].msg_hdr.msg_namelen = *names_[i].size_to_fill();
    headers_[i].msg_hdr.msg_controllen = kControlBytes;
  }
  const int count =
      ::recvmmsg(fd.number(), headers_.data(), static_cast<unsigned>(slots), 0, nullptr);
  if (count >= 0) return static_cast<std::size_t>(count);
  if (errno == EAGAIN) return fail(Errc::would_block);
  return fail(base::from_errno(errno, "recvmmsg"));
}

ReceiveBatch::Received ReceiveBatch::at(std::size_t index) const noexcept {
  const msghdr& header = headers_[index].msg_hdr;
  Received received{.payload = Bytes(memory_.get() + index * slot_bytes_, headers_[index].msg_len),
                    .is_cut = (header.msg_flags & MSG_TRUNC) != 0};
  // CMSG_NXTHDR wants a header that is not const, and does not write to it.
  auto& walked = const_cast<msghdr&>(header);
  for (cmsghdr* at = CMSG_FIRSTHDR(&walked); at != nullptr; at = CMSG_NXTHDR(&walked, at)) {
    if (at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_PKTINFO) {
      // Not ipi_addr: of a broadcast that would be an address nobody can answer from.
      received.local_ip = to_ip(read_value<in_pktinfo>(*at).ipi_spec_dst);
    } else if (at->cmsg_level == IPPROTO_IPV6 && at->cmsg_type == IPV6_PKTINFO) {
      received.local_ip = to_ip(read_value<in6_pktinfo>(*at).ipi6_addr);
    } else if (at->cmsg_level == SOL_UDP && at->cmsg_type == UDP_GRO) {
      const int segment_bytes = read_value<int>(*at);
      const bool is_several =
          segment_bytes > 0 && static_cast<std::size_t>(segment_bytes) < received.payload.size();
      if (is_several) received.segment_bytes = static_cast<std::uint16_t>(segment_bytes);
    }
  }
  return received;
}

void SendBatch::clear() noexcept {
  messages_ = 0;
  parts_ = 0;
}

void SendBatch::add(Bytes payload, std::uint16_t segment_bytes, const Route& route) noexcept {
  CW_ASSERT(!is_full());
  iovec& vector = vectors_[parts_++];
  // sendmsg takes a pointer to what it only reads.
  vector = {.iov_base = const_cast<std::byte*>(payload.data()), .iov_len = payload.size()};
  msghdr& header = headers_[messages_].msg_hdr;
  header = {};
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  header.msg_control = controls_[messages_].bytes.data();
  ++messages_;

  if (route.peer != nullptr) {
    SocketName& name = names_[messages_ - 1];
    name = SocketName::of(*route.peer);
    name.convert_to_family(route.family);
    header.msg_name = name.raw();
    header.msg_namelen = name.size();
  }
  if (!route.local_ip.is_unspecified()) {
    if (route.family == AF_INET6) {
      in6_pktinfo from{};
      std::memcpy(&from.ipi6_addr, route.local_ip.octets().data(), sizeof from.ipi6_addr);
      put_control(IPPROTO_IPV6, IPV6_PKTINFO, bytes_of(from));
    } else if (route.local_ip.is_v4()) {
      in_pktinfo from{};
      std::memcpy(&from.ipi_spec_dst, route.local_ip.v4_octets().data(), sizeof from.ipi_spec_dst);
      put_control(IPPROTO_IP, IP_PKTINFO, bytes_of(from));
    }
  }
  if (segment_bytes > 0) put_segment(segment_bytes);
}

void SendBatch::join(Bytes payload, std::uint16_t segment_bytes) noexcept {
  CW_ASSERT(messages_ > 0 && !is_full());
  vectors_[parts_++] = {.iov_base = const_cast<std::byte*>(payload.data()),
                        .iov_len = payload.size()};
  msghdr& header = headers_[messages_ - 1].msg_hdr;
  ++header.msg_iovlen;
  if (header.msg_iovlen == 2) put_segment(segment_bytes);
}

void SendBatch::put_segment(std::uint16_t segment_bytes) noexcept {
  put_control(SOL_UDP, UDP_SEGMENT, bytes_of(segment_bytes));
}

// To the last message, behind what it has.
void SendBatch::put_control(int level, int type, Bytes value) noexcept {
  msghdr& header = headers_[messages_ - 1].msg_hdr;
  const std::size_t used = header.msg_controllen;
  CW_ASSERT(used + CMSG_SPACE(value.size()) <= kControlBytes);
  std::byte* const at = controls_[messages_ - 1].bytes.data() + used;
  std::memset(at, 0, CMSG_SPACE(value.size()));
  cmsghdr control{};
  control.cmsg_len = CMSG_LEN(value.size());
  control.cmsg_level = level;
  control.cmsg_type = type;
  std::memcpy(at, &control, sizeof control);
  std::memcpy(at + CMSG_LEN(0), value.data(), value.size());
  header.msg_controllen = used + CMSG_SPACE(value.size());
}

Result<std::size_t> SendBatch::send(const Fd& fd) noexcept {
  CW_ASSERT(messages_ > 0);
  const int count =
      ::sendmmsg(fd.number(), headers_.data(), static_cast<unsigned>(messages_), MSG_NOSIGNAL);
  if (count >= 0) return static_cast<std::size_t>(count);
  if (errno == EAGAIN) return fail(Errc::would_block);
  return fail(base::from_errno(errno, "sendmmsg"));
}

bool cannot_cut(const Error& error) noexcept {
  switch (error.os_errno) {
    case EINVAL:       // larger than the path's MTU, and older kernels for most reasons
    case EMSGSIZE:     // the same, of newer ones
    case EIO:          // the device has no checksum offload, or the socket is transformed (IPsec)
    case ENOPROTOOPT:  // before Linux 4.18
    case EOPNOTSUPP:
      return true;
    default:  // errno is an open list
      return false;
  }
}

}  // namespace causeway::os
