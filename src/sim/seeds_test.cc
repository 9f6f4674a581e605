// SPDX-License-Identifier: Apache-2.0
#include "sim/seeds.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

namespace causeway::sim {
namespace {

// A variable of the environment that a test may set, and that is as it was afterwards.
class Variable {
 public:
  explicit Variable(const char* name) : name_(name) {
    const char* const before = std::getenv(name);
    if (before != nullptr) before_ = before;
    ::unsetenv(name);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() {
    ::unsetenv(name_);
    if (before_) set(before_->c_str());
  }
  void set(const char* value) { ::setenv(name_, value, 1); }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

class SeedsTest : public ::testing::Test {
 protected:
  Variable only_{"CAUSEWAY_SEED"};
  Variable times_{"CAUSEWAY_SEEDS"};
};

TEST_F(SeedsTest, are_the_first_numbers) {
  EXPECT_EQ(seeds(3), (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST_F(SeedsTest, are_one_alone_when_it_is_named) {
  only_.set("42");
  EXPECT_EQ(seeds(3), std::vector<std::uint64_t>{42});
}

TEST_F(SeedsTest, are_more_when_that_is_asked) {
  times_.set("10");
  EXPECT_EQ(seeds(3).size(), 30U);
}

TEST_F(SeedsTest, what_is_no_number_is_ignored) {
  only_.set("many");
  EXPECT_EQ(seeds(2).size(), 2U);
}

}  // namespace
}  // namespace causeway::sim
