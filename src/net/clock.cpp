// net/clock.cpp - see clock.hpp.
#include "net/clock.hpp"

namespace ptarmigan::net {

SteadyTime steady_now() {
  // The two share their zero, so that timer_point() is a change of type alone. Rounded down: a deadline never passes
  // early.
  return SteadyTime(std::chrono::floor<milliseconds>(std::chrono::steady_clock::now().time_since_epoch()));
}

SteadyTime in(milliseconds duration) {
  return steady_now() + duration;
}

Moment now() {
  return {.wall = std::chrono::floor<milliseconds>(std::chrono::system_clock::now()), .steady = steady_now()};
}

}  // namespace ptarmigan::net
