// cli/check_list.hpp - `ptarmigan check --list FILE`: many domains, one JSON line each.
#pragma once

#include "cli/check_setup.hpp"

namespace ptarmigan::cli {

/// Lines are {"domain","verdict","grade","because":[rule ids],"broken":[check ids]}, or {"domain","error"}; in the
/// order in which they are ready. Memory does not grow with the number of domains. Returns an ExitCode.
[[nodiscard]] int check_list(const CheckOptions& options);

}  // namespace ptarmigan::cli
