// cli/serve.cpp - `ptarmigan serve`: runs the server in the foreground.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "cli/dns_options.hpp"
#include "cli/run.hpp"
#include "cli/terminal.hpp"
#include "config/given.hpp"
#include "net/clock.hpp"
#include "net/confine.hpp"
#include "relay/server.hpp"

namespace ptarmigan::cli {
namespace {

namespace fs = std::filesystem;

/// A line in one write, so that lines of other writers never stand inside of it.
relay::Log log_to_stderr(config::LogFormat format) {
  return relay::Log([format](const relay::LogEvent& event) {
    const auto line = relay::line_of(event, net::now().wall, format) + "\n";
    std::fwrite(line.data(), 1, line.size(), stderr);
  });
}

/// The folder of a file or folder, made where it is missing.
Result<std::string> folder_of(const std::string& path) {
  const auto folder = fs::absolute(path).parent_path();
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return failure(folder.string() + ": " + error.message(), "make it, and let the server's user write there");
  return folder.string();
}

/// Gives away what the server does not need, before it opens anything.
Result<> give_up_privilege(const config::Config& config, const relay::Log& log) {
  if (!config.process.user.empty()) {
    if (auto done = net::become_user(config.process.user); !done)
      return failure("process.user: " + done.error().message, done.error().remedy);
  }
  if (!config.process.confine_writes) return {};
  std::vector<std::string> writable;
  for (const auto& path : {config.spool.path, config.store.path}) {
    auto folder = folder_of(path);
    if (!folder) return std::unexpected(folder.error());
    writable.push_back(*std::move(folder));
  }
  if (!config.watch.drop_folder.empty()) writable.push_back(config.watch.drop_folder);
  if (!config.watch.snds_token_file.empty())
    writable.push_back(fs::path(config.watch.snds_token_file).parent_path().string());
  const auto confined = net::confine_writes(writable);
  if (!confined) return failure("process.confine_writes: " + confined.error().message, "set it to false");
  if (*confined == net::Confinement::kernel_cannot)
    log(relay::LogLevel::warning, "this kernel has no Landlock: writes are not confined");
  return {};
}

std::vector<config::Given> given_in(const std::string& path) {
  const auto text = read_file(path);
  auto given = text ? config::given_settings(*text, path) : std::unexpected(text.error());
  return given ? *std::move(given) : std::vector<config::Given>();
}

int serve(const std::string& path) {
  auto config = read_config(path);
  if (!config) return complain(config.error());
  relay::Origin origin{.file = path};
  origin.again = [path]() -> Result<relay::Origin::Read> {
    auto again = read_config(path);
    if (!again) return std::unexpected(again.error());
    return relay::Origin::Read{*std::move(again), given_in(path)};
  };
  origin.given = given_in(path);
  const auto log = log_to_stderr(config->process.log_format);
  if (auto given_up = give_up_privilege(*config, log); !given_up) return complain(given_up.error());
  auto server = relay::Server::create(*std::move(config), log, std::move(origin));
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
      "It stays in the foreground; SIGTERM or Ctrl-C ends it in good order, SIGHUP reads the configuration, "
      "keys, users and certificates again. `ptarmigan config check` tests the "
      "configuration first.");
  command->callback([&action, path] { action = [path] { return serve(*path); }; });
}

}  // namespace ptarmigan::cli
