// SPDX-License-Identifier: Apache-2.0
#include "os/fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <utility>

namespace causeway::os {
namespace {

bool is_open(int number) { return ::fcntl(number, F_GETFD) != -1; }

Fd make() { return Fd(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 100)); }

TEST(Fd, closes_itself) {
  int number = -1;
  {
    const Fd fd = make();
    number = fd.number();
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(Fd, moved_from_it_owns_nothing) {
  Fd first = make();
  const int number = first.number();
  const Fd second = std::move(first);
  EXPECT_FALSE(
      first.is_open());  // NOLINT(bugprone-use-after-move): what a move leaves is the point
  EXPECT_EQ(second.number(), number);
  EXPECT_TRUE(is_open(number));
}

TEST(Fd, assigned_over_it_closes_what_it_had) {
  Fd first = make();
  const int old_number = first.number();
  Fd second = make();
  const int new_number = second.number();
  first = std::move(second);
  EXPECT_FALSE(is_open(old_number));
  EXPECT_EQ(first.number(), new_number);
}

TEST(Fd, closing_twice_closes_nobody_elses) {
  Fd first = make();
  first.close();
  const Fd other = make();  // gets the same number
  first.close();
  EXPECT_TRUE(is_open(other.number()));
}

}  // namespace
}  // namespace causeway::os
