// SPDX-License-Identifier: Apache-2.0
#include "os/pipe.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "os/fd.h"
#include "os/process.h"
#include "os/stream_socket.h"

namespace causeway::os {
namespace {

constexpr std::size_t kPipeBytes = 64UL * 1024;

std::string read_text(const Fd& fd) {
  std::vector<std::byte> space(1024UL * 1024);
  const auto got = read_some(fd, space);
  return got ? std::string(base::as_text(Bytes(space).first(*got))) : std::string();
}

// Two connections with a pipe between them: from `in.b` through the pipe into `out.a`.
class PipeTest : public ::testing::Test {
 protected:
  PipeTest() { ignore_broken_pipes(); }
  void write(std::string_view text) {
    EXPECT_EQ(write_some(in_.a, base::as_bytes(text)), text.size());
  }

  StreamPair in_ = stream_pair().value();
  StreamPair out_ = stream_pair().value();
  PipePool pool_{kPipeBytes, 2};
  std::unique_ptr<PipeLease> pipe_ = pool_.borrow().value();
};

TEST_F(PipeTest, grants_at_least_what_was_asked) { EXPECT_GE(pipe_->capacity_bytes(), kPipeBytes); }

TEST_F(PipeTest, moves_bytes_from_socket_to_socket) {
  write("through the pipe");
  EXPECT_EQ(pipe_->fill(in_.b), 16U);
  EXPECT_EQ(pipe_->waiting_bytes(), 16U);
  EXPECT_EQ(pipe_->drain(out_.a), 16U);
  EXPECT_EQ(pipe_->waiting_bytes(), 0U);
  EXPECT_EQ(read_text(out_.b), "through the pipe");
}

TEST_F(PipeTest, an_empty_socket_would_block_and_its_end_is_zero) {
  const auto nothing = pipe_->fill(in_.b);
  ASSERT_FALSE(nothing.has_value());
  EXPECT_EQ(nothing.error().code, Errc::would_block);
  in_.a.close();
  EXPECT_EQ(pipe_->fill(in_.b), 0U);
}

TEST_F(PipeTest, takes_no_more_than_it_holds) {
  const std::vector<std::byte> block(16UL * 1024);
  std::size_t written = 0;
  while (const auto put = write_some(in_.a, block)) written += *put;
  ASSERT_GT(written, pipe_->capacity_bytes());
  std::size_t moved = 0;
  while (pipe_->waiting_bytes() < pipe_->capacity_bytes()) {
    const auto got = pipe_->fill(in_.b);
    // A pipe holds pages: it may be full with room to spare when the bytes came in small pieces.
    if (!got) {
      EXPECT_EQ(got.error().code, Errc::would_block);
      break;
    }
    moved += *got;
  }
  EXPECT_GT(moved, 0U);
  EXPECT_LE(moved, pipe_->capacity_bytes());
  EXPECT_EQ(moved, pipe_->waiting_bytes());
}

TEST_F(PipeTest, a_pipe_full_of_small_pieces_would_block_with_room_to_spare) {
  // Each piece takes a page of the pipe, however short it is.
  std::size_t pieces = 0;
  for (; pieces < pipe_->capacity_bytes(); ++pieces) {
    write("x");
    const auto got = pipe_->fill(in_.b);
    if (got) continue;
    EXPECT_EQ(got.error().code, Errc::would_block);
    break;
  }
  EXPECT_GT(pieces, 0U);
  EXPECT_LT(pieces, pipe_->capacity_bytes());
  EXPECT_EQ(pipe_->waiting_bytes(), pieces);
  EXPECT_EQ(pipe_->drain(out_.a), pieces);
  EXPECT_EQ(read_text(out_.b), std::string(pieces, 'x'));
  EXPECT_EQ(pipe_->fill(in_.b), 1U);
}

TEST_F(PipeTest, a_full_socket_would_block_and_keeps_the_rest_waiting) {
  const std::vector<std::byte> block(16UL * 1024);
  while (write_some(out_.a, block).has_value()) {
  }
  write("later");
  EXPECT_EQ(pipe_->fill(in_.b), 5U);
  const auto put = pipe_->drain(out_.a);
  ASSERT_FALSE(put.has_value());
  EXPECT_EQ(put.error().code, Errc::would_block);
  EXPECT_EQ(pipe_->waiting_bytes(), 5U);
}

TEST_F(PipeTest, draining_into_a_closed_connection_is_an_error_and_not_a_signal) {
  out_.b.close();
  write("late");
  EXPECT_EQ(pipe_->fill(in_.b), 4U);
  const auto put = pipe_->drain(out_.a);
  ASSERT_FALSE(put.has_value());
  EXPECT_EQ(put.error().code, Errc::closed);
}

TEST_F(PipeTest, an_empty_pipe_goes_back_and_is_lent_again) {
  EXPECT_EQ(pool_.idle(), 0U);
  pipe_.reset();
  EXPECT_EQ(pool_.idle(), 1U);
  pipe_ = pool_.borrow().value();
  EXPECT_EQ(pool_.idle(), 0U);
}

TEST_F(PipeTest, a_pipe_with_bytes_in_it_is_closed_so_that_nobody_else_gets_them) {
  write("secret");
  EXPECT_EQ(pipe_->fill(in_.b), 6U);
  pipe_.reset();
  EXPECT_EQ(pool_.idle(), 0U);
}

TEST_F(PipeTest, no_more_than_so_many_are_kept) {
  std::vector<std::unique_ptr<PipeLease>> leases;
  for (int i = 0; i < 5; ++i) leases.push_back(pool_.borrow().value());
  leases.clear();
  EXPECT_EQ(pool_.idle(), 2U);
}

TEST_F(PipeTest, a_moved_lease_is_returned_once) {
  {
    const PipeLease moved = std::move(*pipe_);
    pipe_.reset();
    EXPECT_EQ(pool_.idle(), 0U);
  }
  EXPECT_EQ(pool_.idle(), 1U);
}

TEST(PipePool, without_descriptors_there_is_no_pipe) {
  PipePool pool(kPipeBytes, 2);
  rlimit saved{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &saved), 0);
  rlimit none = saved;
  none.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto refused = pool.borrow();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &saved), 0);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::descriptor_limit);
}

}  // namespace
}  // namespace causeway::os
