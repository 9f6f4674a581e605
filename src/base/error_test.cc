// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace causeway::base {
namespace {

std::vector<ErrcInfo> every_code() {
  std::vector<ErrcInfo> all;
  all.reserve(kErrcCount);
  for (std::size_t i = 0; i < kErrcCount; ++i) all.push_back(describe(static_cast<Errc>(i)));
  return all;
}

TEST(Error, every_code_describes_itself) {
  for (std::size_t i = 0; i < kErrcCount; ++i) {
    EXPECT_EQ(describe(static_cast<Errc>(i)).code, static_cast<Errc>(i));
  }
}

TEST(Error, names_and_texts_are_unique_and_not_empty) {
  std::set<std::string_view> names;
  std::set<std::string_view> texts;
  for (const auto& info : every_code()) {
    EXPECT_FALSE(info.name.empty());
    EXPECT_FALSE(info.text.empty());
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_TRUE(texts.insert(info.text).second) << info.text;
  }
  EXPECT_EQ(names.size(), kErrcCount);
}

TEST(Error, names_are_snake_case_for_counters) {
  for (const auto& info : every_code()) {
    EXPECT_TRUE(std::ranges::all_of(info.name, [](char c) {
      return (c >= 'a' && c <= 'z') || c == '_';
    })) << info.name;
  }
}

TEST(Error, every_status_is_one_that_http_knows) {
  const std::set<std::uint16_t> known = {400, 404, 408, 413, 429, 431, 500, 501, 502, 503, 504};
  for (const auto& info : every_code()) EXPECT_TRUE(known.contains(info.http_status)) << info.name;
}

TEST(Error, statuses_say_who_has_to_change_something) {
  EXPECT_EQ(describe(Errc::connect_timeout).http_status, 504);
  EXPECT_EQ(describe(Errc::refused).http_status, 502);
  EXPECT_EQ(describe(Errc::no_endpoint).http_status, 503);
  EXPECT_EQ(describe(Errc::no_route).http_status, 404);
  EXPECT_EQ(describe(Errc::source_limit).http_status, 429);
  EXPECT_EQ(describe(Errc::idle_timeout).http_status, 408);
  EXPECT_EQ(describe(Errc::proxy_header_invalid).http_status, 400);
}

TEST(Error, errno_values_become_the_code_that_fits) {
  const std::vector<std::pair<int, Errc>> expected = {
      {EAGAIN, Errc::would_block},
      {EWOULDBLOCK, Errc::would_block},
      {EINPROGRESS, Errc::would_block},
      {EALREADY, Errc::would_block},
      {ECANCELED, Errc::cancelled},
      {EPIPE, Errc::closed},
      {ENOTCONN, Errc::closed},
      {ESHUTDOWN, Errc::closed},
      {ECONNRESET, Errc::reset},
      {ECONNABORTED, Errc::reset},
      {ECONNREFUSED, Errc::refused},
      {ETIMEDOUT, Errc::unreachable},
      {EHOSTUNREACH, Errc::unreachable},
      {EHOSTDOWN, Errc::unreachable},
      {ENETUNREACH, Errc::unreachable},
      {ENETDOWN, Errc::unreachable},
      {EMFILE, Errc::descriptor_limit},
      {ENFILE, Errc::descriptor_limit},
      {ENOMEM, Errc::memory_limit},
      {ENOBUFS, Errc::memory_limit},
      {EMSGSIZE, Errc::datagram_too_large},
      {EADDRINUSE, Errc::address_in_use},
      {EADDRNOTAVAIL, Errc::address_not_available},
      {EACCES, Errc::permission},
      {EPERM, Errc::permission},
      {ENOENT, Errc::not_found},
      {ENODEV, Errc::not_found},
      {ENOSYS, Errc::unsupported},
      {EOPNOTSUPP, Errc::unsupported},
      {ENOPROTOOPT, Errc::unsupported},
      {EPROTONOSUPPORT, Errc::unsupported},
      {EAFNOSUPPORT, Errc::unsupported},
      {EIO, Errc::system},
      {EBADF, Errc::system},
  };
  for (const auto& [os_errno, code] : expected) {
    const Error error = from_errno(os_errno, "call", Side::upstream);
    EXPECT_EQ(error.code, code) << os_errno;
    EXPECT_EQ(error.os_errno, os_errno);
    EXPECT_EQ(error.side, Side::upstream);
    EXPECT_STREQ(error.note, "call");
  }
}

TEST(Error, text_names_side_cause_call_and_errno) {
  EXPECT_EQ(to_text(from_errno(ECONNREFUSED, "connect", Side::upstream)),
            "upstream: connection refused (connect: ECONNREFUSED)");
}

TEST(Error, text_leaves_out_what_is_not_known) {
  EXPECT_EQ(to_text(Error{.code = Errc::no_route}), "no route matches");
  EXPECT_EQ(to_text(Error{.code = Errc::no_route, .side = Side::local}), "local: no route matches");
  EXPECT_EQ(to_text(Error{.code = Errc::no_route, .note = "sni"}), "no route matches (sni)");
  EXPECT_EQ(to_text(from_errno(EIO, "")), "a system call failed (EIO)");
  EXPECT_EQ(to_text(from_errno(4000, "read")), "a system call failed (read: errno 4000)");
}

TEST(Error, sides_have_names) {
  EXPECT_EQ(name_of(Side::none), "none");
  EXPECT_EQ(name_of(Side::downstream), "downstream");
  EXPECT_EQ(name_of(Side::upstream), "upstream");
  EXPECT_EQ(name_of(Side::local), "local");
}

TEST(Result, a_deeper_floor_has_the_first_word_on_the_side) {
  const Result<int> without_side = fail(Errc::reset);
  const Result<int> with_side = fail(Errc::reset, Side::upstream);
  const Result<long> passed_on = fail(without_side, Side::downstream);
  const Result<long> kept = fail(with_side, Side::downstream);
  EXPECT_EQ(passed_on.error().side, Side::downstream);
  EXPECT_EQ(kept.error().side, Side::upstream);
}

TEST(Result, an_error_is_passed_on_as_it_is) {
  const Result<int> broken = fail(from_errno(EPIPE, "send", Side::upstream));
  const Result<std::string_view> passed_on = fail(broken);
  EXPECT_EQ(passed_on.error(), broken.error());
}

}  // namespace
}  // namespace causeway::base
