// SPDX-License-Identifier: Apache-2.0
// A net::Resolver that answers from a table, after a while. A test changes the table, the delay, or
// takes the name servers away.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "net/resolver.h"

namespace causeway::sim {

class SimResolver final : public net::Resolver {
 public:
  // How long each answer takes.
  void set_delay(Duration delay) noexcept { delay_ = delay; }
  // The name's addresses from now on.
  void set(std::string host, const std::vector<std::string_view>& ips, Duration ttl);
  // The name does not exist.
  void remove(const std::string& host) { names_.erase(host); }
  // Nobody answers any more, or again: dns_failed.
  void set_down(bool is_down) noexcept { is_down_ = is_down; }

  [[nodiscard]] Task<Result<net::Resolved>> resolve(std::string host) override;

  [[nodiscard]] std::size_t asked_total() const noexcept { return asked_total_; }

 private:
  std::map<std::string, net::Resolved> names_;
  Duration delay_ = std::chrono::milliseconds(1);
  bool is_down_ = false;
  std::size_t asked_total_ = 0;
};

}  // namespace causeway::sim
