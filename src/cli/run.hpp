// cli/run.hpp - the command line from argv to exit code.
#pragma once

namespace ptarmigan::cli {

/// Exit codes of every command: 0 good, 1 findings (or "no"), 2 could not be decided or used.
enum ExitCode : int { good = 0, findings = 1, unusable = 2 };

/// Runs one command. Exceptions end here: as a message on standard error and exit code 2.
int run(int argc, char** argv);

}  // namespace ptarmigan::cli
