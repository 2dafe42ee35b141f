// cli/run.cpp - see run.hpp.
#include "cli/run.hpp"

#include <algorithm>
#include <exception>
#include <optional>
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

std::string quoted_nearest(std::string_view word, const std::vector<std::string>& names) {
  const std::vector<std::string_view> known(names.begin(), names.end());
  return std::string(nearest(word, known));
}

/// A first word that is no command.
std::optional<Error> unknown_command(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return std::nullopt;
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands({})) names.push_back(command->get_name());
  if (std::ranges::find(names, argv[1]) != names.end()) return std::nullopt;
  const auto near = quoted_nearest(argv[1], names);
  return Error{"there is no command '" + displayable(argv[1]) + "'",
               near.empty() ? "see `ptarmigan --help`" : "did you mean `ptarmigan " + near + "`?"};
}

/// What CLI11 says of a line that it could not parse, the word that it did not know first.
Error usage_error(const CLI::App& app, const CLI::ParseError& error) {
  std::string command = "ptarmigan";
  const auto* sub = &app;
  while (!sub->get_subcommands().empty()) {
    sub = sub->get_subcommands().front();
    command += " " + sub->get_name();
  }
  const auto see = "see `" + command + " --help`";
  for (const auto& word : sub->remaining()) {
    if (!word.starts_with('-')) continue;
    std::vector<std::string> names;
    for (const auto* option : sub->get_options()) names.push_back(option->get_name());
    const auto near = quoted_nearest(word.substr(0, word.find('=')), names);
    return {"`" + command + "` has no option '" + displayable(word) + "'",
            near.empty() ? see : "did you mean " + near + "? " + see};
  }
  return {error.what(), see};
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
  add_standing(app, action);
  add_suppress(app, action);
  add_explain(app, action);
  add_explain_reply(app, action);
  add_watch(app, action);
  add_log(app, action);
  add_map(app, action);
  add_beside(app, action);
  add_milter(app, action);
  add_verify(app, action);
  add_spf(app, action);
  add_dkim(app, action);
  add_dmarc(app, action);
  add_arc(app, action);
  add_ptr(app, action);
  add_lint(app, action);
  add_records(app, action);
  add_plan(app, action);
  add_publish(app, action);
  add_config(app, action);
  add_console(app, action);
  add_top(app, action);
  add_user(app, action);
  if (const auto unknown = unknown_command(app, argc, argv)) return complain(*unknown);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    return complain(usage_error(app, error));
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
