// SPDX-License-Identifier: Apache-2.0
// What a TLS ClientHello says about where its connection wants to go: the host name (SNI, RFC 6066
// section 3), the application protocols (ALPN, RFC 7301) and the versions, read without taking part
// in the handshake. A function of bytes: no I/O, no allocation, no state; it decrypts and verifies
// nothing. With Encrypted Client Hello it sees the outer name.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"

namespace causeway::wire {

// The most that is ever looked at, headers of records included. A ClientHello has a few hundred
// bytes, and about 2 KiB with post-quantum keys.
inline constexpr std::size_t kTlsHelloBytesMax = std::size_t{16} * 1024;

// The protocols offered, in the order of preference. A view of checked bytes.
class AlpnList {
 public:
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    using pointer = const std::string_view*;
    using reference = std::string_view;

    Iterator() noexcept = default;
    explicit Iterator(Bytes left) noexcept : left_(left) {}
    [[nodiscard]] std::string_view operator*() const noexcept {
      return base::as_text(left_.subspan(1, size()));
    }
    Iterator& operator++() noexcept {
      left_ = left_.subspan(1 + size());
      return *this;
    }
    Iterator operator++(int) noexcept {
      return std::exchange(*this, Iterator(left_.subspan(1 + size())));
    }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept {
      return a.left_.size() == b.left_.size();
    }

   private:
    [[nodiscard]] std::size_t size() const noexcept {
      return static_cast<std::size_t>(left_.front());
    }
    Bytes left_;
  };

  AlpnList() noexcept = default;
  // `entries` are one or more of a length byte and that many bytes, as parsed.
  explicit AlpnList(Bytes entries) noexcept : entries_(entries) {}

  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  [[nodiscard]] Iterator begin() const noexcept { return Iterator(entries_); }
  [[nodiscard]] Iterator end() const noexcept { return Iterator(); }
  [[nodiscard]] bool contains(std::string_view protocol) const noexcept;

 private:
  Bytes entries_;
};

// All views lie in what was given to decode_tls_hello(), received bytes or scratch.
struct TlsHello {
  // A host name as base::is_host_name() has it, letters of either case as sent; empty without SNI.
  std::string_view host;
  AlpnList alpn;
  std::uint16_t legacy_version = 0;
  bool offers_tls13 = false;
};

struct TlsHelloDecoded {
  enum class Outcome : std::uint8_t {
    need_more,  // ask again from the start when more has arrived
    not_tls,    // the first byte is that of no TLS handshake record
    hello,
  };
  Outcome outcome = Outcome::need_more;
  TlsHello hello = {};  // only with Outcome::hello
};

// Where a message that is split over several records is put together. One per worker will do.
using TlsHelloScratch = std::array<std::byte, kTlsHelloBytesMax>;

// Decodes the ClientHello at the front of a connection, from one or more records (RFC 8446 sections
// 4.1.2 and 5.1). `scratch` is written to only if the message is split over records.
// Errors: tls_hello_invalid; tls_hello_too_large as soon as it is clear that the message does not
// end within kTlsHelloBytesMax. More bytes never change an outcome other than need_more.
[[nodiscard]] Result<TlsHelloDecoded> decode_tls_hello(Bytes received,
                                                       TlsHelloScratch& scratch) noexcept;

}  // namespace causeway::wire
