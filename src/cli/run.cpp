// cli/run.cpp - see run.hpp.
#include "cli/run.hpp"

#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/nearest.hpp"
#include "cli/commands.hpp"
#include "cli/terminal.hpp"

namespace ptarmigan::cli {
namespace {

constexpr const char* version = "0.1.0";

/// A first word that is no command: the nearest one.
std::string did_you_mean(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return {};
  std::vector<std::string> names;
  for (const auto* sub : app.get_subcommands({})) names.push_back(sub->get_name());
  const std::vector<std::string_view> known(names.begin(), names.end());
  const auto near = nearest(argv[1], known);
  return near.empty() || near == argv[1] ? std::string() : "did you mean `ptarmigan " + std::string(near) + "`?";
}

int parse_and_run(int argc, char** argv) {
  CLI::App app("Ptarmigan knows whether mail will be accepted before it sends it.", "ptarmigan");
  app.set_version_flag("--version", version);
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::simple);
  Action action;
  add_check(app, action);
  add_serve(app, action);
  add_rehearse(app, action);
  add_send(app, action);
  add_queue(app, action);
  add_explain(app, action);
  add_explain_reply(app, action);
  add_dkim(app, action);
  add_ptr(app, action);
  add_config(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    std::string help = "ptarmigan --help";
    for (const auto* sub = &app; !sub->get_subcommands().empty();) {
      sub = sub->get_subcommands().front();
      help.insert(help.size() - sizeof "--help" + 1, sub->get_name() + " ");
    }
    const auto near = did_you_mean(app, argc, argv);
    return complain({error.what(), near.empty() ? "see `" + help + "`" : near});
  }
  return action();
}

}  // namespace

int run(int argc, char** argv) {
  try {
    return parse_and_run(argc, argv);
  } catch (const std::exception& error) {
    return complain({std::string("unexpected failure: ") + error.what()});
  }
}

}  // namespace ptarmigan::cli
