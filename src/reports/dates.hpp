// reports/dates.hpp - the dates of reports as they are really written: RFC 5322#3.3 with its obsolete forms (RFC
// 5322#4.3), RFC 3339#5.6, and seconds since 1970 with the slips of report generators.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.hpp"

namespace ptarmigan::reports {

/// "Thu, 8 Mar 2005 14:00:00 EDT", also without day name, seconds or zone (then UTC), with two-digit years and
/// comments.
[[nodiscard]] std::optional<WallTime> parse_mail_date(std::string_view text);

/// "2016-04-01T00:00:00Z", also with a blank for the T, a fraction, and without a zone (then UTC).
[[nodiscard]] std::optional<WallTime> parse_rfc3339(std::string_view text);

struct EpochDate {
  WallTime time;
  bool plain = true;  ///< false where it was no whole number of seconds
};
/// "1536105600"; also "1536105600.0", milliseconds, and RFC 3339 text.
[[nodiscard]] std::optional<EpochDate> parse_epoch(std::string_view text);

}  // namespace ptarmigan::reports
