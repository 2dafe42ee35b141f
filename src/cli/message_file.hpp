// cli/message_file.hpp - messages as people keep them in files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"

namespace ptarmigan::cli {

/// May a message be without any octet? A verifier has an answer for it, a signer has not.
enum class Emptiness : std::uint8_t { refused, allowed };

/// The whole message; "-" is standard input. A file whose first line ends with LF alone has the line ends of its
/// system, which become CRLF; any other is taken as it is. An empty one
/// is an error where it is refused.
[[nodiscard]] Result<std::string> read_message(const std::string& path, Emptiness emptiness = Emptiness::refused);

/// For --at: `seconds` since 1970, or now.
[[nodiscard]] WallTime moment_of(const std::optional<std::uint64_t>& seconds);

}  // namespace ptarmigan::cli
