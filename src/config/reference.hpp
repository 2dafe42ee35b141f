// config/reference.hpp - the settings table as a page for people (docs/reference/settings.md).
#pragma once

#include <string>

namespace ptarmigan::config {

/// Markdown, one table for each section of the file.
[[nodiscard]] std::string settings_reference();

}  // namespace ptarmigan::config
