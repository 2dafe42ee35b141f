// cli/console.cpp - `ptarmigan console serve|token`: the page over a history without a server, and who may log in.
#include "console/console.hpp"

#include <csignal>
#include <memory>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <sys/random.h>
#include <unistd.h>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/dns_options.hpp"
#include "cli/run.hpp"
#include "cli/terminal.hpp"
#include "config/given.hpp"
#include "net/clock.hpp"
#include "store/history.hpp"
#include "store/recorder.hpp"

namespace ptarmigan::cli {
namespace {

namespace asio = boost::asio;

struct Options {
  std::string config = "/etc/ptarmigan/ptarmigan.toml";
  std::string file = "/etc/ptarmigan/tokens";
  std::string name;
  std::string role = "read";
};

int serve(const Options& options) {
  const auto text = read_file(options.config);
  if (!text) return complain(text.error());
  const auto config = read_config(options.config);
  if (!config) return complain(config.error());
  const auto given = config::given_settings(*text, options.config);
  if (!given) return complain(given.error());
  auto inherited = net::inherited_sockets();
  if (!inherited) return complain(inherited.error());
  auto settings = config->console;
  if (settings.listen.empty() && inherited->empty()) settings.listen = {{IpAddress::v4({127, 0, 0, 1}), 8025}};
  auto history =
      store::History::open({.file = config->watch.database.empty() ? config->store.path : config->watch.database});
  if (!history) return complain(history.error());
  asio::io_context reactor{1};
  console::Metrics metrics;
  net::EventHub events;
  console::ApiParts api{.config = *config,
                        .config_file = options.config,
                        .given = *given,
                        .history = config->watch.database.empty() ? config->store.path : config->watch.database,
                        .metrics = metrics,
                        .events = events};
  api.audit = [&](store::AuditLine line) {
    (*history)->post([kept = std::move(line)](store::Recorder& recorder) { return recorder.add(kept); });
  };
  auto console = console::Console::open(reactor.get_executor(), settings, std::move(api), *std::move(inherited),
                                        [](const std::string& what) { complain({"console: " + what}); });
  if (!console) return complain(console.error());
  for (const auto& endpoint : (*console)->endpoints())
    print((settings.certificate.empty() ? "http://" : "https://") + endpoint.text() + "/\n");
  (*console)->start();
  asio::signal_set signals(reactor, SIGTERM, SIGINT);
  signals.async_wait([&](const boost::system::error_code& error, int) {
    if (!error) asio::co_spawn(reactor, (*console)->close(), asio::detached);
  });
  reactor.run();
  return good;
}

/// The lines of the file without those of `name`; a file that is not there has none.
Result<std::vector<console::Token>> read_tokens(const std::string& file) {
  if (::access(file.c_str(), F_OK) != 0) return std::vector<console::Token>();
  const auto text = read_file(file);
  if (!text) return std::unexpected(text.error());
  auto tokens = console::parse_tokens(*text);
  if (!tokens) return failure(file + ": " + tokens.error().message, tokens.error().remedy);
  return tokens;
}

Result<> write_tokens(const std::string& file, const std::vector<console::Token>& tokens) {
  std::string text;
  for (const auto& token : tokens) text += console::token_line(token) + "\n";
  return write_file(file, text, 0600, Existing::replace);
}

int token_add(const Options& options) {
  auto tokens = read_tokens(options.file);
  if (!tokens) return complain(tokens.error());
  std::erase_if(*tokens, [&](const console::Token& token) { return token.name == options.name; });
  std::array<unsigned char, console::token_octets> random{};
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size()))
    return complain({"the system gives no random numbers"});
  const auto text = console::token_text(random);
  const auto today = rfc3339(net::now().wall).substr(0, std::string_view("2026-11-23").size());
  const console::Token token{.name = options.name,
                             .role = console::role_of_word(options.role).value_or(console::Role::read),
                             .hash = console::token_hash(text),
                             .made = today};
  if (const auto readable = console::parse_tokens(console::token_line(token)); !readable)
    return complain({"'" + displayable(options.name) + "' is no name for a token",
                     "use printable characters without blanks and colons"});
  tokens->push_back(token);
  if (auto written = write_tokens(options.file, *tokens); !written) return complain(written.error());
  // The token alone on standard output, so that a program can keep it; it is not shown again.
  std::fprintf(stderr, "%s may %s; %s keeps a hash, so note the token now. It counts from the server's next start.\n",
               options.name.c_str(), options.role.c_str(), options.file.c_str());
  print(text + "\n");
  return good;
}

int token_remove(const Options& options) {
  auto tokens = read_tokens(options.file);
  if (!tokens) return complain(tokens.error());
  if (std::erase_if(*tokens, [&](const console::Token& token) { return token.name == options.name; }) == 0)
    return complain(
        {options.file + " has no token " + displayable(options.name), "`ptarmigan console token list` shows all"});
  if (auto written = write_tokens(options.file, *tokens); !written) return complain(written.error());
  print("removed " + options.name + "; it counts from the server's next start\n");
  return good;
}

int token_list(const Options& options) {
  const auto tokens = read_tokens(options.file);
  if (!tokens) return complain(tokens.error());
  for (const auto& token : *tokens)
    print(token.name + "  " + std::string(console::to_string(token.role)) + "  made " + token.made + "\n");
  return good;
}

}  // namespace

void add_console(CLI::App& app, Action& action) {
  auto* console = app.add_subcommand("console", "The page and the HTTP API, and who may use them");
  console->require_subcommand(1);
  auto options = std::make_shared<Options>();
  auto* command =
      console->add_subcommand("serve", "Show the history without a server ([console] makes `serve` do it too)");
  command->add_option("--config,-c", options->config, "The configuration file")->capture_default_str();
  command->callback([&action, options] { action = [options] { return serve(*options); }; });

  auto* token = console->add_subcommand("token", "Who may use it (console.token_file)");
  token->require_subcommand(1);
  const auto add = [&](const char* name, const char* text, int (*run)(const Options&)) {
    auto* sub = token->add_subcommand(name, text);
    sub->add_option("--file,-f", options->file, "The token file")->capture_default_str();
    sub->callback([&action, options, run] { action = [options, run] { return run(*options); }; });
    return sub;
  };
  auto* adding = add("add", "Make a token and print it, once; one of the same name no longer counts", token_add);
  adding->add_option("NAME", options->name, "Whose it is")->required()->type_name("");
  adding->add_option("--role", options->role, "What it allows")
      ->check(CLI::IsMember({"submit", "read", "operate"}))
      ->capture_default_str();
  add("remove", "Take a token away", token_remove)
      ->add_option("NAME", options->name, "Whose it is")
      ->required()
      ->type_name("");
  add("list", "Show the names", token_list);
}

}  // namespace ptarmigan::cli
