// cli/check_history.hpp - the verdicts of earlier checks, one JSON line each, and what has changed since.
#pragma once

#include <string>

#include "base/result.hpp"
#include "base/time.hpp"

namespace ptarmigan::cli {

inline constexpr std::size_t max_history_octets = std::size_t{64} << 20;

/// Appends this check's verdicts to the file, which is made where it is missing, and returns what differs from the last
/// line of the same domain, for people: lines that end in LF; "nothing has changed" where nothing has. `report` is the
/// JSON form. A broken last line is passed over.
[[nodiscard]] Result<std::string> keep_history(const std::string& file, const std::string& report, WallTime now);

/// What differs between two entries of the file, as above.
[[nodiscard]] std::string difference(const std::string& before, const std::string& after);

}  // namespace ptarmigan::cli
