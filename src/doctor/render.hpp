// doctor/render.hpp - a report for people (100 columns, or one HTML file) and for programs (JSON,
// docs/reference/check-json.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

/// More to show on a report's page, before its checks: lines become a list, `verbatim` keeps its line ends.
struct PageSection {
  std::string heading;
  std::vector<std::string> lines;
  std::string verbatim;
};

/// One whole HTML page that needs nothing else: no script, no outside file. Readable on a phone and in print, in light
/// and dark. `made_at` is printed where it is given.
[[nodiscard]] std::string html(const Report& report, const std::optional<WallTime>& made_at,
                               const std::vector<PageSection>& more = {});

enum class Refresh { none, soon };  ///< soon: the browser asks again after 5 seconds
/// A page in the same dress. `title` is escaped here, `body` is HTML that the caller has escaped.
[[nodiscard]] std::string page(std::string_view title, std::string_view body, Refresh refresh);
[[nodiscard]] std::string sections_html(const std::vector<PageSection>& sections);

}  // namespace ptarmigan::doctor
