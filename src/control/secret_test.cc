// SPDX-License-Identifier: Apache-2.0
#include "control/secret.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "control/codec.h"
#include "control/diagnostic.h"
#include "control/document.h"
#include "control/substitution.h"

namespace causeway::control {
namespace {

class SecretTest : public testing::Test {
 protected:
  bool decode(std::string_view text) {
    Reader reader(diagnostics_, environment_);
    reader.key = "token";
    return codec_->decode(string_node(text), secret_, reader);
  }

  Environment environment_ = {{"TOKEN", "from-the-environment"}, {"EMPTY", ""}};
  Diagnostics diagnostics_;
  Secret secret_;
  CodecOf<Secret> codec_ = secret();
};

TEST_F(SecretTest, plain_text_is_the_secret_itself) {
  ASSERT_TRUE(decode("hunter2"));
  EXPECT_EQ(secret_.value, "hunter2");
}

TEST_F(SecretTest, env_takes_it_from_a_variable) {
  ASSERT_TRUE(decode("env:TOKEN"));
  EXPECT_EQ(secret_.value, "from-the-environment");
}

TEST_F(SecretTest, file_takes_it_from_a_file_without_the_last_line_end) {
  const std::string path = testing::TempDir() + "causeway_secret_test";
  std::ofstream(path) << "from-a-file\r\n";
  ASSERT_TRUE(decode("file:" + path));
  EXPECT_EQ(secret_.value, "from-a-file");
  std::filesystem::remove(path);
}

TEST_F(SecretTest, a_variable_that_is_not_set_is_refused) {
  EXPECT_FALSE(decode("env:NONE"));
  EXPECT_EQ(diagnostics_.all()[0].code, Code::unset_variable);
}

TEST_F(SecretTest, a_file_that_is_missing_or_too_large_is_refused) {
  EXPECT_FALSE(decode("file:/nonexistent/secret"));
  EXPECT_EQ(diagnostics_.all()[0].code, Code::unreadable);
  const std::string path = testing::TempDir() + "causeway_secret_test_large";
  std::ofstream(path) << std::string(kSecretBytesMax + 1, 'x');
  EXPECT_FALSE(decode("file:" + path));
  std::filesystem::remove(path);
}

TEST_F(SecretTest, an_empty_secret_is_refused) {
  EXPECT_FALSE(decode(""));
  EXPECT_FALSE(decode("env:EMPTY"));
}

TEST_F(SecretTest, it_is_never_shown) {
  ASSERT_TRUE(decode("hunter2"));
  EXPECT_EQ(codec_->encode(secret_).text, "***");
  EXPECT_FALSE(decode("env:NONE"));
  for (const Diagnostic& diagnostic : diagnostics_.all()) EXPECT_TRUE(diagnostic.hides_line);
}

}  // namespace
}  // namespace causeway::control
