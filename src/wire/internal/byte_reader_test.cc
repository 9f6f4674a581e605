// SPDX-License-Identifier: Apache-2.0
#include "wire/internal/byte_reader.h"

#include <gtest/gtest.h>

#include <string_view>

#include "base/bytes.h"

namespace causeway::wire::internal {
namespace {

using namespace std::string_view_literals;

TEST(ByteReader, numbers_come_in_network_byte_order) {
  ByteReader reader(base::as_bytes("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a"sv));
  EXPECT_EQ(reader.take_u8(), 0x01);
  EXPECT_EQ(reader.take_u16(), 0x0203);
  EXPECT_EQ(reader.take_u24(), 0x040506U);
  EXPECT_EQ(reader.take_u32(), 0x0708090aU);
  EXPECT_TRUE(reader.ended_well());
}

TEST(ByteReader, vectors_carry_their_length) {
  ByteReader reader(
      base::as_bytes("\x02"
                     "ab"
                     "\x00\x01"
                     "c"
                     "rest"sv));
  EXPECT_EQ(base::as_text(reader.take_vector8()), "ab");
  EXPECT_EQ(base::as_text(reader.take_vector16()), "c");
  EXPECT_FALSE(reader.ended_well());
  EXPECT_EQ(base::as_text(reader.take_rest()), "rest");
  EXPECT_TRUE(reader.ended_well());
}

TEST(ByteReader, a_read_beyond_the_end_fails_for_good) {
  ByteReader reader(
      base::as_bytes("\x05"
                     "ab"sv));
  EXPECT_TRUE(reader.take_vector8().empty());
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.take_u8(), 0);
  EXPECT_TRUE(reader.take(0).empty());
  EXPECT_FALSE(reader.ok());
  EXPECT_FALSE(reader.ended_well());
  EXPECT_TRUE(reader.at_end());  // so that loops over it end
}

}  // namespace
}  // namespace causeway::wire::internal
