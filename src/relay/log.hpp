// relay/log.hpp - what the server says while it runs: one event per state change, as a line for people or for programs.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "config/config.hpp"
#include "spool/records.hpp"
#include "store/attempt.hpp"

namespace ptarmigan::relay {

enum class LogLevel { info, warning, error };

[[nodiscard]] std::string_view to_string(LogLevel level);

struct LogEvent {
  LogLevel level = LogLevel::info;
  std::string name;  ///< "server", "accepted", "attempt"
  /// "" where the fields say it all.
  std::string message;
  /// In the order in which they are written; names are those of the Attempt and of the log reader's JSON.
  std::vector<std::pair<std::string, std::string>> fields;
};

/// A message that is in the spool.
[[nodiscard]] LogEvent accepted_event(const spool::MessageRecord& message, std::size_t recipients);
/// One event for each try, with the words that mail servers' logs are searched for: to, relay, delay, dsn, status.
[[nodiscard]] LogEvent attempt_event(const store::Attempt& attempt);

/// One line, without line end. Octets that could break the line or a terminal are escaped.
[[nodiscard]] std::string line_of(const LogEvent& event, WallTime time, config::LogFormat format);

/// Where events go. Called from the server's own thread.
class Log {
 public:
  using Sink = std::function<void(const LogEvent&)>;
  explicit Log(Sink sink) : sink_(std::move(sink)) {}

  void operator()(const LogEvent& event) const { sink_(event); }
  /// Something about the server as a whole.
  void operator()(LogLevel level, std::string message) const { sink_({level, "server", std::move(message), {}}); }

 private:
  Sink sink_;
};

}  // namespace ptarmigan::relay
