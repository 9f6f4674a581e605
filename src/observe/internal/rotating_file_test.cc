// SPDX-License-Identifier: Apache-2.0
#include "observe/internal/rotating_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "observe/internal/test_support.h"
#include "observe/log_options.h"

namespace causeway::observe::internal {
namespace {

using namespace std::chrono_literals;
using Names = std::set<std::string>;
using test::kStart;
using test::lines_of;

constexpr Duration kDay = 24h;

class RotatingFileTest : public testing::Test {
 protected:
  std::unique_ptr<RotatingFile> open(const LogRotationRule& rule) {
    auto file = RotatingFile::open(path(), rule, kStart + passed_);
    EXPECT_TRUE(file.has_value());
    return file ? std::move(*file) : nullptr;
  }
  Result<void> write(RotatingFile& file, const std::string& line) {
    return file.write_line(line + "\n", Instant(passed_), kStart + passed_);
  }
  [[nodiscard]] std::string path() const { return directory_.file("cw.log"); }
  void touch(const std::string& name) const { std::ofstream(directory_.file(name)) << "old\n"; }

  test::TempDirectory directory_;
  Duration passed_ = 0s;
};

TEST(ClosedName, is_the_stem_the_day_and_a_number) {
  const ClosedFile file{.day = std::chrono::year(2026) / 11 / 21, .number = 3};
  EXPECT_EQ(closed_name("cw.log", file), "cw.log.2026-11-21.3");
  const auto parsed = parse_closed_name("cw.log", "cw.log.2026-11-21.3");
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(*parsed, file);
}

TEST(ClosedName, of_any_other_form_is_not_ours) {
  for (const char* name :
       {"cw.log", "cw.log.", "cw.log.1", "cw.log.2026-11-21", "cw.log.2026-11-21.",
        "cw.log.2026-11-21.03", "cw.log.2026-11-21.3.gz", "cw.log.2026-13-21.3",
        "cw.log.2026-02-30.1", "cw.log.2026/11/21.3", "cw.log.+026-11-21.3", "cw.log-2026-11-21.3",
        "xcw.log.2026-11-21.3", "other.log.2026-11-21.3", "cw.log.2026-11-21.99999999999"}) {
    EXPECT_FALSE(parse_closed_name("cw.log", name).has_value()) << name;
  }
}

TEST_F(RotatingFileTest, without_rules_everything_stays_in_one_file) {
  auto file = open({});
  for (int i = 0; i < 3; ++i, passed_ += 40 * kDay) ASSERT_TRUE(write(*file, "line"));
  EXPECT_EQ(directory_.names(), Names{"cw.log"});
  EXPECT_EQ(lines_of(path()).size(), 3U);
}

TEST_F(RotatingFileTest, rotates_by_size_before_the_line_that_would_exceed_it) {
  auto file = open({.max_size_bytes = 10});
  ASSERT_TRUE(write(*file, "1234"));
  ASSERT_TRUE(write(*file, "5678"));  // exactly ten bytes
  EXPECT_EQ(directory_.names(), Names{"cw.log"});
  ASSERT_TRUE(write(*file, "9"));
  ASSERT_TRUE(write(*file, "longer than a whole file may be"));
  EXPECT_EQ(directory_.names(), (Names{"cw.log", "cw.log.2026-11-21.1", "cw.log.2026-11-21.2"}));
  EXPECT_EQ(lines_of(directory_.file("cw.log.2026-11-21.1")),
            (std::vector<std::string>{"1234", "5678"}));
  EXPECT_EQ(lines_of(path()).size(), 1U);
  EXPECT_EQ(file->rotations(), 2U);
}

TEST_F(RotatingFileTest, rotates_by_day_and_names_the_file_after_the_day_it_holds) {
  auto file = open({.daily = true});
  ASSERT_TRUE(write(*file, "saturday"));
  passed_ = 23h;  // 23:47 of the same day
  ASSERT_TRUE(write(*file, "late"));
  EXPECT_EQ(directory_.names(), Names{"cw.log"});
  passed_ = 24h;
  ASSERT_TRUE(write(*file, "sunday"));
  EXPECT_EQ(directory_.names(), (Names{"cw.log", "cw.log.2026-11-21.1"}));
  EXPECT_EQ(lines_of(path()), std::vector<std::string>{"sunday"});
}

TEST_F(RotatingFileTest, a_line_that_is_a_little_late_at_midnight_does_not_rotate_back) {
  auto file = open({.daily = true});
  passed_ = kDay;
  ASSERT_TRUE(write(*file, "sunday"));
  passed_ = kDay - 1h;
  ASSERT_TRUE(write(*file, "still saturday"));
  passed_ = kDay;
  ASSERT_TRUE(write(*file, "sunday again"));
  EXPECT_EQ(directory_.names(), Names{"cw.log"});
}

TEST_F(RotatingFileTest, size_and_day_work_together_and_numbers_begin_anew_each_day) {
  auto file = open({.daily = true, .max_size_bytes = 5});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(write(*file, "line"));
  passed_ = kDay;
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(write(*file, "line"));
  EXPECT_EQ(directory_.names(), (Names{"cw.log", "cw.log.2026-11-21.1", "cw.log.2026-11-21.2",
                                       "cw.log.2026-11-21.3", "cw.log.2026-11-22.1"}));
}

TEST_F(RotatingFileTest, a_restart_goes_on_in_the_same_file) {
  const LogRotationRule rule{.daily = false, .max_size_bytes = 12};
  ASSERT_TRUE(write(*open(rule), "first"));
  ASSERT_TRUE(write(*open(rule), "second"));  // 13 bytes with the first
  EXPECT_EQ(lines_of(directory_.file("cw.log.2026-11-21.1")).size() + lines_of(path()).size(), 2U);
  auto file = open(rule);
  ASSERT_TRUE(write(*file, "3"));
  EXPECT_EQ(lines_of(path()), (std::vector<std::string>{"second", "3"}));
}

TEST_F(RotatingFileTest, a_file_of_an_earlier_day_is_closed_by_the_first_line_after_a_restart) {
  touch("cw.log");
  const auto day =
      std::chrono::sys_seconds(std::chrono::sys_days(std::chrono::year(2026) / 11 / 19));
  const timespec then{.tv_sec = day.time_since_epoch().count() + 3600, .tv_nsec = 0};
  const timespec times[2] = {then, then};
  ASSERT_EQ(::utimensat(AT_FDCWD, path().c_str(), times, 0), 0);
  ASSERT_TRUE(write(*open({.daily = true}), "new"));
  EXPECT_EQ(directory_.names(), (Names{"cw.log", "cw.log.2026-11-19.1"}));
}

TEST_F(RotatingFileTest, keeps_the_newest_of_too_many_and_touches_nothing_that_is_not_ours) {
  touch("cw.log.2026-11-19.1");
  touch("cw.log.2026-11-20.2");
  touch("cw.log.2026-11-20.10");
  touch("cw.log.2026-11-01.1.gz");
  touch("other.log.2026-11-01.1");
  touch("cw.log.1");
  std::filesystem::create_directory(directory_.file("cw.log.2026-11-01.7"));
  auto file = open({.max_size_bytes = 5, .max_files = 2});
  const Names foreign{"cw.log.2026-11-01.1.gz", "other.log.2026-11-01.1", "cw.log.1",
                      "cw.log.2026-11-01.7"};
  Names expected = foreign;
  expected.insert({"cw.log", "cw.log.2026-11-20.2", "cw.log.2026-11-20.10"});
  EXPECT_EQ(directory_.names(), expected) << "at the start";
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(write(*file, "line"));
  expected = foreign;
  expected.insert({"cw.log", "cw.log.2026-11-20.10", "cw.log.2026-11-21.1"});
  EXPECT_EQ(directory_.names(), expected) << "after a rotation";
  EXPECT_EQ(file->rotation_failures(), 0U);
}

TEST_F(RotatingFileTest, removes_what_is_older_than_the_retention) {
  touch("cw.log.2026-11-10.1");
  touch("cw.log.2026-11-13.1");  // eight days
  touch("cw.log.2026-11-14.1");  // seven
  auto file = open({.daily = true, .retention_days = 7});
  EXPECT_EQ(directory_.names(), (Names{"cw.log", "cw.log.2026-11-14.1"}));
  ASSERT_TRUE(write(*file, "saturday"));
  passed_ = kDay;
  ASSERT_TRUE(write(*file, "sunday"));
  EXPECT_EQ(directory_.names(), (Names{"cw.log", "cw.log.2026-11-21.1"}));
}

TEST_F(RotatingFileTest, a_directory_that_is_missing_is_an_error_of_open) {
  const auto file = RotatingFile::open(directory_.file("none/cw.log"), {}, kStart);
  ASSERT_FALSE(file.has_value());
  EXPECT_EQ(file.error().os_errno, ENOENT);
}

TEST_F(RotatingFileTest, a_rotation_that_fails_is_counted_tried_again_later_and_loses_no_line) {
  auto file = open({.max_size_bytes = 5});
  ASSERT_TRUE(write(*file, "1234"));
  std::filesystem::remove(path());  // the rename finds nothing
  ASSERT_TRUE(write(*file, "5678"));
  ASSERT_TRUE(write(*file, "9012"));
  EXPECT_EQ(file->rotations(), 0U);
  EXPECT_EQ(file->rotation_failures(), 1U) << "not for every line";
  touch("cw.log");
  passed_ += 10s;
  ASSERT_TRUE(write(*file, "3456"));
  EXPECT_EQ(file->rotations(), 1U);
  EXPECT_EQ(lines_of(path()), std::vector<std::string>{"3456"});
}

TEST_F(RotatingFileTest, a_full_disk_is_an_error_of_the_line_and_a_device_is_never_renamed) {
  std::filesystem::create_symlink("/dev/full", path());
  auto file = open({.daily = true, .max_size_bytes = 1});
  for (int i = 0; i < 3; ++i, passed_ += kDay) {
    const auto written = write(*file, "line");
    ASSERT_FALSE(written.has_value());
    EXPECT_EQ(written.error().os_errno, ENOSPC);
  }
  EXPECT_EQ(directory_.names(), Names{"cw.log"});
  EXPECT_EQ(file->rotation_failures(), 0U);
}

TEST_F(RotatingFileTest, the_file_is_not_readable_by_everyone) {
  auto file = open({});
  struct stat status{};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0007U, 0U);
}

}  // namespace
}  // namespace causeway::observe::internal
