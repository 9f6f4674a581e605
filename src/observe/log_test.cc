// SPDX-License-Identifier: Apache-2.0
#include "observe/log.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "observe/internal/test_support.h"
#include "observe/log_field.h"
#include "observe/log_metrics.h"
#include "observe/log_options.h"
#include "observe/memory_log.h"

namespace causeway::observe {
namespace {

using test::lines_of;

class LogTest : public testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<Log> open(const LogOptions& options) const {
    auto log = Log::open(options, clock_);
    EXPECT_TRUE(log.has_value());
    return log ? std::move(*log) : nullptr;
  }
  [[nodiscard]] std::string path() const { return directory_.file("cw.log"); }

  test::TempDirectory directory_;
  test::FakeClock clock_;
};

TEST_F(LogTest, a_file_gets_json_and_every_line_is_there_when_the_log_has_ended) {
  auto log = open({.target = path()});
  log->info("listener {name} accepts", field("name", "web"));
  for (int i = 0; i < 500; ++i) log->warn("again", field("n", i));
  log.reset();
  const auto lines = lines_of(path());
  ASSERT_EQ(lines.size(), 501U);
  EXPECT_EQ(
      lines[0],
      R"({"ts":"2026-11-21T00:47:58.123Z","level":"info","msg":"listener web accepts","name":"web"})");
  EXPECT_EQ(lines[500],
            R"({"ts":"2026-11-21T00:47:58.123Z","level":"warn","msg":"again","n":499})");
}

TEST_F(LogTest, text_is_text_without_colour_in_a_file) {
  auto log = open({.format = LogFormat::text, .target = path()});
  log->error("no", field("why", "x\x1b[31m"));
  log.reset();
  EXPECT_EQ(lines_of(path()),
            std::vector<std::string>{R"(2026-11-21T00:47:58.123Z ERROR no why="x\x1b[31m")"});
}

TEST_F(LogTest, levels_below_the_chosen_one_are_not_written_and_it_may_change) {
  auto log = open({.level = LogLevel::warn, .format = LogFormat::text, .target = path()});
  EXPECT_FALSE(log->wants(LogLevel::info));
  EXPECT_TRUE(log->wants(LogLevel::warn));
  log->info("not this");
  log->warn("this");
  log->set_level(LogLevel::trace);
  log->trace("and this");
  log->debug("and that");
  log->set_level(LogLevel::off);
  log->error("never");
  log->write(LogLevel::off, "nor this");
  log.reset();
  const auto lines = lines_of(path());
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_TRUE(lines[0].ends_with("WARN  this"));
  EXPECT_TRUE(lines[1].ends_with("TRACE and this"));
  EXPECT_TRUE(lines[2].ends_with("DEBUG and that"));
}

TEST_F(LogTest, rotation_works_through_the_queue) {
  auto log =
      open({.format = LogFormat::text, .target = path(), .rotation = {.max_size_bytes = 40}});
  for (int i = 0; i < 3; ++i) log->info("a line of some length");
  log.reset();
  EXPECT_EQ(directory_.names(),
            (std::set<std::string>{"cw.log", "cw.log.2026-11-21.1", "cw.log.2026-11-21.2"}));
}

TEST_F(LogTest, a_target_that_cannot_be_opened_is_an_error) {
  const auto log = Log::open({.target = directory_.file("none/cw.log")}, clock_);
  ASSERT_FALSE(log.has_value());
  EXPECT_EQ(log.error().code, Errc::not_found);
}

TEST_F(LogTest, a_full_disk_neither_throws_nor_ends_the_program) {
  std::filesystem::create_symlink("/dev/full", path());
  auto log = open({.target = path()});
  for (int i = 0; i < 100; ++i) log->error("lost", field("n", i));
  while (log->metrics().lost_lines.value() < 100) std::this_thread::yield();
  EXPECT_EQ(log->metrics().written_lines.value(), 0U);
}

// The writer thread asks for the monotonic time before each line; it waits here until the test lets
// it go on. Callers ask for the wall time only.
class GatedClock final : public test::FakeClock {
 public:
  [[nodiscard]] Instant now() const override {
    waiting_ = true;
    waiting_.notify_all();
    open_.wait(false);
    return FakeClock::now();
  }
  void wait_for_the_writer() const { waiting_.wait(false); }
  void open_gate() {
    open_ = true;
    open_.notify_all();
  }

 private:
  mutable std::atomic<bool> waiting_{false};
  std::atomic<bool> open_{false};
};

TEST_F(LogTest, a_full_queue_drops_the_oldest_without_waiting_and_says_how_many) {
  GatedClock gated;
  auto opened = Log::open({.format = LogFormat::text, .target = path(), .queue_lines = 8}, gated);
  ASSERT_TRUE(opened.has_value());
  auto& log = *opened;
  log->info("first");
  gated.wait_for_the_writer();  // it holds the first line; the queue is empty
  for (int i = 0; i < 20; ++i) log->info("line {n}", field("n", i));
  gated.open_gate();
  log.reset();
  const auto lines = lines_of(path());
  // The first, which the writer held, the newest eight, and after the first of those the report.
  ASSERT_EQ(lines.size(), 10U);
  EXPECT_TRUE(lines[0].ends_with("first"));
  EXPECT_TRUE(lines[1].ends_with("line 12")) << lines[1];
  EXPECT_NE(lines[2].find("missing: 12 the queue"), std::string::npos) << lines[2];
  EXPECT_TRUE(lines[9].ends_with("line 19")) << lines[9];
}

TEST_F(LogTest, many_threads_share_one_log_and_no_line_is_mixed_with_another) {
  constexpr int kThreads = 4;
  constexpr int kLines = 200;
  auto log = open({.format = LogFormat::text, .target = path(), .queue_lines = kThreads * kLines});
  {
    std::vector<std::jthread> threads;
    threads.reserve(kThreads);
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&log, t] {
        for (int i = 0; i < kLines; ++i) log->info("from", field("t", t), field("i", i));
      });
    }
  }
  log.reset();
  const auto lines = lines_of(path());
  ASSERT_EQ(lines.size(), static_cast<std::size_t>(kThreads * kLines));
  std::vector<int> next(kThreads, 0);
  for (const auto& line : lines) {
    bool known = false;
    for (int t = 0; t < kThreads && !known; ++t) {
      known = line.ends_with("INFO  from t=" + std::to_string(t) + " i=" + std::to_string(next[t]));
      if (known) ++next[t];
    }
    ASSERT_TRUE(known) << line;
  }
}

TEST(LogLevels, have_names) {
  EXPECT_EQ(name_of(LogLevel::trace), "trace");
  EXPECT_EQ(name_of(LogLevel::debug), "debug");
  EXPECT_EQ(name_of(LogLevel::info), "info");
  EXPECT_EQ(name_of(LogLevel::warn), "warn");
  EXPECT_EQ(name_of(LogLevel::error), "error");
  EXPECT_EQ(name_of(LogLevel::off), "off");
}

TEST(MemoryLog, keeps_lines_without_their_time) {
  MemoryLog memory;
  memory.log().warn("refused", field("reason", "source_limit"));
  memory.log().info("ready");
  EXPECT_EQ(memory.lines(),
            (std::vector<std::string>{"WARN  refused reason=source_limit", "INFO  ready"}));
  EXPECT_EQ(memory.count_of("refused"), 1U);
  EXPECT_EQ(memory.log().metrics().written_lines.value(), 2U);
}

TEST(MemoryLog, honours_its_level) {
  MemoryLog memory(LogLevel::error);
  memory.log().warn("no");
  EXPECT_TRUE(memory.lines().empty());
}

}  // namespace
}  // namespace causeway::observe
