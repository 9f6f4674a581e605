// SPDX-License-Identifier: Apache-2.0
#include "observe/internal/log_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/result.h"
#include "base/time.h"
#include "observe/internal/log_target.h"
#include "observe/internal/test_support.h"
#include "observe/log.h"

namespace causeway::observe::internal {
namespace {

using namespace std::chrono_literals;

// Takes lines, or refuses them for as long as the test wants.
class ScriptedTarget final : public LogTarget {
 public:
  struct Script {
    bool refuses = false;
    std::vector<std::string> lines;
    std::uint64_t rotations = 0;
  };
  explicit ScriptedTarget(Script& script) : script_(script) {}

  Result<void> write_line(std::string_view line, Instant /*now*/, WallTime /*at*/) override {
    if (script_.refuses) return fail(base::from_errno(ENOSPC, "write", Side::local));
    script_.lines.emplace_back(line);
    return {};
  }
  [[nodiscard]] std::uint64_t rotations() const noexcept override { return script_.rotations; }

 private:
  Script& script_;
};

class LogWriterTest : public testing::Test {
 protected:
  LogWriterTest() {
    const int fd = ::open(complaints_path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    EXPECT_GE(fd, 0);
    writer_ = std::make_unique<LogWriter>(std::make_unique<ScriptedTarget>(script_),
                                          LogDescriptor::own(fd, LogDescriptor::Kind::file),
                                          LogStyle::text, clock_);
  }
  void write(std::string_view line, std::uint64_t dropped_total = 0) {
    writer_->write(line, clock_.wall_now(), dropped_total);
  }
  [[nodiscard]] std::vector<std::string> complaints() const {
    return test::lines_of(complaints_path_);
  }

  test::TempDirectory directory_;
  std::string complaints_path_ = directory_.file("complaints");
  test::FakeClock clock_;
  ScriptedTarget::Script script_;
  std::unique_ptr<LogWriter> writer_;
};

TEST_F(LogWriterTest, writes_and_counts) {
  write("one\n");
  script_.rotations = 2;
  write("two\n");
  EXPECT_EQ(script_.lines, (std::vector<std::string>{"one\n", "two\n"}));
  EXPECT_EQ(writer_->metrics().written_lines.value(), 2U);
  EXPECT_EQ(writer_->metrics().rotations.value(), 2U);
  EXPECT_TRUE(complaints().empty());
}

TEST_F(LogWriterTest, a_failing_target_is_complained_of_once_and_counted_each_time) {
  script_.refuses = true;
  for (int i = 0; i < 5; ++i) write("lost\n");
  EXPECT_EQ(writer_->metrics().lost_lines.value(), 5U);
  const auto said = complaints();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_NE(said[0].find("ERROR the log cannot be written"), std::string::npos) << said[0];
  EXPECT_NE(said[0].find("ENOSPC"), std::string::npos) << said[0];
}

TEST_F(LogWriterTest, with_nowhere_to_complain_it_still_counts) {
  script_.refuses = true;
  LogWriter mute(std::make_unique<ScriptedTarget>(script_), LogDescriptor(), LogStyle::text,
                 clock_);
  for (int i = 0; i < 3; ++i) mute.write("lost\n", clock_.wall_now(), 0);
  EXPECT_EQ(mute.metrics().lost_lines.value(), 3U);
}

TEST_F(LogWriterTest, once_it_works_again_the_gap_is_said_in_the_log_itself) {
  script_.refuses = true;
  for (int i = 0; i < 3; ++i) write("lost\n");
  script_.refuses = false;
  write("back\n");
  write("more\n");
  ASSERT_EQ(script_.lines.size(), 3U);
  EXPECT_NE(script_.lines[1].find("3 could not be written"), std::string::npos) << script_.lines[1];
  EXPECT_NE(script_.lines[1].find("last_error="), std::string::npos);

  script_.refuses = true;
  write("lost\n");
  EXPECT_EQ(complaints().size(), 2U) << "a new failure is said anew";
}

TEST_F(LogWriterTest, dropped_lines_are_said_at_most_once_a_second_and_none_is_forgotten) {
  write("a\n", 4);
  write("b\n", 9);
  write("c\n", 10);
  ASSERT_EQ(script_.lines.size(), 4U);
  EXPECT_NE(script_.lines[1].find("WARN  log lines are missing: 4 the queue had no room for"),
            std::string::npos)
      << script_.lines[1];
  clock_.advance(1s);
  write("d\n", 10);
  ASSERT_EQ(script_.lines.size(), 6U);
  EXPECT_NE(script_.lines[5].find("missing: 6 the queue"), std::string::npos) << script_.lines[5];
  EXPECT_EQ(writer_->metrics().dropped_lines.value(), 10U);
}

TEST_F(LogWriterTest, the_end_says_what_is_still_unsaid_and_nothing_otherwise) {
  write("a\n", 1);
  write("b\n", 3);
  writer_->finish();
  ASSERT_EQ(script_.lines.size(), 4U);
  EXPECT_NE(script_.lines[3].find("missing: 2 the queue"), std::string::npos) << script_.lines[3];
  writer_->finish();
  EXPECT_EQ(script_.lines.size(), 4U);
}

}  // namespace
}  // namespace causeway::observe::internal
