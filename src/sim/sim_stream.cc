// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_stream.h"

#include <cstddef>

#include "base/bytes.h"
#include "base/error.h"
#include "base/result.h"
#include "runtime/loop.h"
#include "sim/connection.h"
#include "sim/host.h"

namespace causeway::sim {

SimStream::SimStream(Connection& connection, Connection::Which which, Host& host,
                     runtime::Loop& loop)
    : connection_(connection), which_(which), host_(host) {
  ++host_.open_descriptors;
  connection_.attach(which_, *this, loop);
}

SimStream::~SimStream() {
  --host_.open_descriptors;
  connection_.close(which_, closing_);
}

Result<std::size_t> SimStream::read_now(MutableBytes into) {
  if (!readable_state().is_raised()) return fail(Errc::would_block);
  const auto got = connection_.read(which_, into);
  if (!got) {
    if (got.error().code == Errc::would_block) readable_state().lower();
    return got;
  }
  if (*got < into.size() && !connection_.end_is_known(which_)) readable_state().lower();
  return got;
}

Result<std::size_t> SimStream::write_now(Bytes from) {
  if (!writable_state().is_raised()) return fail(Errc::would_block);
  const auto put = connection_.write(which_, from);
  if (!put) {
    if (put.error().code == Errc::would_block) writable_state().lower();
    return put;
  }
  if (*put < from.size()) writable_state().lower();
  return put;
}

Result<void> SimStream::shutdown_write() { return connection_.shutdown_write(which_); }

}  // namespace causeway::sim
