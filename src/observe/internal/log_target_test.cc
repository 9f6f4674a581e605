// SPDX-License-Identifier: Apache-2.0
#include "observe/internal/log_target.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "observe/internal/test_support.h"

namespace causeway::observe::internal {
namespace {

// A pipe of a single page, both ends closed with the test.
class PagePipe {
 public:
  PagePipe() {
    std::array<int, 2> ends{-1, -1};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    read_end_ = ends[0];
    write_end_ = ends[1];
    EXPECT_EQ(::fcntl(write_end_, F_SETPIPE_SZ, 4096), 4096);
  }
  PagePipe(const PagePipe&) = delete;
  PagePipe& operator=(const PagePipe&) = delete;
  ~PagePipe() {
    close_read_end();
    ::close(write_end_);
  }
  void close_read_end() {
    if (read_end_ >= 0) ::close(std::exchange(read_end_, -1));
  }
  [[nodiscard]] int write_end() const { return write_end_; }
  [[nodiscard]] std::string read() const {
    std::string bytes(8192, '\0');
    const ssize_t got = ::read(read_end_, bytes.data(), bytes.size());
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
  }

 private:
  int read_end_ = -1;
  int write_end_ = -1;
};

TEST(LogDescriptor, writes_a_line_as_it_is) {
  PagePipe pipe;
  auto descriptor = LogDescriptor::borrow(pipe.write_end());
  ASSERT_TRUE(descriptor.write_line("hello\n"));
  EXPECT_EQ(pipe.read(), "hello\n");
}

TEST(LogDescriptor, a_reader_that_takes_nothing_costs_one_wait_and_is_served_when_it_is_back) {
  PagePipe pipe;
  auto descriptor = LogDescriptor::borrow(pipe.write_end());
  ASSERT_TRUE(descriptor.write_line(std::string(4095, 'x') + "\n"));
  for (int i = 0; i < 1000; ++i) {  // would be a quarter of an hour if each waited
    const auto written = descriptor.write_line("lost\n");
    ASSERT_FALSE(written.has_value());
    EXPECT_EQ(written.error().code, Errc::deadline);
  }
  EXPECT_EQ(pipe.read().size(), 4096U);
  ASSERT_TRUE(descriptor.write_line("back\n"));
  EXPECT_EQ(pipe.read(), "back\n");
}

TEST(LogDescriptor, a_reader_that_is_gone_is_an_error_not_a_signal) {
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  PagePipe pipe;
  pipe.close_read_end();
  auto descriptor = LogDescriptor::borrow(pipe.write_end());
  const auto written = descriptor.write_line("nobody\n");
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().os_errno, EPIPE);
  ::signal(SIGPIPE, before);
}

TEST(LogDescriptor, of_nothing_takes_nothing_and_does_not_wait) {
  LogDescriptor none;
  const auto written = none.write_line("line\n");
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().code, Errc::closed);
}

// RLIMIT_FSIZE stands for a disk that fills up in the middle of a line.
TEST(LogDescriptor, after_a_torn_line_the_next_begins_on_its_own) {
  const auto signal_before = ::signal(SIGXFSZ, SIG_IGN);
  rlimit limit_before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit_before), 0);
  test::TempDirectory directory;
  const std::string path = directory.file("cw.log");
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  ASSERT_GE(fd, 0);
  auto descriptor = LogDescriptor::own(fd, LogDescriptor::Kind::file);

  rlimit small = limit_before;
  small.rlim_cur = 8;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto torn = descriptor.write_line("0123456789\n");
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit_before), 0);
  ::signal(SIGXFSZ, signal_before);

  ASSERT_FALSE(torn.has_value());
  EXPECT_EQ(torn.error().os_errno, EFBIG);
  ASSERT_TRUE(descriptor.write_line("whole\n"));
  EXPECT_EQ(test::lines_of(path), (std::vector<std::string>{"01234567", "whole"}));
}

TEST(LogDescriptor, when_moved_from_closes_nothing) {
  PagePipe pipe;
  const int copy = ::dup(pipe.write_end());
  auto first = LogDescriptor::own(copy, LogDescriptor::Kind::stream);
  {
    const LogDescriptor second = std::move(first);
    EXPECT_GE(::fcntl(copy, F_GETFD), 0);
  }
  EXPECT_EQ(::fcntl(copy, F_GETFD), -1);
}

}  // namespace
}  // namespace causeway::observe::internal
