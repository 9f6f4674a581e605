// SPDX-License-Identifier: Apache-2.0
#include "net/stream.h"

#include <cstddef>

#include "base/bytes.h"
#include "base/error.h"
#include "base/result.h"
#include "os/pipe.h"
#include "runtime/task.h"

namespace causeway::net {

Result<std::size_t> Stream::splice_in(os::PipeLease& /*pipe*/) {
  return fail(Errc::unsupported, Side::local, "splice");
}

Result<std::size_t> Stream::splice_out(os::PipeLease& /*pipe*/) {
  return fail(Errc::unsupported, Side::local, "splice");
}

Task<Result<void>> write_all(Stream& to, Bytes bytes) {
  while (!bytes.empty()) {
    const auto put = to.write_now(bytes);
    if (put) {
      bytes = bytes.subspan(*put);
      continue;
    }
    if (put.error().code != Errc::would_block) co_return fail(put);
    const auto ready = co_await to.writable();
    if (!ready) co_return fail(ready);
  }
  co_return {};
}

Task<Result<std::size_t>> read_some(Stream& from, MutableBytes into) {
  for (;;) {
    const auto got = from.read_now(into);
    if (got || got.error().code != Errc::would_block) co_return got;
    const auto ready = co_await from.readable();
    if (!ready) co_return fail(ready);
  }
}

}  // namespace causeway::net
