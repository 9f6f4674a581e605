// SPDX-License-Identifier: Apache-2.0
// Turns a host name into addresses. One per loop, handed in like the Network: c-ares on a machine
// (cares_resolver.h), a table in tests. It keeps nothing; how long an answer is good is the asker's
// to observe.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "base/time.h"
#include "runtime/task.h"

namespace causeway::net {

struct Resolved {
  std::vector<base::IpAddress> addresses;  // of both families, each once, at least one
  Duration ttl{};  // as the name's zone says; 0 for names of the machine itself
};

class Resolver {
 public:
  // Of one name; an answer with more is cut.
  static constexpr std::size_t kAddressesMax = 64;

  Resolver() = default;
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  virtual ~Resolver() = default;

  // Errors: dns_not_found when the name is known not to exist or to have no address, dns_failed
  // when nobody could say, cancelled.
  [[nodiscard]] virtual Task<Result<Resolved>> resolve(std::string host) = 0;
};

}  // namespace causeway::net
