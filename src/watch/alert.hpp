// watch/alert.hpp - changes of incidents as one alert for people and programs: only what opened or closed, grouped,
// with the fix in the text. Pure. Threads: free functions on values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "watch/incidents.hpp"

namespace ptarmigan::watch {

struct Alert {
  std::string subject;  ///< one line of printable text
  std::string text;     ///< lines end in LF
  std::string json;     ///< {"version": 1, "host": ..., "time": ..., "incidents": [...]}
  std::vector<Incident> incidents;
};

/// Nothing where no verdict changed. An incident that opened and closed meanwhile is told as closed.
[[nodiscard]] std::optional<Alert> compose_alert(const std::vector<Change>& changes, const std::string& host,
                                                 WallTime now);
/// What `ptarmigan watch test-alert` sends.
[[nodiscard]] Alert test_alert(const std::string& host, WallTime now);

/// The rules file for Prometheus, over the metrics that the server's /metrics gives.
[[nodiscard]] std::string prometheus_rules();

}  // namespace ptarmigan::watch
