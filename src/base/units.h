// SPDX-License-Identifier: Apache-2.0
// Durations and sizes as people write them: `10s`, `1h30m`, `500ms`, `64KiB`, `2GB`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace causeway::base {

// One or more of <number><unit> with units ns us ms s m h d, each at most once and from large to
// small; a fraction is allowed in a single term ("1.5s"). A bare number has no unit and is refused,
// except "0".
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);

// The shortest exact spelling that parse_duration takes and that has no leading zero: "500ms",
// "1.5s", "90s", "1h"; one term rather than two of the same length. A negative duration, which
// nobody can write, has a '-' in front.
[[nodiscard]] std::string format_duration(Duration duration);

// <number><unit> with B, KiB MiB GiB TiB (1024) or KB MB GB TB (1000); a bare number is bytes.
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);

// The largest exact binary unit: 65536 is "64KiB", 1000 is "1000B".
[[nodiscard]] std::string format_size(std::uint64_t bytes);

}  // namespace causeway::base
