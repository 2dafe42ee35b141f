// config/value.hpp - the readers of one setting's value: text to typed field, with bounds. Private to this library.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace ptarmigan::config {

/// What TOML can give for a setting.
using Value = std::variant<std::string, std::int64_t, bool, std::vector<std::string>>;

[[nodiscard]] Result<std::string> as_text(const Value& value);
[[nodiscard]] Result<bool> as_bool(const Value& value);
[[nodiscard]] Result<std::uint64_t> as_number(const Value& value, std::uint64_t least, std::uint64_t most);
/// One string, or a list of strings.
[[nodiscard]] Result<std::vector<std::string>> as_list(const Value& value);
/// "500ms", "10s", "5m", "4h", "5d".
[[nodiscard]] Result<milliseconds> as_duration(const Value& value, milliseconds least, milliseconds most);
/// "2026-11-23".
[[nodiscard]] Result<std::chrono::sys_days> as_date(const Value& value);
/// "10MB", "512kB", "1GB" (powers of 1024), or a plain number of octets.
[[nodiscard]] Result<std::uint64_t> as_size(const Value& value, std::uint64_t least, std::uint64_t most);

/// "10s": the shortest text that as_duration() reads back.
[[nodiscard]] std::string duration_text(milliseconds duration);
[[nodiscard]] std::string size_text(std::uint64_t octets);

}  // namespace ptarmigan::config
