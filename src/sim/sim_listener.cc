// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_listener.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include "base/address.h"
#include "base/error.h"
#include "base/result.h"
#include "net/stream.h"
#include "runtime/loop.h"
#include "sim/connection.h"
#include "sim/internet.h"
#include "sim/sim_stream.h"

namespace causeway::sim {

SimListener::SimListener(Internet& internet, runtime::Loop& loop, Host& host, base::Address address,
                         std::size_t backlog_max)
    : internet_(internet),
      loop_(loop),
      host_(host),
      address_(std::move(address)),
      backlog_max_(std::max<std::size_t>(backlog_max, 1)) {
  ++host_.open_descriptors;
  internet_.add(*this);
}

SimListener::~SimListener() {
  --host_.open_descriptors;
  internet_.remove(*this);
  for (Connection* waiting : backlog_)
    waiting->close(Connection::Which::acceptor, Connection::Closing::abrupt);
}

Result<net::StreamPtr> SimListener::accept_now() {
  if (!acceptable_state().is_raised()) return fail(Errc::would_block);
  if (backlog_.empty()) {
    acceptable_state().lower();
    return fail(Errc::would_block);
  }
  if (!host_.may_open()) return fail(Errc::descriptor_limit, Side::local, "accept");
  Connection& connection = *backlog_.front();
  backlog_.pop_front();
  return std::make_unique<SimStream>(connection, Connection::Which::acceptor, host_, loop_);
}

bool SimListener::takes(const base::Address& address) const {
  if (address == address_) return true;
  const auto* asked = address.socket();
  const auto* mine = address_.socket();
  return asked != nullptr && mine != nullptr && mine->ip.is_unspecified() &&
         mine->port == asked->port;
}

void SimListener::queue(Connection& connection) {
  backlog_.push_back(&connection);
  acceptable_state().raise(loop_);
}

}  // namespace causeway::sim
