// SPDX-License-Identifier: Apache-2.0
#include "os/signals.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <csignal>

#include "base/error.h"

namespace causeway::os {
namespace {

class SignalFdTest : public ::testing::Test {
 public:
  SignalFdTest() { ::pthread_sigmask(SIG_SETMASK, nullptr, &before_); }
  ~SignalFdTest() override { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

TEST_F(SignalFdTest, gives_each_signal_by_its_number_and_then_would_block) {
  const auto signals = SignalFd::create({SIGUSR1, SIGUSR2}).value();
  EXPECT_EQ(signals.take().error().code, Errc::would_block);
  ASSERT_EQ(::raise(SIGUSR2), 0);
  EXPECT_EQ(signals.take(), SIGUSR2);
  ASSERT_EQ(::raise(SIGUSR1), 0);
  EXPECT_EQ(signals.take(), SIGUSR1);
  EXPECT_EQ(signals.take().error().code, Errc::would_block);
}

TEST_F(SignalFdTest, blocks_them_so_that_they_do_not_end_the_process) {
  const auto signals = SignalFd::create({SIGTERM}).value();
  ASSERT_EQ(::kill(::getpid(), SIGTERM), 0);
  EXPECT_EQ(signals.take(), SIGTERM);
}

}  // namespace
}  // namespace causeway::os
