// net/clock.hpp - the clocks, read at the edge. Pure code is given the time as a value (base/time.hpp).
#pragma once

#include <chrono>

#include "base/time.hpp"

namespace ptarmigan::net {

/// Both clocks now.
[[nodiscard]] Moment now();
/// The clock that only goes forward.
[[nodiscard]] SteadyTime steady_now();
/// A deadline that lies `duration` ahead.
[[nodiscard]] SteadyTime in(milliseconds duration);

/// The same moment for a timer of the reactor.
[[nodiscard]] inline std::chrono::steady_clock::time_point timer_point(SteadyTime time) {
  return std::chrono::steady_clock::time_point(time.time_since_epoch());
}

}  // namespace ptarmigan::net
