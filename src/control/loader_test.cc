// SPDX-License-Identifier: Apache-2.0
#include "control/loader.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/ids.h"
#include "control/diagnostic.h"
#include "control/document.h"
#include "control/node_writer.h"
#include "control/test_documents.h"
#include "model/listener.h"
#include "model/logging.h"
#include "model/pool.h"
#include "model/snapshot.h"

namespace causeway::control {
namespace {

using namespace std::chrono_literals;

Loaded load_yaml(std::string_view text, const ConfigSources& from = {}) {
  return load_text("gateway.yaml", std::string(text), from);
}

std::string problems(const Loaded& loaded) {
  return render(loaded.diagnostics, loaded.sources, Colour::off);
}

TEST(Load, the_smallest_document_gets_every_default_of_the_model) {
  const Loaded loaded = load_yaml(kSmallest);
  ASSERT_TRUE(loaded.snapshot) << problems(loaded);
  const model::Snapshot& snapshot = *loaded.snapshot;
  EXPECT_EQ(snapshot.limits, model::Limits());
  EXPECT_EQ(snapshot.timeouts, model::Timeouts());
  EXPECT_EQ(snapshot.dns, model::Dns());
  EXPECT_EQ(snapshot.logging, model::Logging());
  EXPECT_EQ(snapshot.affinity, model::Affinity());
  EXPECT_EQ(snapshot.workers, 0U);

  model::Listener listener;
  listener.name = "web";
  listener.bind = *base::Address::parse("127.0.0.1:8080");
  listener.routes.push_back({.match = {}, .pool = base::PoolId(0)});
  ASSERT_EQ(snapshot.listeners.size(), 1U);
  EXPECT_EQ(snapshot.listeners[0], listener);

  model::Pool pool;
  pool.name = "api";
  pool.endpoints.push_back({.address = *base::Address::parse("10.0.0.1:80")});
  ASSERT_EQ(snapshot.pools.size(), 1U);
  EXPECT_EQ(snapshot.pools[0], pool);
}

TEST(Load, every_key_reaches_its_member) {
  const Loaded loaded = load_yaml(R"(
workers: 3
cpu_affinity: [2, 4]
limits: { max_connections: 1, max_connections_per_source: 2, accept_rate: 3, descriptor_reserve: 9,
  memory: 5MiB, buffer_size: 2KiB, max_buffer_size: 4KiB }
timeouts: { connect: 1s, read: 2s, write: 3s, idle: 4s, keepalive: 5s, peek: 6s, queue: 7s, drain: 8s }
dns: { servers: 192.0.2.1, timeout: 1s, ttl_min: 2s, ttl_max: 3s }
logging: { level: debug, format: json, target: /var/log/x.log, rotation: daily, max_size: 1MiB,
  retention_days: 2, max_files: 3 }
listeners:
  - name: a
    bind: unix:/run/a.sock
    tls: passthrough
    routes:
      - { match: { sni: A.example.com, alpn: [h2, http/1.1] }, pool: q }
      - pool: p
    max_connections: 1
    max_connections_per_source: 2
    accept_rate: 3
    backlog: 4
    unix_mode: "0600"
    log_connections: true
    accept_proxy: { from: 10.0.0.0/8, required: true }
    tcp_nodelay: false
    tcp_quickack: true
    tcp_fast_open: true
    receive_buffer: 8KiB
    send_buffer: 16KiB
    timeouts: { idle: 9s, read: off }
pools:
  - name: p
    balance: ip_hash
    endpoints: [{ address: "DB.internal:5432", weight: 7, max_connections: 8 }]
    health: { type: tcp, interval: 1s, timeout: 2s, unhealthy_threshold: 3, healthy_threshold: 4, jitter_percent: 5 }
    ejection: { enabled: false, consecutive_failures: 2, base_time: 3s, max_time: 4s, max_ejected_percent: 5 }
    connect_attempts: 2
    queue_size: 3
    queue_timeout: 4s
    connect_timeout: 5s
    send_proxy: v2
  - { name: q, endpoints: ["[2001:db8::1]:80"] }
)");
  ASSERT_TRUE(loaded.snapshot) << problems(loaded);
  EXPECT_EQ(problems(loaded), "");
  const model::Snapshot& s = *loaded.snapshot;
  EXPECT_EQ(s.workers, 3U);
  EXPECT_EQ(s.affinity, (model::Affinity{model::Affinity::Mode::list, {2, 4}}));
  EXPECT_EQ(s.limits, (model::Limits{1, 2, 3, 9, 5U << 20U, 2048, 4096}));
  EXPECT_EQ(s.timeouts, (model::Timeouts{1s, 2s, 3s, 4s, 5s, 6s, 7s, 8s}));
  EXPECT_EQ(s.dns, (model::Dns{{*base::SocketAddress::parse("192.0.2.1:53")}, 1s, 2s, 3s}));
  EXPECT_EQ(s.logging,
            (model::Logging{model::LogLevel::debug, model::LogFormat::json, "/var/log/x.log",
                            model::LogRotation::daily, 1U << 20U, 2, 3}));
  model::Listener a;
  a.name = "a";
  a.bind = *base::Address::parse("unix:/run/a.sock");
  a.tls = model::TlsMode::passthrough;
  a.routes = {{.match = {.sni = {"a.example.com"}, .alpn = {"h2", "http/1.1"}, .source = {}},
               .pool = base::PoolId(1)},
              {.match = {}, .pool = base::PoolId(0)}};
  a.max_connections = 1;
  a.max_connections_per_source = 2;
  a.accept_rate = 3;
  a.backlog = 4;
  a.unix_mode = 0600;
  a.log_connections = true;
  a.accept_proxy = {.from = {*base::Network::parse("10.0.0.0/8")}, .required = true};
  a.socket = {false, true, true, 8192, 16384};
  a.timeouts = {1s, 0s, 3s, 9s, 5s, 6s, 7s, 8s};
  EXPECT_EQ(s.listeners.at(0), a);

  model::Pool p;
  p.name = "p";
  p.balance = model::Balance::ip_hash;
  p.endpoints = {{*base::Address::parse("db.internal:5432"), 7, 8}};
  p.health = model::Health{model::HealthType::tcp, 1s, 2s, 3, 4, 5};
  p.ejection = {false, 2, 3s, 4s, 5};
  p.connect_attempts = 2;
  p.queue_size = 3;
  p.queue_timeout = 4s;
  p.connect_timeout = 5s;
  p.send_proxy = model::SendProxy::v2;
  EXPECT_EQ(s.pools.at(0), p);
}

TEST(Load, a_listener_inherits_the_timeouts_of_the_document) {
  const Loaded loaded = load_yaml(
      "listeners: [{ name: web, bind: 127.0.0.1:1, pool: api, timeouts: { idle: 1m } }]\n"
      "pools: [{ name: api, endpoints: [10.0.0.1:80] }]\n"
      "timeouts: { idle: 2m, connect: 3s }\n");  // after its use, which makes no difference
  ASSERT_TRUE(loaded.snapshot) << problems(loaded);
  EXPECT_EQ(loaded.snapshot->listeners[0].timeouts.idle, 1min);
  EXPECT_EQ(loaded.snapshot->listeners[0].timeouts.connect, 3s);
}

TEST(Load, the_three_languages_mean_the_same) {
  const Loaded yaml = load_text("g.yaml", std::string(kSmallest), {});
  const Loaded toml = load_text("g.toml",
                                "[[listeners]]\nname = \"web\"\nbind = \"127.0.0.1:8080\"\n"
                                "pool = \"api\"\n[[pools]]\nname = \"api\"\n"
                                "endpoints = [\"10.0.0.1:80\"]\n",
                                {});
  const Loaded json = load_text("g.json",
                                R"({"listeners": [{"name": "web", "bind": "127.0.0.1:8080",
                                    "pool": "api"}],
                                    "pools": [{"name": "api", "endpoints": ["10.0.0.1:80"]}]})",
                                {});
  ASSERT_TRUE(yaml.snapshot && toml.snapshot && json.snapshot);
  EXPECT_EQ(*yaml.snapshot, *toml.snapshot);
  EXPECT_EQ(*yaml.snapshot, *json.snapshot);
}

TEST(Precedence, flags_over_environment_over_file_over_defaults) {
  const std::string text = "workers: 2\n" + std::string(kSmallest);
  ConfigSources from;
  EXPECT_EQ(load_yaml(kSmallest, from).snapshot->workers, 0U);
  EXPECT_EQ(load_yaml(text, from).snapshot->workers, 2U);
  from.environment = {{"CAUSEWAY__WORKERS", "3"}};
  EXPECT_EQ(load_yaml(text, from).snapshot->workers, 3U);
  from.overrides = {{"workers", "4"}};
  EXPECT_EQ(load_yaml(text, from).snapshot->workers, 4U);
}

TEST(Environment, keys_of_sections_and_items_by_index_and_by_name) {
  ConfigSources from;
  from.environment = {{"CAUSEWAY__LIMITS__MAX_CONNECTIONS", "100"},
                      {"CAUSEWAY__LISTENERS__0__BIND", "127.0.0.1:9"},
                      {"CAUSEWAY__LISTENERS__WEB__MAX_CONNECTIONS", "7"},
                      {"CAUSEWAY__POOLS__API__ENDPOINTS__0__WEIGHT", "5"},
                      {"CAUSEWAY__POOLS__API__HEALTH__INTERVAL", "1s"},
                      {"PATH", "/bin"}};
  const Loaded loaded = load_yaml(kSmallest, from);
  ASSERT_TRUE(loaded.snapshot) << problems(loaded);
  EXPECT_EQ(loaded.snapshot->limits.max_connections, 100U);
  EXPECT_EQ(loaded.snapshot->listeners[0].bind.to_text(), "127.0.0.1:9");
  EXPECT_EQ(loaded.snapshot->listeners[0].max_connections, 7U);
  EXPECT_EQ(loaded.snapshot->pools[0].endpoints[0].weight, 5U);
  EXPECT_EQ(loaded.snapshot->pools[0].health->interval, 1s);
}

TEST(Environment, names_match_whatever_their_case_and_signs) {
  ConfigSources from;
  from.environment = {{"CAUSEWAY__LISTENERS__MY_WEB_1__BACKLOG", "7"}};
  const Loaded loaded = load_yaml(
      "listeners: [{ name: My-Web.1, bind: 127.0.0.1:1, pool: api }]\n"
      "pools: [{ name: api, endpoints: [10.0.0.1:80] }]\n",
      from);
  ASSERT_TRUE(loaded.snapshot) << problems(loaded);
  EXPECT_EQ(loaded.snapshot->listeners[0].backlog, 7U);
}

TEST(Environment, items_are_appended_in_the_order_of_their_numbers) {
  ConfigSources from;
  for (int i = 12; i > 0; --i) {
    from.environment.emplace_back(fmt::format("CAUSEWAY__POOLS__0__ENDPOINTS__{}", i),
                                  fmt::format("10.0.0.1:{}", 80 + i));
  }
  const Loaded loaded = load_yaml(kSmallest, from);
  ASSERT_TRUE(loaded.snapshot) << problems(loaded);
  ASSERT_EQ(loaded.snapshot->pools[0].endpoints.size(), 13U);
  EXPECT_EQ(loaded.snapshot->pools[0].endpoints[12].address.to_text(), "10.0.0.1:92");
}

TEST(Environment, lists_are_words_with_commas_or_yaml) {
  ConfigSources from;
  from.environment = {
      {"CAUSEWAY__CPU_AFFINITY", "0, 2"},
      {"CAUSEWAY__DNS__SERVERS", "192.0.2.1,192.0.2.2:5353"},
      {"CAUSEWAY__POOLS__API__ENDPOINTS", "[10.0.0.1:80, {address: 10.0.0.2:80, weight: 3}]"}};
  const Loaded loaded = load_yaml(kSmallest, from);
  ASSERT_TRUE(loaded.snapshot) << problems(loaded);
  EXPECT_EQ(loaded.snapshot->affinity.cores, (std::vector<std::uint32_t>{0, 2}));
  EXPECT_EQ(loaded.snapshot->dns.servers.size(), 2U);
  EXPECT_EQ(loaded.snapshot->pools[0].endpoints[1].weight, 3U);
}

TEST(Environment, a_whole_configuration_fits) {
  ConfigSources from;
  from.environment = {{"CAUSEWAY__LISTENERS", "[{name: web, bind: '127.0.0.1:8080', pool: api}]"},
                      {"CAUSEWAY__POOLS", "[{name: api, endpoints: ['10.0.0.1:80']}]"}};
  const Loaded loaded = load_yaml("", from);
  ASSERT_TRUE(loaded.snapshot) << problems(loaded);
  EXPECT_EQ(*loaded.snapshot, *load_yaml(kSmallest).snapshot);
}

TEST(Environment, what_is_wrong_names_the_variable) {
  ConfigSources from;
  from.environment = {{"CAUSEWAY__LISTNERS", "x"},
                      {"CAUSEWAY__LIMITS__MEMORY__X", "x"},
                      {"CAUSEWAY__LISTENERS__5__BIND", "x"},
                      {"CAUSEWAY__LISTENERS__WEBB__BIND", "x"},
                      {"CAUSEWAY__POOLS__0__ENDPOINTS", "[a"},
                      {"CAUSEWAY__TIMEOUTS__IDLE", "5"},
                      {"CAUSEWAY__LOGGING__TARGET", "\xff"},
                      {"CAUSEWAY__", "x"}};
  const Loaded loaded = load_yaml(kSmallest, from);
  const std::string text = problems(loaded);
  EXPECT_NE(text.find("environment CAUSEWAY__LISTNERS: error[unknown-key]: unknown key `listners`\n"
                      "  hint: did you mean `listeners`?\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("CAUSEWAY__LIMITS__MEMORY__X: error[unknown-key]"), std::string::npos)
      << text;
  EXPECT_NE(text.find("CAUSEWAY__LISTENERS__5__BIND: error[out-of-range]"), std::string::npos);
  EXPECT_NE(text.find("CAUSEWAY__LISTENERS__WEBB__BIND: error[unknown-key]"), std::string::npos);
  EXPECT_NE(text.find("CAUSEWAY__POOLS__0__ENDPOINTS: error[syntax]"), std::string::npos);
  EXPECT_NE(text.find("CAUSEWAY__TIMEOUTS__IDLE: error[bad-unit]: `5` has no unit"),
            std::string::npos);
  EXPECT_NE(text.find("CAUSEWAY__LOGGING__TARGET: error[syntax]"), std::string::npos);
  EXPECT_NE(text.find("environment CAUSEWAY__: error[unknown-key]"), std::string::npos);
  EXPECT_EQ(loaded.diagnostics.errors(), 8U) << text;
}

TEST(Environment, two_items_that_a_variable_cannot_tell_apart_are_refused) {
  ConfigSources from;
  from.environment = {{"CAUSEWAY__POOLS__A_B__QUEUE_SIZE", "1"}};
  const Loaded loaded = load_yaml(
      "listeners: [{ name: web, bind: 127.0.0.1:1, routes: [{ pool: a-b }, { match: { source: "
      "10.0.0.0/8 }, pool: a.b }] }]\n"
      "pools: [{ name: a-b, endpoints: [10.0.0.1:80] }, { name: a.b, endpoints: [10.0.0.2:80] }]\n",
      from);
  ASSERT_EQ(loaded.diagnostics.errors(), 1U) << problems(loaded);
  EXPECT_EQ(loaded.diagnostics.all()[0].code, Code::duplicate_name);
}

TEST(Overrides, places_read_command_line) {
  ConfigSources from;
  from.overrides = {{"listeners.0.bind", "nowhere"}};
  EXPECT_TRUE(problems(load_yaml(kSmallest, from)).starts_with("command line: error[bad-value]"));
}

TEST(Effective, loading_what_it_shows_gives_the_same_snapshot) {
  auto files = documents_in(CAUSEWAY_SOURCE_DIR "/examples");
  for (const auto& file : documents_in(CAUSEWAY_SOURCE_DIR "/tests/golden/config"))
    files.push_back(file);
  ConfigSources from;
  from.environment = {{"WORKERS", "2"}, {"CAUSEWAY__LOGGING__LEVEL", "warn"}};
  std::size_t compared = 0;
  for (const auto& file : files) {
    from.path = file.string();
    const Loaded original = load(from);
    if (!original.snapshot) continue;
    ++compared;
    for (const Values values : {Values::all, Values::written}) {
      const Node shown = effective(original, values);
      const Loaded yaml = load_text("s.yaml", to_yaml(shown, original.sources, Origins::shown), {});
      ASSERT_TRUE(yaml.snapshot) << file << problems(yaml);
      EXPECT_EQ(*yaml.snapshot, *original.snapshot) << file;
      const Loaded json = load_text("s.json", to_json(shown), {});
      ASSERT_TRUE(json.snapshot) << file << problems(json);
      EXPECT_EQ(*json.snapshot, *original.snapshot) << file;
    }
  }
  EXPECT_GE(compared, 15U);
}

TEST(Effective, each_value_says_where_it_came_from) {
  ConfigSources from;
  from.environment = {{"CAUSEWAY__TIMEOUTS__IDLE", "1m"}};
  from.overrides = {{"workers", "4"}};
  const Loaded loaded = load_yaml(kSmallest, from);
  ASSERT_TRUE(loaded.snapshot) << problems(loaded);
  const Node all = effective(loaded, Values::all);
  const auto origin = [&](const Node* node) { return loaded.sources.to_text(node->place); };
  EXPECT_EQ(origin(all.find("workers")), "command line");
  EXPECT_EQ(origin(all.find("timeouts")->find("idle")), "environment CAUSEWAY__TIMEOUTS__IDLE");
  EXPECT_EQ(origin(all.find("timeouts")->find("connect")), "default");
  const Node& listener = all.find("listeners")->items[0];
  EXPECT_EQ(origin(listener.find("bind")), "gateway.yaml:1:32");
  EXPECT_EQ(origin(listener.find("timeouts")->find("idle")),
            "environment CAUSEWAY__TIMEOUTS__IDLE");
  EXPECT_EQ(origin(all.find("pools")->items[0].find("endpoints")->items[0].find("address")),
            "gateway.yaml:2:34");
}

TEST(Effective, what_nobody_wrote_can_be_left_out) {
  const Loaded loaded = load_yaml("timeouts: { idle: 1m }\n" + std::string(kSmallest));
  EXPECT_EQ(to_yaml(effective(loaded, Values::written), loaded.sources, Origins::hidden),
            "timeouts:\n  idle: 1m\n"
            "listeners:\n  - name: web\n    bind: 127.0.0.1:8080\n    pool: api\n"
            "pools:\n  - name: api\n    endpoints:\n      - address: 10.0.0.1:80\n");
}

TEST(Load, more_than_a_hundred_errors_are_counted) {
  std::string text;
  for (int i = 0; i < 150; ++i) text += fmt::format("k{}: 1\n", i);
  const Loaded loaded = load_yaml(text + std::string(kSmallest));
  EXPECT_EQ(loaded.diagnostics.errors(), 150U);
  EXPECT_TRUE(problems(loaded).ends_with("... and 50 more\n"));
}

TEST(Load, a_file_that_is_not_there_is_unreadable) {
  ConfigSources from;
  from.path = "/nonexistent/gateway.yaml";
  const Loaded loaded = load(from);
  EXPECT_TRUE(loaded.is_unreadable);
  EXPECT_FALSE(loaded.snapshot);
  EXPECT_EQ(loaded.diagnostics.all()[0].code, Code::unreadable);
}

TEST(Load, ten_thousand_listeners_and_pools_are_fine) {
  std::string text = "listeners:\n";
  for (int i = 0; i < 10000; ++i) {
    text +=
        fmt::format(" - {{ name: l{}, bind: 10.1.{}.{}:80, pool: p{} }}\n", i, i / 250, i % 250, i);
  }
  text += "pools:\n";
  for (int i = 0; i < 10000; ++i) {
    text += fmt::format(" - {{ name: p{}, endpoints: [10.2.{}.{}:80] }}\n", i, i / 250, i % 250);
  }
  ASSERT_LE(text.size(), kDocumentBytesMax);
  const Loaded loaded = load_yaml(text);
  ASSERT_TRUE(loaded.snapshot) << problems(loaded);
  EXPECT_EQ(loaded.snapshot->listeners.size(), 10000U);
  EXPECT_EQ(loaded.snapshot->listeners[9999].routes[0].pool.index(), 9999U);
}

// Without bounds on hints this would be 10^8 comparisons of names; the time limit of the test
// program is what fails.
TEST(Load, ten_thousand_dangling_names_do_not_explode) {
  std::string text = "listeners:\n";
  for (int i = 0; i < 8000; ++i) {
    text += fmt::format(" - {{ name: l{0}, bind: 127.0.0.1:0, pool: some_pool_{0}x }}\n", i);
  }
  text += "pools:\n";
  for (int i = 0; i < 8000; ++i) {
    text += fmt::format(" - {{ name: some_pool_{}, endpoints: [10.2.{}.{}:80] }}\n", i, i / 250,
                        i % 250);
  }
  ASSERT_LE(text.size(), kDocumentBytesMax);
  const Loaded loaded = load_yaml(text);
  EXPECT_EQ(loaded.diagnostics.errors(), 8000U);
}

TEST(Load, one_line_of_a_mebibyte_is_read) {
  std::string text = R"({"listeners": [)";
  int i = 0;
  while (text.size() < kDocumentBytesMax - 200) {
    text += fmt::format(
        R"({{"name": "listener_with_a_long_name_{}", "bind": "127.0.0.1:0", "pool": "api"}}, )",
        i++);
  }
  text += R"({"name": "z", "bind": "127.0.0.1:1", "pool": "apy"}], )"
          R"("pools": [{"name": "api", "endpoints": ["10.0.0.1:80"]}]})";
  const Loaded loaded = load_text("long.json", text, {});
  EXPECT_NE(problems(loaded).find("no pool is called `apy`"), std::string::npos);
}

}  // namespace
}  // namespace causeway::control
