// rulebook/rule.cpp - words of enumerators; age of sources.
#include "rulebook/rule.hpp"

#include "base/text.hpp"

namespace ptarmigan::rulebook {

std::string_view to_string(State state) {
  switch (state) {
    case State::holds: return "holds";
    case State::broken: return "broken";
    case State::unknown: return "unknown";
  }
  return {};
}

std::string_view to_string(Effect effect) {
  switch (effect) {
    case Effect::refuse: return "refuse";
    case Effect::defer: return "defer";
    case Effect::spam: return "spam";
    case Effect::advice: return "advice";
  }
  return {};
}

std::string_view to_string(Confidence confidence) {
  switch (confidence) {
    case Confidence::documented: return "documented";
    case Confidence::secondary: return "secondary";
    case Confidence::recalled: return "recalled";
  }
  return {};
}

bool covers(Families families, Family family) {
  switch (families) {
    case Families::both: return true;
    case Families::ipv4: return family == Family::ipv4;
    case Families::ipv6: return family == Family::ipv6;
  }
  return true;
}

bool is_stale(const Source& source, WallTime now) {
  const auto parts = split(source.date, '-');
  if (parts.size() != 3) return true;
  const auto year = parse_number<int>(parts[0]);
  const auto month = parse_number<unsigned>(parts[1]);
  const auto day = parse_number<unsigned>(parts[2]);
  if (!year || !month || !day) return true;
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{*month}, std::chrono::day{*day}};
  return !date.ok() || now - std::chrono::sys_days{date} > max_source_age;
}

}  // namespace ptarmigan::rulebook
