// SPDX-License-Identifier: Apache-2.0
// The decoder of the ClientHello: it reads nothing outside its bytes, its views lie in them or in
// the scratch, the answer does not depend on how the bytes arrive, nor on how the message is split
// over records.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/host_name.h"
#include "wire/tls_hello.h"

namespace causeway::wire {
namespace {

using Outcome = TlsHelloDecoded::Outcome;

constexpr std::size_t kRecordHeaderBytes = 5;

// What a decoder said, without views, so that two answers can be compared.
struct Answer {
  bool is_error = false;
  Error error = {};
  Outcome outcome = Outcome::need_more;
  std::string host;
  std::vector<std::string> alpn;
  std::uint16_t legacy_version = 0;
  bool offers_tls13 = false;
  friend bool operator==(const Answer&, const Answer&) = default;

  [[nodiscard]] bool waits() const { return !is_error && outcome == Outcome::need_more; }
};

bool lies_in(Bytes inner, Bytes outer) {
  return inner.data() >= outer.data() && inner.data() + inner.size() <= outer.data() + outer.size();
}

// The bytes lie in memory of their own, so that a read beyond them is seen; so does the scratch.
Answer decode(Bytes bytes) {
  const std::vector<std::byte> exact(bytes.begin(), bytes.end());
  const auto scratch = std::make_unique<TlsHelloScratch>();
  const auto decoded = decode_tls_hello(exact, *scratch);
  Answer answer;
  if (!decoded) {
    answer.is_error = true;
    answer.error = decoded.error();
    return answer;
  }
  answer.outcome = decoded->outcome;
  if (decoded->outcome != Outcome::hello) return answer;

  const auto& hello = decoded->hello;
  for (const auto protocol : hello.alpn) {
    CW_ASSERT(!protocol.empty());
    CW_ASSERT(lies_in(base::as_bytes(protocol), exact) ||
              lies_in(base::as_bytes(protocol), *scratch));
    answer.alpn.emplace_back(protocol);
  }
  CW_ASSERT(hello.host.empty() || base::is_host_name(hello.host));
  answer.host = hello.host;
  answer.legacy_version = hello.legacy_version;
  answer.offers_tls13 = hello.offers_tls13;
  return answer;
}

void check_arrival(Bytes bytes, const Answer& whole) {
  const std::size_t step = 1 + bytes.size() / 128;
  for (std::size_t size = 0; size < bytes.size(); size += step) {
    const Answer part = decode(bytes.first(size));
    CW_ASSERT(part.waits() || part == whole);
  }
}

// The message of the first record again, in records of `fragment_bytes`.
void check_fragments(Bytes bytes, const Answer& whole, std::size_t fragment_bytes) {
  const std::size_t message_bytes =
      static_cast<std::size_t>(bytes[3]) << 8U | static_cast<std::size_t>(bytes[4]);
  if (bytes.size() < kRecordHeaderBytes + message_bytes) return;  // it was split already
  const Bytes message = bytes.subspan(kRecordHeaderBytes, message_bytes);
  std::vector<std::byte> records;
  for (std::size_t at = 0; at < message.size(); at += fragment_bytes) {
    const Bytes fragment = message.subspan(at, std::min(fragment_bytes, message.size() - at));
    records.insert(records.end(), {bytes[0], bytes[1], bytes[2], std::byte(fragment.size() >> 8U),
                                   std::byte(fragment.size() & 0xffU)});
    records.insert(records.end(), fragment.begin(), fragment.end());
  }
  const Answer again = decode(records);
  if (records.size() > kTlsHelloBytesMax) {
    CW_ASSERT(again.is_error && again.error.code == Errc::tls_hello_too_large);
  } else if (const Answer one = decode(bytes.first(kRecordHeaderBytes + message_bytes));
             !one.waits()) {
    CW_ASSERT(again == one && again == whole);
  }
}

void check(Bytes bytes) {
  const Answer whole = decode(bytes);
  check_arrival(bytes, whole);
  if (whole.outcome != Outcome::hello) return;
  const auto last = static_cast<std::size_t>(bytes.back());
  for (const std::size_t fragment_bytes : {std::size_t{1}, std::size_t{5}, last + 1}) {
    check_fragments(bytes, whole, fragment_bytes);
  }
}

}  // namespace
}  // namespace causeway::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  causeway::wire::check(std::as_bytes(std::span(data, size)));
  return 0;
}
