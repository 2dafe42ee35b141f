// cli/terminal.hpp - what commands share in talking to a person: files, colour, errors.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ptarmigan::cli {

enum class Colour { no, yes };
/// yes where standard output is a terminal and NO_COLOR is not set.
[[nodiscard]] Colour colour_of_output();

enum class Tint { none, good, bad, warn, faint, strong };
/// `text` in that colour where `colour` is yes.
[[nodiscard]] std::string painted(Colour colour, Tint tint, std::string_view text);
/// What others have said, safe for a terminal: UTF-8 stays, control characters become \xHH, so that no reply or record
/// can move the cursor or recolour the screen. Line ends become blanks.
[[nodiscard]] std::string displayable(std::string_view text);

/// "ptarmigan: MESSAGE" and, on a second line, the remedy, on standard error. Returns ExitCode unusable.
int complain(const Error& error);

inline constexpr std::size_t max_file_octets = std::size_t{256} << 20;
/// The whole file; "-" is standard input. An error names the file and why it cannot be read.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t limit = max_file_octets);

enum class Existing { refuse, replace };
/// Writes a new file with these permission bits (0600 for secrets), all of it or nothing.
[[nodiscard]] Result<> write_file(const std::string& path, const std::string& text, unsigned mode, Existing existing);

/// Writes to standard output.
void print(const std::string& text);

}  // namespace ptarmigan::cli
