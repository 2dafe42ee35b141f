// base/time.cpp - see time.hpp.
#include "base/time.hpp"

#include <array>
#include <cstdio>

namespace ptarmigan {
namespace {

struct Parts {
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<seconds> clock;
  unsigned weekday;
};

Parts parts_of(WallTime time) {
  const auto whole = std::chrono::floor<seconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(whole);
  return {std::chrono::year_month_day(day), std::chrono::hh_mm_ss<seconds>(whole - day),
          std::chrono::weekday(day).c_encoding()};
}

}  // namespace

std::string rfc3339(WallTime time) {
  const auto p = parts_of(time);
  std::array<char, 40> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02uT%02ld:%02ld:%02ldZ", static_cast<int>(p.date.year()),
                static_cast<unsigned>(p.date.month()), static_cast<unsigned>(p.date.day()),
                static_cast<long>(p.clock.hours().count()), static_cast<long>(p.clock.minutes().count()),
                static_cast<long>(p.clock.seconds().count()));
  return buffer.data();
}

std::string rfc5322_date(WallTime time) {
  static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto p = parts_of(time);
  std::array<char, 48> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%s, %u %s %04d %02ld:%02ld:%02ld +0000", days[p.weekday],
                static_cast<unsigned>(p.date.day()), months[static_cast<unsigned>(p.date.month()) - 1],
                static_cast<int>(p.date.year()), static_cast<long>(p.clock.hours().count()),
                static_cast<long>(p.clock.minutes().count()), static_cast<long>(p.clock.seconds().count()));
  return buffer.data();
}

std::string human(milliseconds duration) {
  const auto total = std::chrono::duration_cast<seconds>(duration).count();
  if (total < 1) return std::to_string(duration.count()) + " ms";
  if (total < 60) return std::to_string(total) + " s";
  if (total < 3600) return std::to_string(total / 60) + " min";
  if (total < 48L * 3600) {
    const auto minutes = total / 60 % 60;
    return std::to_string(total / 3600) + " h" + (minutes == 0 ? "" : " " + std::to_string(minutes) + " min");
  }
  return std::to_string(total / 86400) + " d";
}

}  // namespace ptarmigan
