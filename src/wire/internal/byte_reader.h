// SPDX-License-Identifier: Apache-2.0
// Takes numbers and views off the front of a message in network byte order. A read that goes beyond
// the end gives zero or an empty view and marks the reader as failed for good, so that a decoder
// reads a run of fields and asks once. A reader owns nothing; its views live as long as its bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace causeway::wire::internal {

class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) noexcept : left_(bytes) {}

  // Whether every read so far was within the bytes.
  [[nodiscard]] bool ok() const noexcept { return !has_failed_; }
  [[nodiscard]] bool at_end() const noexcept { return left_.empty(); }
  // Both: all was there, and no more than that.
  [[nodiscard]] bool ended_well() const noexcept { return ok() && at_end(); }

  Bytes take(std::size_t size) noexcept {
    if (has_failed_ || size > left_.size()) {
      has_failed_ = true;
      left_ = {};
      return {};
    }
    const Bytes taken = left_.first(size);
    left_ = left_.subspan(size);
    return taken;
  }

  std::uint8_t take_u8() noexcept { return static_cast<std::uint8_t>(take_number(1)); }
  std::uint16_t take_u16() noexcept { return static_cast<std::uint16_t>(take_number(2)); }
  std::uint32_t take_u24() noexcept { return take_number(3); }
  std::uint32_t take_u32() noexcept { return take_number(4); }

  // A length and that many bytes.
  Bytes take_vector8() noexcept { return take(take_u8()); }
  Bytes take_vector16() noexcept { return take(take_u16()); }

  Bytes take_rest() noexcept { return take(left_.size()); }

 private:
  std::uint32_t take_number(std::size_t size) noexcept {
    std::uint32_t number = 0;
    for (const std::byte byte : take(size))
      number = (number << 8U) | static_cast<std::uint32_t>(byte);
    return number;
  }

  Bytes left_;
  bool has_failed_ = false;
};

}  // namespace causeway::wire::internal
