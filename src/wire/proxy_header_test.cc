// SPDX-License-Identifier: Apache-2.0
#include "wire/proxy_header.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/bytes.h"
#include "base/error.h"
#include "wire/internal/crc32c.h"

namespace causeway::wire {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using base::as_bytes;
using base::as_text;
using base::SocketAddress;

constexpr std::string_view kSignature = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::string_view kFourAddresses = "\xc0\x00\x02\x01\xc6\x33\x64\x02\xdc\x04\x01\xbb"sv;

ProxyAddresses between(std::string_view source, std::string_view destination) {
  return {.source = SocketAddress::parse(source).value(),
          .destination = SocketAddress::parse(destination).value()};
}

std::string u16(std::size_t number) {
  return {static_cast<char>(number >> 8U), static_cast<char>(number & 0xffU)};
}

std::string tlv(std::uint8_t type, std::string_view value) {
  return std::string(1, static_cast<char>(type)) + u16(value.size()) + std::string(value);
}

std::string v2(std::uint8_t command, std::uint8_t family, std::string_view rest) {
  return std::string(kSignature) + static_cast<char>(command) + static_cast<char>(family) +
         u16(rest.size()) + std::string(rest);
}

std::string v2_tcp4(std::string_view tlvs) {
  return v2(0x21, 0x11, std::string(kFourAddresses) + std::string(tlvs));
}

// Writes the checksum of all of `header` into its last four bytes.
std::string with_checksum(std::string header) {
  const auto crc =
      internal::crc32c_finish(internal::crc32c_add(internal::kCrc32cStart, as_bytes(header)));
  for (std::size_t i = 0; i < 4; ++i) {
    header[header.size() - 1 - i] = static_cast<char>((crc >> (8 * i)) & 0xffU);
  }
  return header;
}

ProxyHeader decoded(std::string_view received) {
  const auto result = decode_proxy_header(as_bytes(received));
  EXPECT_TRUE(result && *result) << received;
  return result && *result ? **result : ProxyHeader();
}

Errc refusal(std::string_view received) {
  const auto result = decode_proxy_header(as_bytes(received));
  EXPECT_FALSE(result) << received;
  return result ? Errc::system : result.error().code;
}

// Every true prefix asks for more, and bytes behind the header change nothing.
void expect_incremental(std::string_view header) {
  for (std::size_t size = 0; size < header.size(); ++size) {
    const auto result = decode_proxy_header(as_bytes(header.substr(0, size)));
    ASSERT_TRUE(result) << size;
    EXPECT_FALSE(*result) << size;
  }
  const std::string followed = std::string(header) + "GET / HTTP/1.1\r\n";
  EXPECT_EQ(decoded(followed).size_bytes, header.size());
}

TEST(ProxyV1, names_both_ends_of_an_ipv4_connection) {
  const auto header = decoded("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\nGET");
  EXPECT_EQ(header.version, 1);
  EXPECT_EQ(header.size_bytes, 45U);
  EXPECT_EQ(header.command, ProxyHeader::Command::proxy);
  EXPECT_EQ(header.transport, ProxyTransport::stream);
  EXPECT_EQ(header.addresses, between("192.0.2.1:56324", "198.51.100.2:443"));
}

TEST(ProxyV1, names_both_ends_of_an_ipv6_connection) {
  const auto header = decoded("PROXY TCP6 2001:db8::1 ::1 0 65535\r\n");
  EXPECT_EQ(header.addresses, between("[2001:db8::1]:0", "[::1]:65535"));
}

TEST(ProxyV1, unknown_says_nothing_whatever_follows_it) {
  for (const auto line : {"PROXY UNKNOWN\r\n"sv, "PROXY UNKNOWN \r\n"sv,
                          "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n"sv}) {
    const auto header = decoded(line);
    EXPECT_EQ(header.size_bytes, line.size());
    EXPECT_FALSE(header.addresses);
    EXPECT_EQ(header.transport, ProxyTransport::unspecified);
  }
}

TEST(ProxyV1, arrives_in_any_pieces) {
  expect_incremental("PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n");
  expect_incremental("PROXY UNKNOWN\r\n");
}

TEST(ProxyV1, has_one_spelling_only) {
  for (const auto line : {"PROXY TCP4 192.0.2.1  198.51.100.2 1 2\r\n"sv,
                          "PROXY  TCP4 192.0.2.1 198.51.100.2 1 2\r\n"sv,
                          "PROXY TCP4 192.0.2.1 198.51.100.2 1 2 \r\n"sv,
                          "PROXY TCP4 192.0.2.1 198.51.100.2 1\r\n"sv,
                          "PROXY TCP4 192.0.2.1 198.51.100.2 1 2 3\r\n"sv,
                          "PROXY TCP4 192.0.2.1 198.51.100.2 01 2\r\n"sv,
                          "PROXY TCP4 192.0.2.1 198.51.100.2 65536 2\r\n"sv,
                          "PROXY TCP4 192.0.2.1 198.51.100.2 -1 2\r\n"sv,
                          "PROXY TCP4 192.0.2.1 198.51.100.2 1 \r\n"sv,
                          "PROXY TCP4 192.0.2.01 198.51.100.2 1 2\r\n"sv,
                          "PROXY TCP4 192.0.2.256 198.51.100.2 1 2\r\n"sv,
                          "PROXY TCP4 ::1 ::1 1 2\r\n"sv,
                          "PROXY TCP6 192.0.2.1 198.51.100.2 1 2\r\n"sv,
                          "PROXY TCP6 [::1] ::1 1 2\r\n"sv,
                          "PROXY TCP6 ::1%lo ::1 1 2\r\n"sv,
                          "PROXY tcp4 192.0.2.1 198.51.100.2 1 2\r\n"sv,
                          "PROXY UDP4 192.0.2.1 198.51.100.2 1 2\r\n"sv,
                          "PROXY UNKNOWNX\r\n"sv,
                          "PROXY \r\n"sv,
                          "PROXY TCP4\r\n"sv,
                          "PROXY TCP4\t192.0.2.1 198.51.100.2 1 2\r\n"sv,
                          "PROXY TCP4 localhost 198.51.100.2 1 2\r\n"sv}) {
    EXPECT_EQ(refusal(line), Errc::proxy_header_invalid) << line;
  }
}

TEST(ProxyV1, its_line_ends_with_cr_lf_and_neither_alone) {
  EXPECT_EQ(refusal("PROXY TCP4 192.0.2.1 198.51.100.2 1 2\n"), Errc::proxy_header_invalid);
  EXPECT_EQ(refusal("PROXY TCP4 192.0.2.1 198.51.100.2 1 2\rX"), Errc::proxy_header_invalid);
  EXPECT_EQ(refusal("PROXY UNKNOWN \n\r\n"), Errc::proxy_header_invalid);
  EXPECT_EQ(refusal("PROXY UNKNOWN \r \r\n"), Errc::proxy_header_invalid);
}

TEST(ProxyV1, ends_within_107_bytes) {
  const std::string start = "PROXY UNKNOWN ";
  const std::string longest =
      start + std::string(kProxyV1BytesMax - start.size() - 2, 'x') + "\r\n";
  EXPECT_EQ(decoded(longest).size_bytes, kProxyV1BytesMax);

  const std::string endless = start + std::string(200, 'x');
  EXPECT_EQ(refusal(endless), Errc::proxy_header_invalid);
  EXPECT_EQ(refusal(endless.substr(0, kProxyV1BytesMax)), Errc::proxy_header_invalid);
  EXPECT_EQ(decode_proxy_header(as_bytes(endless).first(kProxyV1BytesMax - 1)).value(),
            std::nullopt);
  EXPECT_EQ(refusal(longest.substr(0, longest.size() - 2) + "x\r\n"), Errc::proxy_header_invalid);
}

TEST(ProxyHeader, anything_else_is_no_header_at_all_and_said_at_once) {
  for (const auto bytes : {"GET / HTTP/1.1\r\n\r\n"sv, "G"sv, "PROXX"sv, "proxy "sv, "PROXY\t"sv,
                           "\r\n\r\n\r"sv, "\x16\x03\x01"sv, "\0"sv}) {
    EXPECT_EQ(refusal(bytes), Errc::proxy_header_missing) << bytes;
  }
}

TEST(ProxyV2, names_both_ends_of_an_ipv4_connection) {
  const auto bytes = v2_tcp4("");
  const auto header = decoded(bytes);
  EXPECT_EQ(header.version, 2);
  EXPECT_EQ(header.size_bytes, 28U);
  EXPECT_EQ(header.command, ProxyHeader::Command::proxy);
  EXPECT_EQ(header.transport, ProxyTransport::stream);
  EXPECT_EQ(header.addresses, between("192.0.2.1:56324", "198.51.100.2:443"));
}

TEST(ProxyV2, names_both_ends_of_an_ipv6_flow_of_datagrams) {
  const std::string source = "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01";
  const std::string destination = std::string(15, '\0') + "\x01";
  const auto bytes = v2(0x21, 0x22, source + destination + "\x00\x35\xff\xff"s);
  const auto header = decoded(bytes);
  EXPECT_EQ(header.transport, ProxyTransport::datagram);
  EXPECT_EQ(header.addresses, between("[2001:db8::1]:53", "[::1]:65535"));
}

TEST(ProxyV2, names_unix_sockets_by_path) {
  std::string paths(216, '\0');
  paths.replace(0, 9, "/run/a.so");
  paths.replace(108, 5, "\0name"s);
  const auto bytes = v2(0x21, 0x31, paths);
  const auto header = decoded(bytes);
  EXPECT_EQ(header.source_path, "/run/a.so");
  EXPECT_EQ(header.destination_path, "\0name"sv);
  EXPECT_FALSE(header.addresses);
  EXPECT_EQ(header.transport, ProxyTransport::stream);

  const auto unnamed = v2(0x21, 0x32, std::string(108, '\0') + std::string(108, 'x'));
  EXPECT_EQ(decoded(unnamed).source_path, "");
  EXPECT_EQ(decoded(unnamed).destination_path, std::string(108, 'x'));
  EXPECT_EQ(decoded(unnamed).transport, ProxyTransport::datagram);
}

TEST(ProxyV2, arrives_in_any_pieces) {
  expect_incremental(v2_tcp4(""));
  expect_incremental(v2_tcp4(tlv(0x01, "h2") + tlv(0x02, "example.com")));
  expect_incremental(v2(0x20, 0x00, ""));
}

TEST(ProxyV2, local_stands_for_nobody_whatever_follows_it) {
  for (const auto& bytes :
       {v2(0x20, 0x00, ""), v2(0x20, 0x11, kFourAddresses), v2(0x20, 0xff, "junk")}) {
    const auto header = decoded(bytes);
    EXPECT_EQ(header.command, ProxyHeader::Command::local);
    EXPECT_EQ(header.size_bytes, bytes.size());
    EXPECT_FALSE(header.addresses);
  }
}

TEST(ProxyV2, an_unspecified_family_has_no_addresses) {
  const auto bytes = v2(0x21, 0x00, tlv(0x02, "example.com"));
  const auto header = decoded(bytes);
  EXPECT_FALSE(header.addresses);
  EXPECT_EQ(header.transport, ProxyTransport::unspecified);
  EXPECT_EQ(header.authority, "example.com");
}

TEST(ProxyV2, other_versions_commands_and_families_are_refused) {
  for (const int command : {0x00, 0x11, 0x22, 0x2f, 0x31, 0xff}) {
    EXPECT_EQ(refusal(v2(static_cast<std::uint8_t>(command), 0x11, kFourAddresses)),
              Errc::proxy_header_invalid)
        << command;
  }
  for (const int family : {0x01, 0x02, 0x10, 0x13, 0x20, 0x23, 0x30, 0x33, 0x41, 0xff}) {
    EXPECT_EQ(refusal(v2(0x21, static_cast<std::uint8_t>(family), std::string(216, '\0'))),
              Errc::proxy_header_invalid)
        << family;
  }
}

TEST(ProxyV2, a_bad_command_is_refused_before_the_rest_arrives) {
  EXPECT_EQ(refusal(std::string(kSignature) + "\x31"), Errc::proxy_header_invalid);
}

TEST(ProxyV2, an_address_block_that_is_too_short_is_refused) {
  EXPECT_EQ(refusal(v2(0x21, 0x11, kFourAddresses.substr(1))), Errc::proxy_header_invalid);
  EXPECT_EQ(refusal(v2(0x21, 0x11, "")), Errc::proxy_header_invalid);
  EXPECT_EQ(refusal(v2(0x21, 0x21, std::string(35, '\0'))), Errc::proxy_header_invalid);
  EXPECT_EQ(refusal(v2(0x21, 0x31, std::string(215, '\0'))), Errc::proxy_header_invalid);
}

TEST(ProxyV2, is_bounded_and_refused_before_it_arrives) {
  const std::string room(kProxyHeaderBytesMax - 16 - 12 - 3, '\0');
  const auto longest = v2_tcp4(tlv(0x04, room));
  EXPECT_EQ(decoded(longest).size_bytes, kProxyHeaderBytesMax);
  const auto longer = v2_tcp4(tlv(0x04, room + "x"));
  EXPECT_EQ(refusal(longer.substr(0, 16)), Errc::proxy_header_invalid);
  EXPECT_EQ(refusal(v2(0x20, 0, std::string(kProxyHeaderBytesMax, '\0')).substr(0, 16)),
            Errc::proxy_header_invalid);
}

TEST(ProxyV2, tlvs_are_given_as_they_came) {
  const auto bytes = v2_tcp4(tlv(0x01, "h2") + tlv(0x02, "example.com") + tlv(0x05, "id-1") +
                             tlv(0x30, "blue") + tlv(0x04, "padding") + tlv(0xea, "cloud"));
  const auto header = decoded(bytes);
  EXPECT_EQ(header.alpn, "h2");
  EXPECT_EQ(header.authority, "example.com");
  EXPECT_EQ(as_text(header.unique_id), "id-1");
  EXPECT_EQ(header.netns, "blue");
  EXPECT_FALSE(header.tls);
}

TEST(ProxyV2, the_tls_tlv_holds_tlvs_of_its_own) {
  const auto bytes = v2_tcp4(tlv(
      0x20, "\x07\0\0\0\0"s + tlv(0x21, "TLSv1.3") + tlv(0x22, "device-7") +
                tlv(0x23, "TLS_AES_128_GCM_SHA256") + tlv(0x24, "SHA256") + tlv(0x25, "EC256")));
  const auto header = decoded(bytes);
  ASSERT_TRUE(header.tls);
  EXPECT_TRUE(header.tls->is_tls);
  EXPECT_TRUE(header.tls->has_connection_cert);
  EXPECT_TRUE(header.tls->has_session_cert);
  EXPECT_TRUE(header.tls->is_verified);
  EXPECT_EQ(header.tls->version, "TLSv1.3");
  EXPECT_EQ(header.tls->common_name, "device-7");
  EXPECT_EQ(header.tls->cipher, "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(header.tls->signature_algorithm, "SHA256");
  EXPECT_EQ(header.tls->key_algorithm, "EC256");
}

TEST(ProxyV2, a_certificate_is_verified_only_if_there_was_one_and_it_was_good) {
  const auto is_verified = [](std::string_view flags_and_verify) {
    const auto bytes = v2_tcp4(tlv(0x20, flags_and_verify));
    return decoded(bytes).tls.value().is_verified;
  };
  EXPECT_TRUE(is_verified("\x03\0\0\0\0"sv));
  EXPECT_TRUE(is_verified("\x05\0\0\0\0"sv));
  EXPECT_FALSE(is_verified("\x03\0\0\0\x01"sv));
  EXPECT_FALSE(is_verified("\x01\0\0\0\0"sv));
}

TEST(ProxyV2, tlvs_that_do_not_fit_are_refused) {
  for (const auto& tlvs :
       {"\x01"s, "\x01\x00"s, "\x01\x00\x05"s + "h2", tlv(0x04, "ok") + "\x04\xff\xff"s,
        tlv(0x20, "\x01\0\0\0"sv), tlv(0x20, "\x01\0\0\0\0\x21\0\x09"s + "TLSv1.3"),
        tlv(0x05, std::string(129, 'x'))}) {
    EXPECT_EQ(refusal(v2_tcp4(tlvs)), Errc::proxy_header_invalid);
  }
  const auto longest_id = v2_tcp4(tlv(0x05, std::string(128, 'x')));
  EXPECT_EQ(decoded(longest_id).unique_id.size(), 128U);
}

TEST(ProxyV2, a_tlv_that_comes_twice_is_ambiguous) {
  EXPECT_EQ(refusal(v2_tcp4(tlv(0x02, "a.example") + tlv(0x02, "b.example"))),
            Errc::proxy_header_invalid);
  EXPECT_EQ(refusal(v2_tcp4(tlv(0x20, "\x01\0\0\0\0"s + tlv(0x22, "a") + tlv(0x22, "b")))),
            Errc::proxy_header_invalid);
  const auto padded_twice = v2_tcp4(tlv(0x04, "") + tlv(0x04, ""));
  EXPECT_EQ(decoded(padded_twice).size_bytes, padded_twice.size());
}

TEST(ProxyV2, the_checksum_is_verified_where_there_is_one) {
  const auto good = with_checksum(v2_tcp4(tlv(0x02, "example.com") + tlv(0x03, "\0\0\0\0"sv)));
  EXPECT_EQ(decoded(good).authority, "example.com");
  for (std::size_t i = 16; i < good.size() - 7; ++i) {  // each byte of addresses and authority
    auto damaged = good;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_EQ(refusal(damaged), Errc::proxy_header_invalid) << i;
  }
  auto wrong = good;
  wrong.back() = static_cast<char>(wrong.back() ^ 0x80);
  EXPECT_EQ(refusal(wrong), Errc::proxy_header_invalid);
  EXPECT_EQ(refusal(v2_tcp4(tlv(0x03, "\0\0\0"sv))), Errc::proxy_header_invalid);
}

TEST(ProxyV2, the_checksum_may_stand_before_other_tlvs) {
  auto header = v2_tcp4(tlv(0x03, "\0\0\0\0"sv) + tlv(0x02, "a"));
  const auto crc =
      internal::crc32c_finish(internal::crc32c_add(internal::kCrc32cStart, as_bytes(header)));
  for (std::size_t i = 0; i < 4; ++i) header[34 - i] = static_cast<char>((crc >> (8 * i)) & 0xffU);
  EXPECT_EQ(decoded(header).authority, "a");
}

TEST(ProxyEncode, writes_what_the_specification_shows) {
  ProxyHeaderBuffer buffer;
  EXPECT_EQ(as_text(encode_proxy_v1(between("192.0.2.1:56324", "198.51.100.2:443"), buffer)),
            "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n");
  EXPECT_EQ(as_text(encode_proxy_v1(between("[2001:db8::1]:1", "[::1]:2"), buffer)),
            "PROXY TCP6 2001:db8::1 ::1 1 2\r\n");
  EXPECT_EQ(as_text(encode_proxy_v2(between("192.0.2.1:56324", "198.51.100.2:443"),
                                    ProxyTransport::stream, buffer)),
            v2_tcp4(""));
  EXPECT_EQ(as_text(encode_proxy_v2_local(buffer)), v2(0x20, 0x00, ""));
  EXPECT_EQ(as_text(encode_proxy_v2_unknown(buffer)), v2(0x21, 0x00, ""));
  EXPECT_EQ(as_text(encode_proxy_v1_unknown(buffer)), "PROXY UNKNOWN\r\n");
}

TEST(ProxyEncode, what_is_written_is_read_back) {
  const std::string_view places[] = {
      "192.0.2.1:1", "0.0.0.0:0",        "255.255.255.255:65535",
      "[::]:0",      "[2001:db8::1]:80", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"};
  for (const auto source : places) {
    for (const auto destination : places) {
      const auto addresses = between(source, destination);
      ProxyHeaderBuffer buffer;
      EXPECT_EQ(decoded(as_text(encode_proxy_v1(addresses, buffer))).addresses, addresses);
      for (const auto transport : {ProxyTransport::stream, ProxyTransport::datagram}) {
        const auto header = decoded(as_text(encode_proxy_v2(addresses, transport, buffer)));
        EXPECT_EQ(header.addresses, addresses);
        EXPECT_EQ(header.transport, transport);
      }
    }
  }
}

TEST(ProxyEncode, two_families_are_both_written_as_ipv6) {
  ProxyHeaderBuffer buffer;
  const auto addresses = between("192.0.2.1:1", "[2001:db8::1]:2");
  EXPECT_EQ(as_text(encode_proxy_v1(addresses, buffer)),
            "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::1 1 2\r\n");
  EXPECT_EQ(encode_proxy_v2(addresses, ProxyTransport::stream, buffer).size(), 52U);
}

TEST(ProxyDatagram, carries_header_and_payload_in_one) {
  ProxyHeaderBuffer buffer;
  const auto addresses = between("192.0.2.1:53", "198.51.100.2:53");
  const auto header = encode_proxy_v2(addresses, ProxyTransport::datagram, buffer);
  const std::string datagram = std::string(as_text(header)) + "payload";
  const auto decoded_header = decode_proxy_datagram(as_bytes(datagram));
  ASSERT_TRUE(decoded_header);
  EXPECT_EQ(decoded_header->addresses, addresses);
  EXPECT_EQ(decoded_header->transport, ProxyTransport::datagram);
  EXPECT_EQ(datagram.substr(decoded_header->size_bytes), "payload");
}

TEST(ProxyDatagram, there_is_no_next_datagram_to_wait_for) {
  const auto whole = v2(0x21, 0x12, kFourAddresses);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto result = decode_proxy_datagram(as_bytes(whole).first(size));
    ASSERT_FALSE(result) << size;
    EXPECT_EQ(result.error().code,
              size < 12 ? Errc::proxy_header_missing : Errc::proxy_header_invalid);
  }
  EXPECT_TRUE(decode_proxy_datagram(as_bytes(whole)));
}

TEST(ProxyDatagram, version_1_is_for_streams) {
  const auto result = decode_proxy_datagram(as_bytes("PROXY TCP4 192.0.2.1 198.51.100.2 1 2\r\n"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::proxy_header_missing);
}

}  // namespace
}  // namespace causeway::wire
