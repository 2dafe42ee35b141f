// cli/server_files.cpp - see server_files.hpp.
#include "cli/server_files.hpp"

#include <CLI/CLI.hpp>

#include "cli/dns_options.hpp"

namespace ptarmigan::cli {

void add_server_files(CLI::App& command, ServerFiles& files) {
  command.add_option("--config,-c", files.config, "The server's configuration")
      ->type_name("FILE")
      ->capture_default_str();
  command.add_option("--spool", files.spool, "The folder of the queue, where not the configured one")
      ->type_name("FOLDER");
  command.add_option("--history", files.history, "The file of the history, where not the configured one")
      ->type_name("FILE");
}

Result<> find_server_files(ServerFiles& files) {
  if (!files.spool.empty() && !files.history.empty()) return {};
  const auto config = read_config(files.config);
  if (!config) {
    // One of the two is enough for what it holds.
    if (!files.spool.empty() || !files.history.empty()) return {};
    return failure(config.error().message,
                   files.config == ServerFiles().config
                       ? "name the server's configuration with --config, or its folder with --spool"
                       : config.error().remedy);
  }
  if (files.spool.empty()) files.spool = config->spool.path;
  if (files.history.empty())
    files.history = config->watch.database.empty() ? config->store.path : config->watch.database;
  return {};
}

}  // namespace ptarmigan::cli
