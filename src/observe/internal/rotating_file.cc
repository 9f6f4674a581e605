// SPDX-License-Identifier: Apache-2.0
#include "observe/internal/rotating_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/number.h"
#include "base/result.h"
#include "base/time.h"
#include "observe/log_options.h"

namespace causeway::observe::internal {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

constexpr Duration kRetryAfter = std::chrono::seconds(10);
// Of entries that are looked at in the log's directory. Whoever keeps more beside the log has them
// ignored, which at worst keeps an old file.
constexpr std::size_t kDirectoryEntriesMax = 65536;
constexpr mode_t kFileMode = 0640;

sys_days day_of(WallTime at) noexcept { return std::chrono::floor<days>(at); }

sys_days day_of(const timespec& at) noexcept {
  return std::chrono::floor<days>(
      std::chrono::sys_time<std::chrono::seconds>(std::chrono::seconds(at.tv_sec)));
}

}  // namespace

std::string closed_name(std::string_view stem, const ClosedFile& file) {
  const std::chrono::year_month_day date(file.day);
  return fmt::format("{}.{:04}-{:02}-{:02}.{}", stem, static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     file.number);
}

Result<ClosedFile> parse_closed_name(std::string_view stem, std::string_view name) {
  constexpr std::size_t kDateBytes = 12;  // ".YYYY-MM-DD."
  if (!name.starts_with(stem) || name.size() <= stem.size() + kDateBytes) {
    return fail(Errc::bad_syntax);
  }
  const std::string_view rest = name.substr(stem.size());
  const auto year = base::parse_number<std::uint16_t>(rest.substr(1, 4));
  const auto month = base::parse_number<std::uint8_t>(rest.substr(6, 2));
  const auto day = base::parse_number<std::uint8_t>(rest.substr(9, 2));
  const auto number = base::parse_number<std::uint32_t>(rest.substr(kDateBytes));
  if (!year || !month || !day || !number) return fail(Errc::bad_syntax);
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(*month),
                                         std::chrono::day(*day)};
  if (!date.ok()) return fail(Errc::bad_syntax);
  const ClosedFile file{.day = sys_days(date), .number = *number};
  // Only what we would have written ourselves: catches other separators and leading zeros.
  if (closed_name(stem, file) != name) return fail(Errc::bad_syntax);
  return file;
}

RotatingFile::RotatingFile(Key /*key*/, std::string path, const LogRotationRule& rule)
    : path_(std::move(path)), rule_(rule) {
  const std::filesystem::path whole(path_);
  directory_ = whole.has_parent_path() ? whole.parent_path().string() : ".";
  stem_ = whole.filename().string();
}

Result<std::unique_ptr<RotatingFile>> RotatingFile::open(std::string path,
                                                         const LogRotationRule& rule, WallTime at) {
  auto file = std::make_unique<RotatingFile>(Key{}, std::move(path), rule);
  const auto opened = file->open_file(day_of(at));
  if (!opened) return fail(opened);
  const auto closed = file->list_closed();
  if (closed) {
    file->remove_old(*closed, day_of(at));
  } else {
    ++file->failures_;
  }
  return file;
}

Result<void> RotatingFile::open_file(Day today) {
  const int fd =
      ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, kFileMode);
  if (fd < 0) return fail(base::from_errno(errno, "open of the log file"));
  struct stat status{};
  const bool known = ::fstat(fd, &status) == 0;
  is_regular_ = known && S_ISREG(status.st_mode);
  size_bytes_ = is_regular_ ? static_cast<std::uint64_t>(status.st_size) : 0;
  last_day_ = size_bytes_ > 0 ? day_of(status.st_mtim) : today;
  file_ =
      LogDescriptor::own(fd, is_regular_ ? LogDescriptor::Kind::file : LogDescriptor::Kind::stream);
  return {};
}

Result<void> RotatingFile::write_line(std::string_view line, Instant now, WallTime at) {
  const Day today = day_of(at);
  if (now >= next_try_ && is_due(line.size(), today)) {
    const auto rotated = rotate(today);
    if (!rotated) {
      ++failures_;
      next_try_ = now + kRetryAfter;
    }
  }
  const auto written = file_.write_line(line);
  if (!written) return written;
  size_bytes_ += line.size();
  last_day_ = std::max(last_day_, today);
  return {};
}

// "Later", not "another" day: lines of several threads arrive a little out of order at midnight.
bool RotatingFile::is_due(std::size_t line_bytes, Day today) const noexcept {
  if (!is_regular_ || size_bytes_ == 0) return false;
  if (rule_.daily && today > last_day_) return true;
  return rule_.max_size_bytes > 0 && size_bytes_ + line_bytes > rule_.max_size_bytes;
}

Result<void> RotatingFile::rotate(Day today) {
  auto closed = list_closed();
  if (!closed) return fail(closed);
  ClosedFile name{.day = last_day_, .number = 1};
  for (const ClosedFile& file : *closed) {
    if (file.day == name.day) name.number = std::max(name.number, file.number + 1);
  }
  const std::string closed_path =
      (std::filesystem::path(directory_) / closed_name(stem_, name)).string();
  if (std::rename(path_.c_str(), closed_path.c_str()) != 0) {
    return fail(base::from_errno(errno, "rename of the log file"));
  }
  const auto opened = open_file(today);
  if (!opened) {
    // The old file is still open. Under its old name the next attempt finds it.
    (void)std::rename(closed_path.c_str(), path_.c_str());
    return opened;
  }
  ++rotations_;
  closed->push_back(name);
  remove_old(std::move(*closed), today);
  return {};
}

Result<std::vector<ClosedFile>> RotatingFile::list_closed() const {
  std::error_code problem;
  std::filesystem::directory_iterator entry(directory_, problem);
  std::vector<ClosedFile> closed;
  for (std::size_t seen = 0; !problem && seen < kDirectoryEntriesMax; ++seen) {
    if (entry == std::filesystem::directory_iterator()) break;
    const auto file = parse_closed_name(stem_, entry->path().filename().string());
    std::error_code unknown;
    const auto type = entry->symlink_status(unknown).type();
    if (file && type == std::filesystem::file_type::regular) closed.push_back(*file);
    entry.increment(problem);
  }
  if (problem) return fail(base::from_errno(problem.value(), "reading the log's directory"));
  return closed;
}

void RotatingFile::remove_old(std::vector<ClosedFile> closed, Day today) {
  std::ranges::sort(closed);
  const std::size_t kept_max = rule_.max_files > 0 ? rule_.max_files : closed.size();
  const std::size_t surplus = closed.size() > kept_max ? closed.size() - kept_max : 0;
  for (std::size_t i = 0; i < closed.size(); ++i) {
    const bool expired =
        rule_.retention_days > 0 && closed[i].day + days(rule_.retention_days) < today;
    if (i >= surplus && !expired) continue;
    const auto path = std::filesystem::path(directory_) / closed_name(stem_, closed[i]);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) ++failures_;
  }
}

}  // namespace causeway::observe::internal
