// reports/json.hpp - a report as one JSON document on one line; docs/reference/watch-json.md describes it. Names are
// those of the report's own format: the XML elements of DMARC aggregate reports, the members of RFC 8460, field names.
#pragma once

#include <string>
#include <string_view>

#include "reports/read.hpp"

namespace ptarmigan::reports {

inline constexpr int json_version = 1;

/// "dmarc-aggregate", "feedback", "tls", "delivery", "unreadable".
[[nodiscard]] std::string_view kind_of(const Report& report);

/// Without a line end. `source` names the file.
[[nodiscard]] std::string json(const Report& report, std::string_view source);

}  // namespace ptarmigan::reports
