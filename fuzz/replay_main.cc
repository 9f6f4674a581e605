// SPDX-License-Identifier: Apache-2.0
// Stands in for libFuzzer in a plain build: gives every file of a corpus to the fuzzer once, so
// that what a search has found stays found. A corpus that is missing or empty is a failure: a
// replay of nothing proves nothing.
//
// usage: <fuzzer> CORPUS...      each a directory, read with what is below it, or a file
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <ios>
#include <iterator>
#include <system_error>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

// The files of `corpus` in the order of their names, so that two runs are the same run.
// Empty when it cannot be read.
std::vector<fs::path> files_of(const fs::path& corpus) {
  std::error_code problem;
  if (fs::is_regular_file(corpus, problem)) return {corpus};
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator entry(corpus, problem), end; !problem && entry != end;
       entry.increment(problem)) {
    if (entry->is_regular_file(problem)) files.push_back(entry->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool replay(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
  if (!in.is_open() || in.bad()) {
    std::fprintf(stderr, "%s: cannot be read\n", file.c_str());
    return false;
  }
  // A copy of its own of exactly this size: a sanitizer then sees the first byte read past the end.
  const std::vector<std::uint8_t> input(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(input.data(), input.size());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s CORPUS...\n", argv[0]);
    return 2;
  }
  std::size_t replayed = 0;
  for (int i = 1; i < argc; ++i) {
    const std::vector<fs::path> files = files_of(argv[i]);
    if (files.empty()) {
      std::fprintf(stderr, "%s: no such corpus, or nothing in it\n", argv[i]);
      return 1;
    }
    for (const fs::path& file : files) {
      if (!replay(file)) return 1;
      ++replayed;
    }
  }
  std::printf("replayed %zu inputs\n", replayed);
  return 0;
}
