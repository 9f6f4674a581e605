// SPDX-License-Identifier: Apache-2.0
// A value or the Error that stands in its place. The whole idiom is
//     if (!got) co_return fail(got);
// and nothing of ours throws.
#pragma once

#include <expected>

#include "base/error.h"

namespace causeway::base {

template <class T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(Error error) noexcept {
  return std::unexpected(error);
}

[[nodiscard]] inline std::unexpected<Error> fail(Errc code, Side side = Side::none,
                                                 const char* note = "") noexcept {
  return std::unexpected(Error{.code = code, .side = side, .note = note});
}

// Passes the error of `failed` on as it is.
template <class T>
[[nodiscard]] std::unexpected<Error> fail(const Result<T>& failed) noexcept {
  return std::unexpected(failed.error());
}

// Passes the error on and says whose it was, unless a deeper floor has said so already.
template <class T>
[[nodiscard]] std::unexpected<Error> fail(const Result<T>& failed, Side side) noexcept {
  Error error = failed.error();
  if (error.side == Side::none) error.side = side;
  return std::unexpected(error);
}

}  // namespace causeway::base

namespace causeway {
using base::fail;
using base::Result;
}  // namespace causeway
