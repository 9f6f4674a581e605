// SPDX-License-Identifier: Apache-2.0
#include "os/stream_socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>  // IWYU pragma: keep (IPPROTO_TCP)
#include <netinet/tcp.h>
#include <sys/poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/error.h"
#include "os/fd.h"

namespace causeway::os {
namespace {

constexpr int kPatienceMs = 10'000;

// Waits until `fd` has one of `events`; what it has.
short poll_for(const Fd& fd, short events) {
  pollfd entry{.fd = fd.number(), .events = events, .revents = 0};
  return ::poll(&entry, 1, kPatienceMs) == 1 ? entry.revents : short{0};
}

int option_of(const Fd& fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(fd.number(), level, name, &value, &size) == 0 ? value : -1;
}

base::Address parse(std::string_view text) { return base::Address::parse(text).value(); }

// A connected pair over `address`; both ends nonblocking.
struct Connected {
  Fd dialed;
  Accepted accepted;
};

Connected connect_to(const Fd& listener) {
  const auto name = SocketName::of(local_address(listener).value()).value();
  Connected pair{.dialed = open_stream(name).value(), .accepted = {}};
  EXPECT_TRUE(begin_connect(pair.dialed, name).has_value());
  EXPECT_NE(poll_for(listener, POLLIN), 0);
  pair.accepted = accept_stream(listener).value();
  EXPECT_NE(poll_for(pair.dialed, POLLOUT), 0);
  EXPECT_EQ(take_error(pair.dialed), 0);
  return pair;
}

TEST(StreamSocket, a_listener_on_port_zero_gets_a_port_and_takes_connections) {
  const Fd listener = listen_stream(parse("127.0.0.1:0"), {}).value();
  const auto address = local_address(listener).value();
  EXPECT_NE(address.socket()->port, 0);
  const Connected pair = connect_to(listener);
  EXPECT_EQ(pair.accepted.peer.to_address(), local_address(pair.dialed).value());
  EXPECT_EQ(peer_address(pair.dialed).value(), address);

  EXPECT_EQ(write_some(pair.dialed, base::as_bytes("hello")), 5U);
  EXPECT_NE(poll_for(pair.accepted.fd, POLLIN), 0);
  std::array<std::byte, 16> space{};
  EXPECT_EQ(read_some(pair.accepted.fd, space), 5U);
  EXPECT_EQ(base::as_text(Bytes(space).first(5)), "hello");
}

TEST(StreamSocket, nothing_to_accept_and_nothing_to_read_would_block) {
  const Fd listener = listen_stream(parse("127.0.0.1:0"), {}).value();
  EXPECT_EQ(accept_stream(listener).error().code, Errc::would_block);
  const Connected pair = connect_to(listener);
  std::array<std::byte, 16> space{};
  EXPECT_EQ(read_some(pair.dialed, space).error().code, Errc::would_block);
}

TEST(StreamSocket, accepted_sockets_are_closed_on_exec_and_nonblocking) {
  const Fd listener = listen_stream(parse("127.0.0.1:0"), {}).value();
  const Connected pair = connect_to(listener);
  for (const Fd* fd : {&listener, &pair.dialed, &pair.accepted.fd}) {
    EXPECT_NE(::fcntl(fd->number(), F_GETFD) & FD_CLOEXEC, 0);
    EXPECT_NE(::fcntl(fd->number(), F_GETFL) & O_NONBLOCK, 0);
  }
}

TEST(StreamSocket, an_address_is_taken_once_unless_both_share_it) {
  const Fd first = listen_stream(parse("127.0.0.1:0"), {}).value();
  const auto taken = listen_stream(local_address(first).value(), {});
  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(taken.error().code, Errc::address_in_use);

  const Fd shared = listen_stream(parse("127.0.0.1:0"), {.reuse_port = true}).value();
  EXPECT_TRUE(listen_stream(local_address(shared).value(), {.reuse_port = true}).has_value());
}

TEST(StreamSocket, an_address_of_another_machine_cannot_be_listened_on) {
  const auto listener = listen_stream(parse("192.0.2.1:0"), {});
  ASSERT_FALSE(listener.has_value());
  EXPECT_EQ(listener.error().code, Errc::address_not_available);
}

TEST(StreamSocket, the_ipv6_wildcard_takes_ipv4_too) {
  const auto listener = listen_stream(parse("[::]:0"), {});
  if (!listener) GTEST_SKIP() << "no IPv6 here";
  const base::SocketAddress v4{.ip = base::IpAddress::parse("127.0.0.1").value(),
                               .port = local_address(*listener)->socket()->port};
  const SocketName name = SocketName::of(v4);
  const Fd dialed = open_stream(name).value();
  EXPECT_TRUE(begin_connect(dialed, name).has_value());
  EXPECT_NE(poll_for(*listener, POLLIN), 0);
  const auto accepted = accept_stream(*listener);
  ASSERT_TRUE(accepted.has_value());
  EXPECT_EQ(accepted->peer.to_socket_address().ip, v4.ip);
}

TEST(StreamSocket, a_refused_connect_ends_writable_with_its_error) {
  base::Address nobody;
  {
    const Fd listener = listen_stream(parse("127.0.0.1:0"), {}).value();
    nobody = local_address(listener).value();
  }
  const SocketName name = SocketName::of(nobody).value();
  const Fd dialed = open_stream(name).value();
  const auto begun = begin_connect(dialed, name);
  if (begun) {
    EXPECT_NE(poll_for(dialed, POLLOUT), 0);
    EXPECT_EQ(take_error(dialed), ECONNREFUSED);
    EXPECT_EQ(take_error(dialed), 0);  // taken once
  } else {
    EXPECT_EQ(begun.error().code, Errc::refused);
  }
}

TEST(StreamSocket, half_close_is_an_end_at_the_other_side) {
  const StreamPair pair = stream_pair().value();
  EXPECT_TRUE(shutdown_write(pair.a).has_value());
  std::array<std::byte, 16> space{};
  EXPECT_EQ(read_some(pair.b, space), 0U);
  EXPECT_EQ(write_some(pair.a, base::as_bytes("late")).error().code, Errc::closed);
  EXPECT_EQ(write_some(pair.b, base::as_bytes("still")), 5U);
}

TEST(StreamSocket, reset_on_close_is_a_reset_at_the_other_side) {
  const Fd listener = listen_stream(parse("127.0.0.1:0"), {}).value();
  Connected pair = connect_to(listener);
  reset_on_close(pair.dialed);
  pair.dialed.close();
  EXPECT_NE(poll_for(pair.accepted.fd, POLLIN), 0);
  std::array<std::byte, 16> space{};
  const auto got = read_some(pair.accepted.fd, space);
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, Errc::reset);
}

TEST(StreamSocket, options_reach_the_kernel) {
  const Fd listener = listen_stream(parse("127.0.0.1:0"), {}).value();
  const Connected pair = connect_to(listener);
  set_no_delay(pair.dialed, true);
  EXPECT_NE(option_of(pair.dialed, IPPROTO_TCP, TCP_NODELAY), 0);
  set_no_delay(pair.dialed, false);
  EXPECT_EQ(option_of(pair.dialed, IPPROTO_TCP, TCP_NODELAY), 0);
  set_keepalive(pair.dialed, std::chrono::seconds(30));
  EXPECT_NE(option_of(pair.dialed, SOL_SOCKET, SO_KEEPALIVE), 0);
  EXPECT_EQ(option_of(pair.dialed, IPPROTO_TCP, TCP_KEEPIDLE), 30);
  EXPECT_EQ(option_of(pair.dialed, IPPROTO_TCP, TCP_KEEPINTVL), 6);
  set_keepalive(pair.dialed, std::chrono::milliseconds(1));
  EXPECT_EQ(option_of(pair.dialed, IPPROTO_TCP, TCP_KEEPIDLE), 1);
  set_buffers(pair.dialed, 50'000, 60'000);
  EXPECT_EQ(option_of(pair.dialed, SOL_SOCKET, SO_RCVBUF), 100'000);  // the kernel doubles it
  EXPECT_EQ(option_of(pair.dialed, SOL_SOCKET, SO_SNDBUF), 120'000);
}

// Unix sockets with a file of their own.
class UnixSocketTest : public ::testing::Test {
 public:
  UnixSocketTest() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = ::testing::TempDir() + "cw_" + std::to_string(::getpid()) + "_" +
            std::to_string(std::hash<std::string>{}(test->name()) % 100'000);
    address_ = base::UnixAddress{path_};
  }
  ~UnixSocketTest() override { ::unlink(path_.c_str()); }

 protected:
  [[nodiscard]] bool file_exists() const {
    struct stat about{};
    return ::lstat(path_.c_str(), &about) == 0;
  }
  std::string path_;
  base::Address address_;
};

TEST_F(UnixSocketTest, connects_and_has_the_mode_that_was_asked) {
  const Fd listener = listen_stream(address_, {.unix_mode = 0640}).value();
  struct stat about{};
  ASSERT_EQ(::stat(path_.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0640U);
  EXPECT_EQ(local_address(listener).value(), address_);
  const Connected pair = connect_to(listener);
  EXPECT_EQ(pair.accepted.peer.to_address(), base::Address(base::UnixAddress{}));
  EXPECT_EQ(write_some(pair.dialed, base::as_bytes("hi")), 2U);
  std::array<std::byte, 4> space{};
  EXPECT_EQ(read_some(pair.accepted.fd, space), 2U);
}

TEST_F(UnixSocketTest, a_stale_file_is_replaced) {
  std::ignore = listen_stream(address_, {}).value();  // closed at once; the file stays
  ASSERT_TRUE(file_exists());
  EXPECT_TRUE(listen_stream(address_, {}).has_value());
}

TEST_F(UnixSocketTest, a_live_one_is_in_use_and_stays) {
  const Fd live = listen_stream(address_, {}).value();
  const auto second = listen_stream(address_, {});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Errc::address_in_use);
  EXPECT_TRUE(file_exists());
}

TEST_F(UnixSocketTest, what_is_not_a_socket_is_never_removed) {
  std::ofstream(path_) << "precious";
  const auto listener = listen_stream(address_, {});
  ASSERT_FALSE(listener.has_value());
  EXPECT_EQ(listener.error().code, Errc::address_in_use);
  EXPECT_TRUE(file_exists());
}

TEST_F(UnixSocketTest, its_file_can_be_removed_and_an_abstract_name_has_none) {
  const Fd listener = listen_stream(address_, {}).value();
  remove_socket_file(*address_.unix_socket());
  EXPECT_FALSE(file_exists());
  remove_socket_file(base::UnixAddress{"@" + path_});
  remove_socket_file(base::UnixAddress{});
}

TEST_F(UnixSocketTest, an_abstract_name_is_in_use_once) {
  const base::Address abstract = base::UnixAddress{"@causeway-test-" + std::to_string(::getpid())};
  {
    const Fd listener = listen_stream(abstract, {}).value();
    EXPECT_EQ(listen_stream(abstract, {}).error().code, Errc::address_in_use);
    EXPECT_EQ(local_address(listener).value(), abstract);
  }
  EXPECT_TRUE(listen_stream(abstract, {}).has_value());
}

TEST_F(UnixSocketTest, nobody_there_is_refused_or_not_found) {
  const SocketName name = SocketName::of(address_).value();
  EXPECT_EQ(begin_connect(open_stream(name).value(), name).error().code, Errc::not_found);
  std::ignore = listen_stream(address_, {}).value();
  EXPECT_EQ(begin_connect(open_stream(name).value(), name).error().code, Errc::refused);
}

TEST_F(UnixSocketTest, a_full_backlog_is_a_refusal_since_it_would_never_become_writable) {
  const Fd listener = listen_stream(address_, {.backlog = 1}).value();
  const SocketName name = SocketName::of(address_).value();
  std::vector<Fd> dialed;
  Errc ended_by = Errc::system;
  for (int i = 0; i < 10 && ended_by == Errc::system; ++i) {
    dialed.push_back(open_stream(name).value());
    const auto begun = begin_connect(dialed.back(), name);
    if (!begun) ended_by = begun.error().code;
  }
  EXPECT_EQ(ended_by, Errc::refused);
}

TEST(StreamSocket, without_descriptors_accepting_says_so_and_the_connection_waits) {
  const Fd listener = listen_stream(parse("127.0.0.1:0"), {}).value();
  const SocketName name = SocketName::of(local_address(listener).value()).value();
  const Fd dialed = open_stream(name).value();
  EXPECT_TRUE(begin_connect(dialed, name).has_value());
  EXPECT_NE(poll_for(listener, POLLIN), 0);

  rlimit saved{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &saved), 0);
  rlimit none = saved;
  none.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto refused = accept_stream(listener);
  const auto unopened = open_stream(name);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &saved), 0);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::descriptor_limit);
  ASSERT_FALSE(unopened.has_value());
  EXPECT_EQ(unopened.error().code, Errc::descriptor_limit);
  EXPECT_TRUE(accept_stream(listener).has_value());
}

}  // namespace
}  // namespace causeway::os
