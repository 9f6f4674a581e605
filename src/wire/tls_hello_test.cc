// SPDX-License-Identifier: Apache-2.0
#include "wire/tls_hello.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "base/result.h"

namespace causeway::wire {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using base::as_bytes;
using Outcome = TlsHelloDecoded::Outcome;

std::string number(std::size_t value, unsigned size) {
  std::string text;
  for (unsigned i = size; i-- > 0;) text.push_back(static_cast<char>((value >> (8 * i)) & 0xffU));
  return text;
}

// A length of `size` bytes and what it counts.
std::string vector(unsigned size, std::string_view content) {
  return number(content.size(), size) + std::string(content);
}

std::string extension(std::uint16_t type, std::string_view data) {
  return number(type, 2) + vector(2, data);
}

std::string server_name(std::string_view host) {
  return extension(0, vector(2, "\0"s + vector(2, host)));
}

std::string alpn(const std::vector<std::string_view>& protocols) {
  std::string list;
  for (const auto protocol : protocols) list += vector(1, protocol);
  return extension(16, vector(2, list));
}

std::string supported_versions(std::string_view versions) {
  return extension(43, vector(1, versions));
}

// The parts of a ClientHello, each of which a test may spoil.
struct HelloParts {
  std::string version = "\x03\x03";
  std::string session_id = vector(1, std::string(32, 's'));
  std::string cipher_suites =
      vector(2, "\x0a\x0a\x13\x01\x13\x02");  // GREASE first, as browsers do
  std::string compressions = vector(1, "\0"sv);
  std::string extensions = vector(2, server_name("example.com") + alpn({"h2", "http/1.1"}) +
                                         supported_versions("\x0a\x0a\x03\x04\x03\x03"));
};

std::string message_of(const HelloParts& parts) {
  const std::string body = parts.version + std::string(32, 'r') + parts.session_id +
                           parts.cipher_suites + parts.compressions + parts.extensions;
  return "\x01" + vector(3, body);
}

std::string record(std::string_view fragment) { return "\x16\x03\x01" + vector(2, fragment); }

std::string hello_of(const HelloParts& parts) { return record(message_of(parts)); }

std::string hello_with(std::string_view extensions) {
  HelloParts parts;
  parts.extensions = vector(2, extensions);
  return hello_of(parts);
}

// `message` over records of at most `size` bytes each.
std::string fragmented(std::string_view message, std::size_t size) {
  std::string records;
  for (std::size_t at = 0; at < message.size(); at += size)
    records += record(message.substr(at, size));
  return records;
}

class TlsHelloTest : public testing::Test {
 protected:
  Result<TlsHelloDecoded> decode(std::string_view received) {
    return decode_tls_hello(as_bytes(received), *scratch_);
  }

  TlsHello hello(std::string_view received) {
    const auto result = decode(received);
    EXPECT_TRUE(result);
    if (!result) return {};
    EXPECT_EQ(result->outcome, Outcome::hello);
    return result->hello;
  }

  Errc refusal(std::string_view received) {
    const auto result = decode(received);
    EXPECT_FALSE(result);
    return result ? Errc::system : result.error().code;
  }

  Outcome outcome(std::string_view received) {
    const auto result = decode(received);
    EXPECT_TRUE(result);
    return result ? result->outcome : Outcome::not_tls;
  }

  std::unique_ptr<TlsHelloScratch> scratch_ = std::make_unique<TlsHelloScratch>();
};

TEST_F(TlsHelloTest, says_where_it_wants_to_go) {
  const auto bytes = hello_of({});
  const auto found = hello(bytes);
  EXPECT_EQ(found.host, "example.com");
  EXPECT_EQ(std::vector(found.alpn.begin(), found.alpn.end()), (std::vector{"h2"sv, "http/1.1"sv}));
  EXPECT_TRUE(found.alpn.contains("http/1.1"));
  EXPECT_FALSE(found.alpn.contains("http/1"));
  EXPECT_EQ(found.legacy_version, 0x0303);
  EXPECT_TRUE(found.offers_tls13);
}

TEST_F(TlsHelloTest, one_record_needs_no_scratch) {
  const auto bytes = hello_of({});
  scratch_->fill(std::byte{0xee});
  const auto found = hello(bytes);
  EXPECT_GE(found.host.data(), bytes.data());
  EXPECT_LT(found.host.data(), bytes.data() + bytes.size());
  EXPECT_TRUE(std::ranges::all_of(*scratch_, [](std::byte b) { return b == std::byte{0xee}; }));
}

TEST_F(TlsHelloTest, without_extensions_it_says_nothing) {
  HelloParts parts;
  parts.extensions = "";
  const auto bytes = hello_of(parts);
  const auto found = hello(bytes);
  EXPECT_EQ(found.host, "");
  EXPECT_TRUE(found.alpn.empty());
  EXPECT_FALSE(found.offers_tls13);
  EXPECT_EQ(hello(hello_with("")).host, "");
}

TEST_F(TlsHelloTest, unknown_and_grease_extensions_are_passed_over) {
  const auto bytes = hello_with(extension(0x1a1a, "") + server_name("a.example") +
                                extension(0xfe0d, "opaque") + extension(0x2a2a, "\0"sv));
  EXPECT_EQ(hello(bytes).host, "a.example");
}

TEST_F(TlsHelloTest, older_versions_are_told_apart) {
  HelloParts parts;
  parts.version = "\x03\x01";
  parts.extensions = vector(2, supported_versions("\x03\x03"));
  const auto found = hello(hello_of(parts));
  EXPECT_EQ(found.legacy_version, 0x0301);
  EXPECT_FALSE(found.offers_tls13);
}

TEST_F(TlsHelloTest, arrives_in_any_pieces) {
  const auto bytes = hello_of({});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(outcome(std::string_view(bytes).substr(0, size)), Outcome::need_more) << size;
  }
}

TEST_F(TlsHelloTest, may_be_split_over_records_anywhere) {
  const auto message = message_of({});
  for (std::size_t size = 1; size <= message.size(); ++size) {
    const auto bytes = fragmented(message, size);
    const auto found = hello(bytes);
    EXPECT_EQ(found.host, "example.com") << size;
    EXPECT_TRUE(found.alpn.contains("h2")) << size;
    EXPECT_TRUE(found.offers_tls13) << size;
  }
}

TEST_F(TlsHelloTest, split_records_arrive_in_any_pieces) {
  for (const std::size_t fragment : {1U, 3U, 7U, 60U}) {
    const auto bytes = fragmented(message_of({}), fragment);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_EQ(outcome(std::string_view(bytes).substr(0, size)), Outcome::need_more) << size;
    }
    EXPECT_EQ(outcome(bytes), Outcome::hello);
  }
}

TEST_F(TlsHelloTest, records_behind_it_are_the_business_of_others) {
  const auto bytes =
      hello_of({}) + "\x14\x03\x03\x00\x01\x01"s + "\x17\x03\x03"s + vector(2, "early data");
  EXPECT_EQ(hello(bytes).host, "example.com");
}

TEST_F(TlsHelloTest, nothing_may_follow_it_in_its_record) {
  EXPECT_EQ(refusal(record(message_of({}) + "x")), Errc::tls_hello_invalid);
  EXPECT_EQ(refusal(record(message_of({}) + message_of({}))), Errc::tls_hello_invalid);
  // Known as soon as both lengths are: the last byte need not arrive.
  const auto bytes = record(message_of({}) + "x");
  EXPECT_EQ(refusal(std::string_view(bytes).substr(0, 9)), Errc::tls_hello_invalid);
}

TEST_F(TlsHelloTest, what_does_not_begin_as_a_handshake_is_not_tls) {
  for (const auto bytes :
       {"GET / HTTP/1.1\r\n"sv, "SSH-2.0-"sv, "\0"sv, "\x80\x2e\x01\x03\x01"sv, "\x15\x03\x01"sv}) {
    EXPECT_EQ(outcome(bytes), Outcome::not_tls);
  }
  EXPECT_EQ(outcome(""), Outcome::need_more);
}

TEST_F(TlsHelloTest, records_that_no_handshake_is_made_of_are_refused) {
  const auto message = message_of({});
  EXPECT_EQ(refusal("\x16\x02\x01" + vector(2, message)), Errc::tls_hello_invalid);
  EXPECT_EQ(refusal("\x16\x03\x01\x00\x00"s), Errc::tls_hello_invalid);
  EXPECT_EQ(refusal("\x16\x03\x01\x40\x01"s), Errc::tls_hello_invalid);
  EXPECT_EQ(refusal(record(message.substr(0, 50)) + "\x17\x03\x01\x00\x01x"s),
            Errc::tls_hello_invalid);
  EXPECT_EQ(refusal(record(message.substr(0, 50)) + "\x16\x03\x01\x00\x00"s),
            Errc::tls_hello_invalid);
}

TEST_F(TlsHelloTest, other_handshake_messages_are_refused_at_their_first_byte) {
  EXPECT_EQ(refusal("\x16\x03\x01\x00\x30\x02"s), Errc::tls_hello_invalid);
  EXPECT_EQ(refusal("\x16\x03\x01\x00\x30\x00"s), Errc::tls_hello_invalid);
}

TEST_F(TlsHelloTest, fields_out_of_their_bounds_are_refused) {
  const auto refused_with = [this](auto spoil) {
    HelloParts parts;
    spoil(parts);
    return refusal(hello_of(parts));
  };
  EXPECT_EQ(refused_with([](HelloParts& p) { p.version = "\x02\x00"s; }), Errc::tls_hello_invalid);
  EXPECT_EQ(refused_with([](HelloParts& p) { p.session_id = vector(1, std::string(33, 's')); }),
            Errc::tls_hello_invalid);
  EXPECT_EQ(refused_with([](HelloParts& p) { p.cipher_suites = vector(2, ""); }),
            Errc::tls_hello_invalid);
  EXPECT_EQ(refused_with([](HelloParts& p) { p.cipher_suites = vector(2, "\x13\x01\x13"); }),
            Errc::tls_hello_invalid);
  EXPECT_EQ(refused_with([](HelloParts& p) { p.compressions = vector(1, ""); }),
            Errc::tls_hello_invalid);
  EXPECT_EQ(refused_with([](HelloParts& p) { p.compressions = vector(1, "\x01"); }),
            Errc::tls_hello_invalid);
  EXPECT_EQ(refused_with([](HelloParts& p) { p.extensions += "x"; }), Errc::tls_hello_invalid);
  EXPECT_EQ(refused_with([](HelloParts& p) { p.extensions.pop_back(); }), Errc::tls_hello_invalid);
  EXPECT_EQ(refused_with([](HelloParts& p) { p.extensions = "\0"s; }), Errc::tls_hello_invalid);
  EXPECT_EQ(refused_with([](HelloParts& p) { p.extensions = vector(2, "\0\0"sv); }),
            Errc::tls_hello_invalid);
  EXPECT_EQ(refused_with([](HelloParts& p) { p.extensions = vector(2, "\x1a\x1a\x00\x05x"sv); }),
            Errc::tls_hello_invalid);
}

TEST_F(TlsHelloTest, a_message_that_is_cut_short_is_refused) {
  const auto message = message_of({});
  for (std::size_t body = 0; body < message.size() - 4; ++body) {
    if (body == 32 + 2 + 33 + 8 + 2) continue;  // ends before the extensions: that is allowed
    const auto cut = "\x01" + vector(3, std::string_view(message).substr(4, body));
    EXPECT_EQ(refusal(record(cut)), Errc::tls_hello_invalid) << body;
  }
}

TEST_F(TlsHelloTest, an_extension_that_comes_twice_is_refused) {
  EXPECT_EQ(refusal(hello_with(server_name("a.example") + server_name("b.example"))),
            Errc::tls_hello_invalid);
  EXPECT_EQ(
      refusal(hello_with(extension(0xabcd, "") + server_name("a.example") + extension(0xabcd, ""))),
      Errc::tls_hello_invalid);
}

TEST_F(TlsHelloTest, the_host_is_one_valid_name) {
  EXPECT_EQ(hello(hello_with(server_name("xn--bcher-kva.Example"))).host, "xn--bcher-kva.Example");
  for (const auto host : {""sv, "example.com."sv, "a..b"sv, "192.0.2.1"sv, "[::1]"sv, "::1"sv,
                          "a b"sv, "a\0.b"sv, "*.example.com"sv, "example.com/"sv, "../etc"sv}) {
    EXPECT_EQ(refusal(hello_with(server_name(host))), Errc::tls_hello_invalid) << host;
  }
  EXPECT_EQ(refusal(hello_with(server_name(std::string(254, 'a')))), Errc::tls_hello_invalid);
}

TEST_F(TlsHelloTest, a_server_name_list_holds_exactly_one_host_name) {
  const auto one = "\0"s + vector(2, "a.example");
  for (const auto& data :
       {""s, vector(2, ""), vector(2, one + one), vector(2, "\x01"s + vector(2, "a.example")),
        vector(2, one) + "x", vector(2, one + "x"), "\0\x40"s + one,
        vector(2,
               "\0\0\x05"
               "a"sv)}) {
    EXPECT_EQ(refusal(hello_with(extension(0, data))), Errc::tls_hello_invalid);
  }
}

TEST_F(TlsHelloTest, protocols_are_a_list_of_names_that_are_not_empty) {
  for (const auto& data :
       {""s, vector(2, ""), vector(2, "\0"sv), vector(2, vector(1, "h2") + "\0"s),
        vector(2, "\x03h2"), vector(2, vector(1, "h2")) + "x", "\0\x09\x02h2"s}) {
    EXPECT_EQ(refusal(hello_with(extension(16, data))), Errc::tls_hello_invalid);
  }
  const std::string longest(255, 'p');
  EXPECT_TRUE(hello(hello_with(alpn({longest}))).alpn.contains(longest));
}

TEST_F(TlsHelloTest, supported_versions_are_pairs_of_bytes) {
  for (const auto& data : {""s, vector(1, ""), vector(1, "\x03"), vector(1, "\x03\x04\x03"),
                           vector(1, "\x03\x04") + "x"}) {
    EXPECT_EQ(refusal(hello_with(extension(43, data))), Errc::tls_hello_invalid);
  }
}

TEST_F(TlsHelloTest, is_bounded_in_one_record) {
  const auto padded = [](std::size_t total) {
    const auto bare = hello_with(server_name("a.example") + extension(21, "")).size();
    return hello_with(server_name("a.example") + extension(21, std::string(total - bare, '\0')));
  };
  const auto largest = padded(kTlsHelloBytesMax);
  ASSERT_EQ(largest.size(), kTlsHelloBytesMax);
  EXPECT_EQ(hello(largest).host, "a.example");
  EXPECT_EQ(outcome(std::string_view(largest).substr(0, largest.size() - 1)), Outcome::need_more);
  EXPECT_EQ(hello(largest + "behind it").host, "a.example");

  const auto larger = padded(kTlsHelloBytesMax + 1);
  EXPECT_EQ(refusal(larger), Errc::tls_hello_too_large);
  EXPECT_EQ(refusal(larger.substr(0, 9)), Errc::tls_hello_too_large);  // said at once
}

TEST_F(TlsHelloTest, is_bounded_over_many_records) {
  HelloParts parts;
  parts.extensions = vector(2, extension(21, std::string(4000, '\0')));
  const auto bytes = fragmented(message_of(parts), 1);  // six bytes for each of its own
  EXPECT_EQ(refusal(bytes), Errc::tls_hello_too_large);
  EXPECT_EQ(refusal(std::string_view(bytes).substr(0, kTlsHelloBytesMax)),
            Errc::tls_hello_too_large);
}

TEST_F(TlsHelloTest, a_length_of_16_mebibytes_is_refused_at_once) {
  EXPECT_EQ(refusal("\x16\x03\x01\x40\x00\x01\xff\xff\xff"s), Errc::tls_hello_too_large);
}

TEST(AlpnList, an_empty_list_is_walked_in_no_steps) {
  const AlpnList none;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.begin(), none.end());
  EXPECT_FALSE(none.contains(""));
}

}  // namespace
}  // namespace causeway::wire
