// SPDX-License-Identifier: Apache-2.0
// Configurations without a file: what `causeway forward` means, as documents
// for load(), so that the same reader and the same checks judge them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "control/document.h"

namespace causeway::control {

enum class Transport : std::uint8_t { tcp, udp };

struct QuickConfig {
  std::string name = "forward";  // of the listener and of the pool
  // "8080" is port 8080 of every address, or of `listen` when that is set; anything else is a bind.
  std::string from;
  std::string listen;
  std::vector<std::string> to;  // addresses of endpoints
  Transport transport = Transport::tcp;
  std::optional<std::string> max_connections;  // of the listener
  std::optional<std::string> balance;
};

// Values are put in as they were typed; load() says what is wrong with them.
[[nodiscard]] Node quick_document(const QuickConfig& quick);

}  // namespace causeway::control
