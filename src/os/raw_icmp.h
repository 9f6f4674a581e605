// SPDX-License-Identifier: Apache-2.0
// A socket that sends ICMP or ICMPv6 messages of our making and receives none. Opening it needs
// CAP_NET_RAW; sending does not.
#pragma once

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"
#include "os/fd.h"

namespace causeway::os {

class RawIcmp {
 public:
  enum class Version : unsigned char { v4, v6 };

  // Errors: permission, unsupported (no such family on this machine), descriptor_limit.
  [[nodiscard]] static Result<RawIcmp> open(Version version);

  // `message` begins with the ICMP header. Its checksum is the sender's business for IPv4 and the
  // kernel's for IPv6. `source` is an address of this machine. Errors: would_block,
  // address_not_available, unreachable, permission.
  [[nodiscard]] Result<void> send(Bytes message, const base::IpAddress& source,
                                  const base::IpAddress& destination);

 private:
  RawIcmp(Fd fd, Version version) noexcept;
  Fd fd_;
  Version version_;
};

}  // namespace causeway::os
