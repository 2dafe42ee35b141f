// doctor/render.hpp - a report for people (100 columns) and for programs (JSON, docs/reference/check-json.md).
#pragma once

#include <optional>
#include <string>

#include "base/time.hpp"
#include "doctor/examine.hpp"

namespace ptarmigan::doctor {

enum class Colour { off, on };

struct TextOptions {
  Colour colour = Colour::off;
  /// Holding verdicts and evidence of each finding too.
  enum class Detail { brief, full } detail = Detail::brief;
  /// For the ages of sources; absent where the time does not matter.
  std::optional<WallTime> now = {};
};

/// At most this many columns, except where a value (a record, a question) has no blank to break at.
inline constexpr std::size_t text_columns = 100;

/// Lines end in LF.
[[nodiscard]] std::string text(const Report& report, const TextOptions& options = {});

/// Version of the JSON form: it grows by new members only; anything else is a new version.
inline constexpr int json_version = 1;
/// One JSON object, indented, with a final LF.
[[nodiscard]] std::string json(const Report& report);

}  // namespace ptarmigan::doctor
