// cli/message_file.hpp - messages as people keep them in files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"

namespace ptarmigan::cli {

/// The whole message; "-" is standard input. A file whose first line ends with LF alone has the line ends of its
/// system, which become CRLF; any other is taken as it is. An error where it is empty.
[[nodiscard]] Result<std::string> read_message(const std::string& path);

/// For --at: `seconds` since 1970, or now.
[[nodiscard]] WallTime moment_of(const std::optional<std::uint64_t>& seconds);

}  // namespace ptarmigan::cli
