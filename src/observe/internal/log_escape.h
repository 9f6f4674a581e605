// SPDX-License-Identifier: Apache-2.0
// Makes text of strangers harmless: for a terminal, which obeys control characters, for people,
// whom direction overrides deceive, and for readers of JSON, which takes UTF-8 only.
#pragma once

#include <string_view>

#include "observe/internal/log_line.h"

namespace causeway::observe::internal {

// As it is when it is a plain word; else in quotes with escapes: \" \\ \n \r \t \x1b \u202e, and
// \xff for a byte that is not UTF-8.
void put_text_value(LineBuffer& line, std::string_view value);

// The inside of a JSON string (RFC 8259 section 7), without its quotes. A byte that is not UTF-8
// becomes U+FFFD.
void put_json_text(LineBuffer& line, std::string_view value);

}  // namespace causeway::observe::internal
