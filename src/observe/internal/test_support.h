// SPDX-License-Identifier: Apache-2.0
// What the tests of the log share: a clock that moves when it is told to, a directory that goes
// away with the test, and the lines of a file. Owned by a test; the clock may be read from any
// thread.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace causeway::observe::test {

using namespace std::chrono_literals;

// 2026-11-21T00:47:58.123Z
inline constexpr WallTime kStart =
    std::chrono::sys_days(std::chrono::year(2026) / 11 / 21) + 47min + 58s + 123ms;

class FakeClock : public base::Clock {
 public:
  [[nodiscard]] Instant now() const override { return Instant(passed_.load()); }
  [[nodiscard]] WallTime wall_now() const override { return kStart + passed_.load(); }
  void advance(Duration by) { passed_ = passed_.load() + by; }

 private:
  std::atomic<Duration> passed_{Duration::zero()};
};

class TempDirectory {
 public:
  TempDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "causeway-log-XXXXXX").string();
    const char* made = ::mkdtemp(name.data());
    EXPECT_NE(made, nullptr);
    if (made != nullptr) path_ = made;
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  ~TempDirectory() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] std::string file(std::string_view name) const { return (path_ / name).string(); }

  [[nodiscard]] std::set<std::string> names() const {
    std::set<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      found.insert(entry.path().filename().string());
    }
    return found;
  }

 private:
  std::filesystem::path path_;
};

inline std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

}  // namespace causeway::observe::test
