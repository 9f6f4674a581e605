// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/demo/demo.h"
#include "app/serve.h"
#include "control/config_commands.h"
#include "control/diagnostic.h"
#include "control/loader.h"
#include "control/quick_config.h"
#include "control/spelling.h"
#include "os/process.h"

namespace causeway::app {
namespace {

control::Terminal terminal() {
  return {.out = std::cout,
          .err = std::cerr,
          .colour = ::isatty(STDERR_FILENO) == 1 ? control::Colour::on : control::Colour::off};
}

// What every verb that runs a gateway has in common: judge the sources, then serve.
int load_and_serve(const control::ConfigSources& sources) {
  const control::Loaded loaded = control::load(sources);
  const int judged = control::report(loaded, terminal());
  // Without a file, what is wrong was typed on the command line.
  if (judged == control::kExitCheckFailed && sources.document)
    return static_cast<int>(ExitCode::usage);
  if (judged != control::kExitOk) return judged;
  const auto process = Process::create(loaded.snapshot->logging);
  if (process == nullptr) return static_cast<int>(ExitCode::failure);
  return static_cast<int>(serve(*process, loaded.snapshot));
}

// Flags that say where a configuration comes from.
struct SourceFlags {
  std::string path;
  std::vector<std::string> set;

  void add_to(CLI::App& verb) {
    verb.add_option("--set", set, "Override one value, as in --set limits.max_connections=1000")
        ->type_name("KEY=VALUE");
  }

  [[nodiscard]] control::ConfigSources sources() const {
    control::ConfigSources sources;
    sources.path = path;
    sources.environment = os::environment();
    for (const std::string& text : set) {
      const auto equals = text.find('=');
      sources.overrides.emplace_back(text.substr(0, equals), equals == std::string::npos
                                                                 ? std::string()
                                                                 : text.substr(equals + 1));
    }
    return sources;
  }
};

std::string default_path() {
  return ::access("causeway.yaml", F_OK) == 0 ? "causeway.yaml" : "/etc/causeway/causeway.yaml";
}

// What the flags of the verbs are bound to; lives as long as the verb runs. One verb is parsed, so
// all share the flags that say where its configuration comes from.
struct Commands {
  SourceFlags sources;
  control::QuickConfig quick;
  control::ShowOptions show;
  demo::Options demo;
  std::function<int()> action;  // the verb that was parsed
};

void add_run(CLI::App& root, Commands& commands) {
  CLI::App* const verb = root.add_subcommand("run", "Run the gateway");
  SourceFlags& flags = commands.sources;
  verb->add_option("-c,--config", flags.path, "Configuration: YAML, TOML or JSON")
      ->default_str("./causeway.yaml");
  flags.add_to(*verb);
  verb->callback([&commands, &flags] {
    if (flags.path.empty()) flags.path = default_path();
    commands.action = [&flags] { return load_and_serve(flags.sources()); };
  });
}

void add_check(CLI::App& root, Commands& commands) {
  CLI::App* const verb =
      root.add_subcommand("check", "Say what is wrong with a configuration, all of it at once");
  SourceFlags& flags = commands.sources;
  verb->add_option("FILE", flags.path, "Configuration to check")->required();
  flags.add_to(*verb);
  verb->callback([&commands, &flags] {
    commands.action = [&flags] { return control::check_command(flags.sources(), terminal()); };
  });
}

void add_schema(CLI::App& root, Commands& commands) {
  CLI::App* const verb =
      root.add_subcommand("schema", "Print the JSON Schema of the configuration");
  verb->callback(
      [&commands] { commands.action = [] { return control::schema_command(terminal()); }; });
}

void add_config_show(CLI::App& root, Commands& commands) {
  CLI::App* const verb = root.add_subcommand("config", "Look at a configuration");
  verb->require_subcommand(1);
  CLI::App* const show = verb->add_subcommand("show", "Print what a configuration comes to");
  SourceFlags& flags = commands.sources;
  control::ShowOptions& options = commands.show;
  show->add_option("-c,--config", flags.path, "Configuration: YAML, TOML or JSON")
      ->default_str("./causeway.yaml");
  show->add_flag_callback(
      "--effective", [&options] { options.values = control::Values::all; },
      "With every default that applies");
  show->add_flag("--origin", options.origins, "With the place that each value comes from");
  show->add_option("-o,--output", options.format, "yaml or json")
      ->transform(CLI::CheckedTransformer(std::map<std::string, control::Format>{
          {"yaml", control::Format::yaml}, {"json", control::Format::json}}));
  flags.add_to(*show);
  show->callback([&commands, &flags, &options] {
    if (flags.path.empty()) flags.path = default_path();
    commands.action = [&flags, &options] {
      return control::config_show_command(flags.sources(), options, terminal());
    };
  });
}

int forward(const Commands& commands) {
  control::ConfigSources sources = commands.sources.sources();
  sources.document = control::quick_document(commands.quick);
  return load_and_serve(sources);
}

void add_forward(CLI::App& root, Commands& commands) {
  CLI::App* const verb =
      root.add_subcommand("forward", "Forward a port, no file needed: forward 8080 10.0.0.5:80");
  control::QuickConfig& quick = commands.quick;
  verb->add_option("FROM", quick.from, "Port, or address and port, to accept on")->required();
  verb->add_option("TO", quick.to, "Where to: one or more of HOST:PORT or unix:PATH")->required();
  verb->add_option("--listen", quick.listen, "Address to accept on when FROM is only a port")
      ->type_name("ADDRESS");
  verb->add_flag_callback(
      "--udp", [&quick] { quick.transport = control::Transport::udp; },
      "Forward datagrams instead of connections");
  verb->add_option("--max-connections", quick.max_connections,
                   "Open connections, or UDP sessions, at most")
      ->type_name("N");
  verb->add_option("--balance", quick.balance, "How one of several TO is chosen")
      ->type_name("ALGORITHM");
  commands.sources.add_to(*verb);
  verb->callback([&commands] { commands.action = [&commands] { return forward(commands); }; });
}

void add_demo(CLI::App& root, Commands& commands) {
  CLI::App* const verb = root.add_subcommand(
      "demo",
      "A gateway, endpoints behind it and load through it; one endpoint fails while you watch");
  demo::Options& options = commands.demo;
  verb->add_option("--seconds", options.seconds, "How long the load runs")
      ->check(CLI::Range(3, 3600))
      ->capture_default_str();
  verb->add_flag("--keep", options.keep, "Go on serving when the load has ended");
  verb->callback([&commands, &options] {
    commands.action = [&options] { return static_cast<int>(demo::run(options)); };
  });
}

void add_version(CLI::App& root, Commands& commands) {
  CLI::App* const verb = root.add_subcommand("version", "Print the version");
  verb->callback([&commands] {
    commands.action = [] {
      std::cout << "causeway " << CAUSEWAY_VERSION << '\n';
      return control::kExitOk;
    };
  });
}

// A first word that is no verb is named, with the verb that was probably meant; the library would
// only say that one is missing.
bool is_unknown_verb(const CLI::App& root, std::string_view word) {
  if (word.empty() || word.starts_with('-')) return false;
  std::vector<std::string> names;
  for (const CLI::App* verb : root.get_subcommands({})) names.push_back(verb->get_name());
  if (std::ranges::find(names, word) != names.end()) return false;
  std::cerr << "causeway: unknown verb `" << word << "`\n";
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::string_view meant = control::nearest(word, views);
  if (!meant.empty()) std::cerr << "hint: did you mean `" << meant << "`?\n";
  std::cerr << "causeway --help lists the verbs\n";
  return true;
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App root("One program that carries traffic from whoever asks to whatever can answer.",
                "causeway");
  root.set_version_flag("--version", std::string("causeway ") + CAUSEWAY_VERSION);
  root.require_subcommand(1);
  Commands commands;
  add_run(root, commands);
  add_forward(root, commands);
  add_demo(root, commands);
  add_check(root, commands);
  add_config_show(root, commands);
  add_schema(root, commands);
  add_version(root, commands);
  if (argc > 1 && is_unknown_verb(root, argv[1])) return static_cast<int>(ExitCode::usage);
  try {
    root.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    const int code = root.exit(problem);
    return code == 0 ? 0 : static_cast<int>(ExitCode::usage);
  }
  return commands.action();
}

}  // namespace causeway::app
