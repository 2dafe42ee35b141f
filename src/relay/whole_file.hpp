// relay/whole_file.hpp - a file that is there whole or not at all.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.hpp"

namespace ptarmigan::relay {

/// What a file is called while it is written, behind its name.
inline constexpr std::string_view draft_suffix = ".new";

/// Puts `text` in the place of what was there, readable to its owner alone; returns when the disk has it. Blocks.
[[nodiscard]] Result<> write_whole_file(const std::filesystem::path& path, std::string_view text);

}  // namespace ptarmigan::relay
