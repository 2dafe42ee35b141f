// cli/commands.hpp - the list of commands. Each is one file, <name>.cpp, that adds itself to the parser and, when it is
// the one that was asked for, sets what is to be done.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace ptarmigan::cli {

/// Runs the command that was asked for; returns an ExitCode.
using Action = std::function<int()>;

void add_arc(CLI::App& app, Action& action);
/// `postfix` and `exim`.
void add_beside(CLI::App& app, Action& action);
void add_check(CLI::App& app, Action& action);
void add_config(CLI::App& app, Action& action);
void add_console(CLI::App& app, Action& action);
void add_dkim(CLI::App& app, Action& action);
void add_dmarc(CLI::App& app, Action& action);
void add_explain(CLI::App& app, Action& action);
void add_explain_reply(CLI::App& app, Action& action);
void add_lint(CLI::App& app, Action& action);
void add_plan(CLI::App& app, Action& action);
void add_log(CLI::App& app, Action& action);
void add_map(CLI::App& app, Action& action);
void add_milter(CLI::App& app, Action& action);
void add_ptr(CLI::App& app, Action& action);
void add_publish(CLI::App& app, Action& action);
void add_queue(CLI::App& app, Action& action);
void add_records(CLI::App& app, Action& action);
void add_rehearse(CLI::App& app, Action& action);
void add_send(CLI::App& app, Action& action);
void add_serve(CLI::App& app, Action& action);
void add_spf(CLI::App& app, Action& action);
void add_standing(CLI::App& app, Action& action);
void add_suppress(CLI::App& app, Action& action);
void add_top(CLI::App& app, Action& action);
void add_user(CLI::App& app, Action& action);
void add_watch(CLI::App& app, Action& action);
void add_verify(CLI::App& app, Action& action);

}  // namespace ptarmigan::cli
