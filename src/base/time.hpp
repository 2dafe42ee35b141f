// base/time.hpp - time as values. Pure code is given the time; neither clock here has a now().
#pragma once

#include <chrono>
#include <string>

namespace ptarmigan {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A moment of the calendar (UTC). May step backwards: for dates and ages shown to people, never for ordering or
/// waiting.
using WallTime = std::chrono::sys_time<milliseconds>;

/// A clock that only goes forward. Deliberately without now(): net/clock.hpp reads it at the edge.
struct MonotonicClock {
  using duration = milliseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicClock, duration>;
  static constexpr bool is_steady = true;
};
/// A moment for deadlines, TTLs and retry times. Its zero is arbitrary and differs between processes.
using SteadyTime = MonotonicClock::time_point;

/// Both clocks, read at one moment.
struct Moment {
  WallTime wall;
  SteadyTime steady;
};

/// "2026-11-23T17:52:03Z" (RFC 3339#5.6), whole seconds.
[[nodiscard]] std::string rfc3339(WallTime time);
/// "Mon, 23 Nov 2026 17:52:03 +0000" (RFC 5322#3.3), always UTC.
[[nodiscard]] std::string rfc5322_date(WallTime time);
/// "41 s", "3 min", "2 h 5 min", "4 d": for people.
[[nodiscard]] std::string human(milliseconds duration);

}  // namespace ptarmigan
