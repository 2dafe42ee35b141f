// config/reload.hpp - what a changed configuration file means for a server that runs. Pure.
#pragma once

#include <string>
#include <vector>

#include "config/config.hpp"
#include "config/given.hpp"

namespace ptarmigan::config {

struct Reload {
  Config config;                     ///< to run with from now on
  std::vector<std::string> waiting;  ///< settings that were changed and count only after a restart: "spool.path"
  std::vector<std::string> changed;  ///< the other settings that were changed, by their paths in the table
};

/// `next` with everything that is read only at a start kept as in `running`. Both lists are of their files.
[[nodiscard]] Reload reloaded(const Config& running, const std::vector<Given>& running_given, Config next,
                              const std::vector<Given>& next_given);

/// Whether a change of this setting of the table counts only after a restart.
[[nodiscard]] bool needs_restart(std::string_view table_path);

}  // namespace ptarmigan::config
