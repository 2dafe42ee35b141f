// logs/line.hpp - one line of a mail log, taken out of what the logger put around it: syslog as files hold it (RFC
// 3164#4.1.2, with or without priority and year), RFC 5424#6, RFC 3339 stamps (rsyslog, journalctl -o short-iso),
// journalctl -o json, Exim's own main log, and a bare message without anything around it.
// Pure: stamps without year or zone are read against `Stamps`. Limits: max_line. Errors: none; an unknown form is a
// bare message. Threads: free functions on values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace ptarmigan::logs {

/// Longer lines are cut.
inline constexpr std::size_t max_line = std::size_t{64} << 10;

/// How a stamp without year or zone is read.
struct Stamps {
  WallTime newest;  ///< no line is more than a day younger; gives the year
  /// Local time of the machine that wrote the log to UTC.
  WallTime (*of_local)(std::chrono::local_seconds local);
};

struct Line {
  std::optional<WallTime> time;
  std::string host;     ///< that wrote the line; "" where it is not told
  std::string program;  ///< "postfix/smtp", "postfix-out/smtp", "exim"; "" where it is not told
  std::optional<std::uint32_t> pid;
  std::string text;  ///< the message itself
  friend bool operator==(const Line&, const Line&) = default;
};

/// `octets` without line end.
[[nodiscard]] Line parse_line(std::string_view octets, const Stamps& stamps);

}  // namespace ptarmigan::logs
