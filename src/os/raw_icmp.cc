// SPDX-License-Identifier: Apache-2.0
#include "os/raw_icmp.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <tuple>
#include <utility>

#include "base/address.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/result.h"
#include "os/fd.h"
#include "os/socket_name.h"

namespace causeway::os {
namespace {

// ICMP_FILTER of <linux/icmp.h>, which cannot be included beside <netinet/in.h>. Its value is a
// mask of the types that are not wanted.
constexpr int kIcmpFilter = 1;

// A raw socket is given a copy of every message that reaches the machine: none of them is for us.
void receive_nothing(const Fd& fd, RawIcmp::Version version) noexcept {
  if (version == RawIcmp::Version::v4) {
    const std::uint32_t all_types = ~std::uint32_t{0};
    std::ignore = ::setsockopt(fd.number(), SOL_RAW, kIcmpFilter, &all_types, sizeof all_types);
  } else {
    icmp6_filter none{};
    ICMP6_FILTER_SETBLOCKALL(&none);
    std::ignore = ::setsockopt(fd.number(), IPPROTO_ICMPV6, ICMP6_FILTER, &none, sizeof none);
  }
}

struct alignas(cmsghdr) Control {
  std::array<std::byte, CMSG_SPACE(sizeof(in6_pktinfo))> bytes{};
};

template <class T>
std::size_t write_control(Control& control, int level, int type, const T& value) noexcept {
  cmsghdr header{};
  header.cmsg_len = CMSG_LEN(sizeof value);
  header.cmsg_level = level;
  header.cmsg_type = type;
  std::memcpy(control.bytes.data(), &header, sizeof header);
  std::memcpy(control.bytes.data() + CMSG_LEN(0), &value, sizeof value);
  return CMSG_SPACE(sizeof value);
}

}  // namespace

RawIcmp::RawIcmp(Fd fd, Version version) noexcept : fd_(std::move(fd)), version_(version) {}

Result<RawIcmp> RawIcmp::open(Version version) {
  const bool is_v4 = version == Version::v4;
  const int number =
      ::socket(is_v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
               is_v4 ? static_cast<int>(IPPROTO_ICMP) : static_cast<int>(IPPROTO_ICMPV6));
  if (number < 0) return fail(base::from_errno(errno, "socket"));
  Fd fd(number);
  receive_nothing(fd, version);
  return RawIcmp(std::move(fd), version);
}

Result<void> RawIcmp::send(Bytes message, const base::IpAddress& source,
                           const base::IpAddress& destination) {
  SocketName name = SocketName::of(base::SocketAddress{.ip = destination, .port = 0});
  iovec vector{.iov_base = const_cast<std::byte*>(message.data()), .iov_len = message.size()};
  Control control;
  msghdr header{};
  header.msg_name = name.raw();
  header.msg_namelen = name.size();
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  header.msg_control = control.bytes.data();
  if (version_ == Version::v4) {
    in_pktinfo from{};
    std::memcpy(&from.ipi_spec_dst, source.v4_octets().data(), sizeof from.ipi_spec_dst);
    header.msg_controllen = write_control(control, IPPROTO_IP, IP_PKTINFO, from);
  } else {
    in6_pktinfo from{};
    std::memcpy(&from.ipi6_addr, source.octets().data(), sizeof from.ipi6_addr);
    header.msg_controllen = write_control(control, IPPROTO_IPV6, IPV6_PKTINFO, from);
  }
  if (::sendmsg(fd_.number(), &header, MSG_NOSIGNAL) >= 0) return {};
  if (errno == EAGAIN) return fail(Errc::would_block);
  return fail(base::from_errno(errno, "sendmsg"));
}

}  // namespace causeway::os
