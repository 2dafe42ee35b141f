// cli/serve.cpp - `ptarmigan serve`: runs the server in the foreground.
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "cli/dns_options.hpp"
#include "cli/run.hpp"
#include "cli/terminal.hpp"
#include "net/clock.hpp"
#include "relay/server.hpp"

namespace ptarmigan::cli {
namespace {

void log_line(relay::LogLevel level, const std::string& text) {
  const char* word = level == relay::LogLevel::info ? "info" : level == relay::LogLevel::warning ? "warning" : "error";
  std::fprintf(stderr, "%s %s %s\n", rfc3339(net::now().wall).c_str(), word, text.c_str());
}

int serve(const std::string& path) {
  auto config = read_config(path);
  if (!config) return complain(config.error());
  auto server = relay::Server::create(*std::move(config), log_line);
  if (!server) return complain(server.error());
  if (auto served = (*server)->run(); !served) return complain(served.error());
  return good;
}

}  // namespace

void add_serve(CLI::App& app, Action& action) {
  auto* command =
      app.add_subcommand("serve", "Run the server: take mail by SMTP and deliver it over the routes in good standing");
  auto path = std::make_shared<std::string>("/etc/ptarmigan/ptarmigan.toml");
  command->add_option("--config,-c", *path, "The configuration file")->capture_default_str();
  command->footer(
      "It stays in the foreground; SIGTERM or Ctrl-C ends it in good order. `ptarmigan config check` tests the "
      "configuration first.");
  command->callback([&action, path] { action = [path] { return serve(*path); }; });
}

}  // namespace ptarmigan::cli
