// config/parse.hpp - ptarmigan.toml text to Config.
#pragma once

#include <string_view>

#include "config/config.hpp"

namespace ptarmigan::config {

/// The whole file, or the first error: "NAME:LINE: ..." with the nearest known key for an unknown one. `file_name` is
/// for messages. What needs the host (addresses, files) is checked by the edge.
[[nodiscard]] Result<Config> parse_config(std::string_view text, std::string_view file_name);

}  // namespace ptarmigan::config
