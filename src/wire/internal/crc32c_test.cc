// SPDX-License-Identifier: Apache-2.0
#include "wire/internal/crc32c.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace causeway::wire::internal {
namespace {

std::uint32_t crc32c(Bytes bytes) { return crc32c_finish(crc32c_add(kCrc32cStart, bytes)); }

// RFC 3720 appendix B.4.
TEST(Crc32c, agrees_with_the_published_values) {
  std::array<std::byte, 32> bytes{};
  EXPECT_EQ(crc32c(bytes), 0x8a9136aaU);
  bytes.fill(std::byte{0xff});
  EXPECT_EQ(crc32c(bytes), 0x62a8ab43U);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = std::byte(i);
  EXPECT_EQ(crc32c(bytes), 0x46dd794eU);
  EXPECT_EQ(crc32c(base::as_bytes("123456789")), 0xe3069283U);
}

TEST(Crc32c, parts_add_up_to_the_whole) {
  const Bytes whole = base::as_bytes("123456789");
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    const auto first = crc32c_add(kCrc32cStart, whole.first(cut));
    EXPECT_EQ(crc32c_finish(crc32c_add(first, whole.subspan(cut))), crc32c(whole));
  }
}

}  // namespace
}  // namespace causeway::wire::internal
