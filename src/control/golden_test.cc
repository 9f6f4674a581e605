// SPDX-License-Identifier: Apache-2.0
// Each document in tests/golden/config, with the report of `causeway check` beside it in a .txt. To
// write them anew after a change of wording: CAUSEWAY_UPDATE_GOLDEN=1 control_tests, then read the
// diff.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <ios>
#include <sstream>
#include <string>
#include <vector>

#include "control/config_commands.h"
#include "control/diagnostic.h"
#include "control/document.h"
#include "control/document_reader.h"
#include "control/loader.h"
#include "control/test_documents.h"

namespace causeway::control {
namespace {

std::string check(const std::filesystem::path& file) {
  const auto text = read_file(file.string(), kDocumentBytesMax);
  EXPECT_TRUE(text) << file;
  ConfigSources from;
  from.environment = {{"WORKERS", "2"}};
  const Loaded loaded = load_text(file.filename().string(), text.value_or(""), from);
  std::ostringstream out;
  const int code = report(loaded, {.out = out, .err = out});
  out << "exit code " << code << "\n";
  return out.str();
}

TEST(ConfigGolden, every_document_gets_exactly_the_expected_report) {
  const bool is_update = std::getenv("CAUSEWAY_UPDATE_GOLDEN") != nullptr;
  const auto files = documents_in(CAUSEWAY_SOURCE_DIR "/tests/golden/config");
  ASSERT_GT(files.size(), 30U);
  for (const auto& file : files) {
    const std::string expected_path = file.string() + ".txt";
    const std::string actual = check(file);
    if (is_update) {
      std::ofstream(expected_path, std::ios::binary) << actual;
      continue;
    }
    const auto expected = read_file(expected_path, kDocumentBytesMax);
    ASSERT_TRUE(expected) << expected_path;
    EXPECT_EQ(actual, *expected) << file;
  }
}

TEST(ConfigGolden, every_code_is_seen_in_a_report) {
  std::string reports;
  for (const auto& file : documents_in(CAUSEWAY_SOURCE_DIR "/tests/golden/config"))
    reports += check(file);
  for (std::size_t i = 0; i < kCodeCount; ++i) {
    const auto code = static_cast<Code>(i);
    // These two need a missing file and a large one; loader_test.cc has them.
    if (code == Code::unreadable || code == Code::too_large) continue;
    EXPECT_NE(reports.find("[" + std::string(name_of(code)) + "]"), std::string::npos)
        << name_of(code);
  }
}

TEST(ConfigGolden, every_code_is_explained_in_the_documentation) {
  const auto docs = read_file(CAUSEWAY_SOURCE_DIR "/docs/configuration.md", kDocumentBytesMax);
  ASSERT_TRUE(docs);
  for (std::size_t i = 0; i < kCodeCount; ++i) {
    const auto name = name_of(static_cast<Code>(i));
    EXPECT_NE(docs->find("| `" + std::string(name) + "` |"), std::string::npos) << name;
  }
}

TEST(ConfigExamples, all_pass_the_check_without_a_word) {
  const auto files = documents_in(CAUSEWAY_SOURCE_DIR "/examples");
  ASSERT_GE(files.size(), 8U);
  for (const auto& file : files) {
    std::ostringstream out;
    std::ostringstream err;
    ConfigSources from;
    from.path = file.string();
    EXPECT_EQ(check_command(from, {.out = out, .err = err}), kExitOk) << file;
    EXPECT_EQ(err.str(), "") << file;
    EXPECT_TRUE(out.str().starts_with(file.string() + ": ok (")) << out.str();
  }
}

}  // namespace
}  // namespace causeway::control
