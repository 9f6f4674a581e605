// SPDX-License-Identifier: Apache-2.0
#include "control/config_commands.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <nlohmann/json_fwd.hpp>
#include <sstream>
#include <string>

#include "base/address.h"
#include "control/diagnostic.h"
#include "control/loader.h"
#include "control/quick_config.h"
#include "model/listener.h"
#include "model/pool.h"

namespace causeway::control {
namespace {

class Commands : public testing::Test {
 protected:
  static ConfigSources example(const std::string& name) {
    ConfigSources from;
    from.path = CAUSEWAY_SOURCE_DIR "/examples/" + name;
    return from;
  }
  Terminal terminal() { return {.out = out_, .err = err_}; }

  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(Commands, check_says_what_it_found_in_one_line) {
  EXPECT_EQ(check_command(example("tcp.yaml"), terminal()), kExitOk);
  EXPECT_TRUE(out_.str().ends_with("tcp.yaml: ok (2 listeners, 2 pools, 3 endpoints)\n"));
  EXPECT_EQ(err_.str(), "");
}

TEST_F(Commands, check_of_a_wrong_document_ends_with_three) {
  ConfigSources from;
  from.path = CAUSEWAY_SOURCE_DIR "/tests/golden/config/unknown-key.yaml";
  EXPECT_EQ(check_command(from, terminal()), kExitCheckFailed);
  EXPECT_EQ(out_.str(), "");
  EXPECT_TRUE(err_.str().ends_with("unknown-key.yaml: 3 errors\n")) << err_.str();
}

TEST_F(Commands, check_of_a_missing_file_ends_with_one) {
  EXPECT_EQ(check_command(example("missing.yaml"), terminal()), kExitFailure);
  EXPECT_NE(err_.str().find("error[unreadable]"), std::string::npos);
}

TEST_F(Commands, check_names_warnings_and_passes) {
  ConfigSources from;
  from.path = CAUSEWAY_SOURCE_DIR "/tests/golden/config/unused-pool.yaml";
  EXPECT_EQ(check_command(from, terminal()), kExitOk);
  EXPECT_TRUE(out_.str().ends_with(", 1 warning\n"));
  EXPECT_NE(err_.str().find("warning[unused-pool]"), std::string::npos);
}

TEST_F(Commands, schema_is_json) {
  EXPECT_EQ(schema_command(terminal()), kExitOk);
  EXPECT_TRUE(nlohmann::json::accept(out_.str()));
}

TEST_F(Commands, show_writes_yaml_with_origins) {
  const auto from = example("tcp.yaml");
  EXPECT_EQ(config_show_command(from, {.values = Values::all, .origins = true}, terminal()),
            kExitOk);
  EXPECT_NE(out_.str().find("workers: auto                           # default\n"),
            std::string::npos);
  EXPECT_NE(out_.str().find("# " + from.path + ":3:11\n"), std::string::npos);
}

TEST_F(Commands, show_writes_json_with_origins) {
  EXPECT_EQ(config_show_command(example("tcp.yaml"),
                                {.values = Values::all, .origins = true, .format = Format::json},
                                terminal()),
            kExitOk);
  const auto shown = nlohmann::json::parse(out_.str());
  EXPECT_EQ(shown["workers"]["value"], "auto");
  EXPECT_EQ(shown["workers"]["origin"], "default");
}

TEST_F(Commands, show_of_a_wrong_document_shows_nothing) {
  ConfigSources from;
  from.path = CAUSEWAY_SOURCE_DIR "/tests/golden/config/unknown-key.yaml";
  EXPECT_EQ(config_show_command(from, {}, terminal()), kExitCheckFailed);
  EXPECT_EQ(out_.str(), "");
}

class Quick : public testing::Test {
 protected:
  static Loaded load_quick(const QuickConfig& quick) {
    ConfigSources from;
    from.document = quick_document(quick);
    return load(from);
  }
  static std::string problems(const Loaded& loaded) {
    return render(loaded.diagnostics, loaded.sources, Colour::off);
  }
};

TEST_F(Quick, a_port_and_an_address_are_a_whole_configuration) {
  const Loaded loaded = load_quick({.from = "8080", .to = {"10.0.0.5:80"}});
  ASSERT_TRUE(loaded.snapshot) << problems(loaded);
  EXPECT_EQ(loaded.snapshot->listeners[0].bind, *base::Address::parse(":8080"));
  EXPECT_EQ(loaded.snapshot->listeners[0].protocol, model::Protocol::tcp);
  EXPECT_EQ(loaded.snapshot->pools[0].endpoints[0].address.to_text(), "10.0.0.5:80");
}

TEST_F(Quick, every_option_has_its_place) {
  const Loaded loaded = load_quick({.from = "53",
                                    .listen = "::1",
                                    .to = {"10.0.0.5:53", "10.0.0.6:53"},
                                    .transport = Transport::udp,
                                    .max_connections = "10",
                                    .balance = "round_robin"});
  ASSERT_TRUE(loaded.snapshot) << problems(loaded);
  EXPECT_EQ(loaded.snapshot->listeners[0].bind.to_text(), "[::1]:53");
  EXPECT_EQ(loaded.snapshot->listeners[0].protocol, model::Protocol::udp);
  EXPECT_EQ(loaded.snapshot->listeners[0].max_connections, 10U);
  EXPECT_EQ(loaded.snapshot->pools[0].endpoints.size(), 2U);
  EXPECT_EQ(loaded.snapshot->pools[0].balance, model::Balance::round_robin);
}

TEST_F(Quick, a_bind_of_any_kind_is_taken_as_it_is) {
  const Loaded loaded = load_quick({.from = "unix:/run/x.sock", .to = {"db:5432"}});
  ASSERT_TRUE(loaded.snapshot) << problems(loaded);
  EXPECT_NE(loaded.snapshot->listeners[0].bind.unix_socket(), nullptr);
}

TEST_F(Quick, mistakes_are_judged_by_the_same_checks) {
  EXPECT_TRUE(problems(load_quick({.from = "8080", .to = {"10.0.0.5"}}))
                  .starts_with("command line: error[bad-value]: `10.0.0.5` is not an address"));
  EXPECT_NE(problems(load_quick({.from = "8080", .to = {"127.0.0.1:8080"}})).find("[self-forward]"),
            std::string::npos);
  EXPECT_NE(problems(load_quick({.from = "8080", .to = {}})).find("[out-of-range]"),
            std::string::npos);
}

TEST_F(Quick, the_environment_still_counts) {
  ConfigSources from;
  from.document = quick_document({.from = "8080", .to = {"10.0.0.5:80"}});
  from.environment = {{"CAUSEWAY__WORKERS", "3"}};
  EXPECT_EQ(load(from).snapshot->workers, 3U);
}

}  // namespace
}  // namespace causeway::control
