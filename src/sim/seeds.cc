// SPDX-License-Identifier: Apache-2.0
#include "sim/seeds.h"

#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <vector>

#include "base/number.h"

namespace causeway::sim {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  if (text == nullptr) return otherwise;
  return base::parse_number<std::uint64_t>(text).value_or(otherwise);
}

}  // namespace

std::vector<std::uint64_t> seeds(std::uint64_t count) {
  const std::uint64_t only = from_environment("CAUSEWAY_SEED", 0);
  if (only != 0) return {only};
  std::vector<std::uint64_t> all(count * from_environment("CAUSEWAY_SEEDS", 1));
  std::iota(all.begin(), all.end(), 1);
  return all;
}

}  // namespace causeway::sim
