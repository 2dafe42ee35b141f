// cli/watch_views.hpp - the commands of `ptarmigan watch` that read the history.
#pragma once

#include "cli/commands.hpp"

namespace ptarmigan::cli {

void add_watch_views(CLI::App& watch, Action& action);

}  // namespace ptarmigan::cli
