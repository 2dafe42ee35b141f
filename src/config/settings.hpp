// config/settings.hpp - the one table of settings: name, kind, unit, default, bounds, meaning, and how each is stored.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "config/config.hpp"
#include "config/value.hpp"

namespace ptarmigan::config {

/// A path of tables and one key; `[]` marks a table that may be repeated: "domain[].dkim[].selector".
struct Setting {
  std::string_view path;
  std::string_view kind;           ///< "duration", "list of addresses" ...
  std::string_view default_value;  ///< as written in the file; "" where there is none
  std::string_view bounds;
  std::string_view meaning;
  /// Stores the value in the last element of each repeated table; nothing is changed on an error.
  Result<> (*store)(Config&, const Value&);
};

[[nodiscard]] std::span<const Setting> settings();

/// Appends an element for a repeated table ("source[]", "domain[].dkim[]").
void begin_table(Config& config, std::string_view path);

}  // namespace ptarmigan::config
