// SPDX-License-Identifier: Apache-2.0
// Addresses in the kernel's own form.
#pragma once

#include <sys/socket.h>

#include <cstdint>

#include "base/address.h"
#include "base/result.h"

namespace causeway::os {

class SocketName {
 public:
  // What accept, getsockname and recvmsg fill in.
  SocketName() = default;

  // Errors: unsupported for a NamedAddress, out_of_range for a unix path that is too long.
  [[nodiscard]] static Result<SocketName> of(const base::Address& address);
  [[nodiscard]] static SocketName of(const base::SocketAddress& address) noexcept;

  // An IPv4-mapped IPv6 address comes back as the IPv4 address it stands for.
  [[nodiscard]] base::Address to_address() const;
  // 0.0.0.0:0 when it is not an internet address.
  [[nodiscard]] base::SocketAddress to_socket_address() const noexcept;

  [[nodiscard]] int family() const noexcept { return storage_.ss_family; }
  [[nodiscard]] const sockaddr* raw() const noexcept {
    return reinterpret_cast<const sockaddr*>(&storage_);
  }
  [[nodiscard]] sockaddr* raw() noexcept { return reinterpret_cast<sockaddr*>(&storage_); }
  [[nodiscard]] socklen_t size() const noexcept { return size_; }
  [[nodiscard]] socklen_t* size_to_fill() noexcept {
    size_ = sizeof storage_;
    return &size_;
  }

  // For a socket of family AF_INET6 an IPv4 address is written in its mapped form.
  void convert_to_family(int family) noexcept;

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

}  // namespace causeway::os
