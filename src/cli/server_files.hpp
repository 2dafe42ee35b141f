// cli/server_files.hpp - where a server keeps its queue and history, as commands find them beside a running server.
#pragma once

#include <string>

#include "base/result.hpp"

namespace CLI {
class App;
}

namespace ptarmigan::cli {

struct ServerFiles {
  std::string config = "/etc/ptarmigan/ptarmigan.toml";
  std::string spool;    ///< "" until found
  std::string history;  ///< "" until found
};

/// --config, and --spool and --history, which need no configuration.
void add_server_files(CLI::App& command, ServerFiles& files);
/// Fills in what was not given from the configuration. An error where that cannot be read.
[[nodiscard]] Result<> find_server_files(ServerFiles& files);

}  // namespace ptarmigan::cli
