// SPDX-License-Identifier: Apache-2.0
#include "net/socket_stream.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "base/address.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/result.h"
#include "net/listener.h"
#include "net/stream.h"
#include "os/stream_socket.h"
#include "runtime/both.h"
#include "runtime/task.h"
#include "sim/real_world.h"
#include "sim/stream_contract.h"

namespace causeway::net {
namespace {

struct Pair {
  StreamPtr a;
  StreamPtr b;
};

Task<Result<StreamPtr>> accept_one(Listener& listener) {
  for (;;) {
    auto stream = listener.accept_now();
    if (stream || stream.error().code != Errc::would_block) co_return stream;
    const auto ready = co_await listener.acceptable();
    if (!ready) co_return fail(ready);
  }
}

Pair connect_over(sim::RealWorld& world, const base::Address& address) {
  auto listener = world.network().listen(address, {});
  EXPECT_TRUE(listener.has_value());
  auto dialing = world.network().connect((*listener)->local(), {});
  auto both = world.run(runtime::both(std::move(dialing), accept_one(**listener)));
  EXPECT_TRUE(both.has_value());
  return {.a = std::move(both->first), .b = std::move(both->second)};
}

class MachineCarrier {
 public:
  using Pair = net::Pair;
  template <class T>
  Result<T> run(Task<Result<T>> task) {
    return world_->run(std::move(task));
  }

 protected:
  std::unique_ptr<sim::RealWorld> world_ = std::make_unique<sim::RealWorld>();
};

class SocketpairCarrier : public MachineCarrier {
 public:
  static constexpr bool kResets = false;  // unix sockets have none, but for unread bytes
  Pair connect() {
    auto ends = os::stream_pair().value();
    return {.a = wrap(std::move(ends.a)), .b = wrap(std::move(ends.b))};
  }

 private:
  StreamPtr wrap(os::Fd fd) {
    auto stream = std::make_unique<SocketStream>(world_->loop(), std::move(fd),
                                                 SocketStream::State::connected,
                                                 base::SocketAddress{}, false);
    EXPECT_TRUE(stream->watch(world_->poller()).has_value());
    return stream;
  }
};

class TcpCarrier : public MachineCarrier {
 public:
  static constexpr bool kResets = true;
  Pair connect() { return connect_over(*world_, base::Address::parse("127.0.0.1:0").value()); }
};

class UnixCarrier : public MachineCarrier {
 public:
  static constexpr bool kResets = false;
  Pair connect() {
    const auto name = "@causeway-contract-" + std::to_string(::getpid());
    return connect_over(*world_, base::Address(base::UnixAddress{name}));
  }
};

}  // namespace
}  // namespace causeway::net

namespace causeway::sim {

INSTANTIATE_TYPED_TEST_SUITE_P(Socketpair, StreamContract, net::SocketpairCarrier);
INSTANTIATE_TYPED_TEST_SUITE_P(Tcp, StreamContract, net::TcpCarrier);
INSTANTIATE_TYPED_TEST_SUITE_P(UnixSocket, StreamContract, net::UnixCarrier);

}  // namespace causeway::sim

namespace causeway::net {
namespace {

TEST(SocketStream, each_side_knows_itself_and_the_other) {
  sim::RealWorld world;
  const auto [a, b] = connect_over(world, base::Address::parse("127.0.0.1:0").value());
  EXPECT_EQ(a->local(), b->peer());
  EXPECT_EQ(a->peer(), b->local());
  EXPECT_TRUE(a->local().socket()->ip.is_loopback());
}

TEST(SocketStream, a_fresh_one_takes_bytes_before_the_first_poll) {
  sim::RealWorld world;
  const auto [a, b] = connect_over(world, base::Address::parse("127.0.0.1:0").value());
  EXPECT_EQ(a->write_now(base::as_bytes("first")), 5U);
  EXPECT_EQ(world.run(sim::contract::read_exactly(*b, 5)), "first");
}

TEST(SocketStream, bytes_that_came_with_the_connection_are_announced) {
  sim::RealWorld world;
  auto listener = world.network().listen(base::Address::parse("127.0.0.1:0").value(), {});
  ASSERT_TRUE(listener.has_value());
  auto dialed = world.run(world.network().connect((*listener)->local(), {}));
  ASSERT_TRUE(dialed.has_value());
  EXPECT_EQ((*dialed)->write_now(base::as_bytes("early")), 5U);
  EXPECT_TRUE((*dialed)->shutdown_write().has_value());
  auto accepted = world.run(accept_one(**listener));
  ASSERT_TRUE(accepted.has_value());
  EXPECT_EQ(world.run(sim::contract::read_to_end(**accepted)), "early");
}

}  // namespace
}  // namespace causeway::net
