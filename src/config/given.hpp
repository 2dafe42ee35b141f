// config/given.hpp - which settings a file gives, with their lines: so that it can be shown where each value came from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ptarmigan::config {

struct Given {
  std::string path;   ///< "source[1].ipv4": repeated tables are counted from 0
  std::string value;  ///< as TOML; "(hidden)" for secrets
  std::uint32_t line = 0;
  friend bool operator==(const Given&, const Given&) = default;
};

/// In the order of the file. The same errors as parse_config().
[[nodiscard]] Result<std::vector<Given>> given_settings(std::string_view text, std::string_view file_name);

/// "source[].ipv4" of "source[1].ipv4": the path in the table of settings.
[[nodiscard]] std::string table_path(std::string_view path);

}  // namespace ptarmigan::config
