// SPDX-License-Identifier: Apache-2.0
// Documents for the tests of this folder: those of a folder of the repository, and the smallest one
// that is complete. Included by tests only, which know where the repository is.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <vector>

namespace causeway::control {

inline constexpr std::string_view kSmallest =
    "listeners: [{ name: web, bind: 127.0.0.1:8080, pool: api }]\n"
    "pools: [{ name: api, endpoints: [10.0.0.1:80] }]\n";

inline std::vector<std::filesystem::path> documents_in(const char* folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".txt" && entry.path().extension() != ".md") {
      files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace causeway::control
