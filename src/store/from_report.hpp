// store/from_report.hpp - a report that was read as rows of the history, compared with what is ours. Nothing is true
// because a report says so: one about a domain that is not ours counts nowhere, times in the future or long past are
// not believed, and everything foreign is cut to a bound. Pure. Threads: free functions on values.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "config/config.hpp"
#include "reports/read.hpp"
#include "store/records.hpp"

namespace ptarmigan::store {

/// What is ours, of a configuration.
struct Ours {
  std::set<std::string> domains;    ///< lower case
  std::set<std::string> addresses;  ///< RFC 5952 text
  /// Whether `domain` is one of ours or below one. Without any domain every one is: nothing can be told.
  [[nodiscard]] bool has_domain(std::string_view domain) const;
};
[[nodiscard]] Ours ours_of(const config::Config& config);

/// How far ahead of ours another clock may be.
inline constexpr std::chrono::hours max_clock_skew{48};
inline constexpr std::size_t max_report_rows = 200'000;

/// `source` is the file's name, or "mail". An unreadable report has an empty identity.
[[nodiscard]] FullReport full_report(const reports::Report& report, const std::string& source, const Ours& ours,
                                     WallTime now);

class Views;
/// Writes into complaints and bounces which message of ours they are about, where the history knows it.
[[nodiscard]] Result<> join_messages(FullReport& report, Views& views);

}  // namespace ptarmigan::store
