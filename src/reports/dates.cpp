// reports/dates.cpp - see dates.hpp.
#include "reports/dates.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/text.hpp"

namespace ptarmigan::reports {
namespace {

constexpr std::array<std::string_view, 12> months = {"jan", "feb", "mar", "apr", "may", "jun",
                                                     "jul", "aug", "sep", "oct", "nov", "dec"};
/// RFC 5322#4.3, in hours from UTC; what is not here counts as UTC.
constexpr std::array<std::pair<std::string_view, int>, 8> zones = {
    {{"edt", -4}, {"est", -5}, {"cdt", -5}, {"cst", -6}, {"mdt", -6}, {"mst", -7}, {"pdt", -7}, {"pst", -8}}};

/// A number above this is milliseconds (it would be the year 5138).
constexpr std::int64_t highest_seconds = 100'000'000'000;

struct Calendar {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
};

std::optional<WallTime> moment(const Calendar& at, std::chrono::minutes east) {
  const std::chrono::year_month_day date{std::chrono::year(at.year), std::chrono::month(at.month),
                                         std::chrono::day(at.day)};
  if (!date.ok() || at.hour > 24 || at.minute > 59 || at.second > 60) return std::nullopt;
  return WallTime(std::chrono::sys_days(date)) + std::chrono::hours(at.hour) + std::chrono::minutes(at.minute) +
         std::chrono::seconds(at.second) - east;
}

/// 1 to 12 by the first three letters; 0 for another word.
unsigned month_of(std::string_view word) {
  for (unsigned index = 0; index < months.size(); ++index)
    if (months[index] == word.substr(0, 3)) return index + 1;
  return 0;
}

/// Words between blanks, comments left out.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  unsigned depth = 0;
  const auto finish = [&] {
    if (!word.empty()) words.push_back(std::exchange(word, {}));
  };
  for (const char c : text) {
    if (c == '(') ++depth;
    if (depth == 0 && !is_wsp(c) && c != '\r' && c != '\n' && c != ',')
      word += ascii_lower(c);
    else
      finish();
    if (c == ')' && depth > 0) --depth;
  }
  finish();
  return words;
}

bool parse_clock(std::string_view text, Calendar& at) {
  const auto parts = split(text, ':');
  if (parts.size() < 2 || parts.size() > 3) return false;
  const auto hour = parse_number<unsigned>(parts[0]);
  const auto minute = parse_number<unsigned>(parts[1]);
  const auto second = parts.size() < 3 ? 0U : parse_number<unsigned>(parts[2].substr(0, parts[2].find('.')));
  if (!hour || !minute || !second) return false;
  at.hour = *hour;
  at.minute = *minute;
  at.second = *second;
  return true;
}

/// "+0200", "+02:00", "-4", "EDT", "Z"; UTC for what is unknown (RFC 5322#4.3).
std::chrono::minutes parse_zone(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) {
    std::string digits;
    for (const char c : text.substr(1))
      if (is_digit(c)) digits += c;
    const auto number = parse_number<int>(digits);
    if (!number || digits.size() > 4) return {};
    const int minutes = digits.size() > 2 ? *number / 100 * 60 + *number % 100 : *number * 60;
    return std::chrono::minutes(text[0] == '-' ? -minutes : minutes);
  }
  for (const auto& [name, hours] : zones)
    if (iequals(name, text)) return std::chrono::hours(hours);
  return {};
}

}  // namespace

std::optional<WallTime> parse_mail_date(std::string_view text) {
  auto words = words_of(text);
  const auto is_word = [&](std::size_t index) { return index < words.size() && is_alpha(words[index][0]); };
  // A day name, and "May 09 2017" for "09 May 2017".
  if (is_word(0) && month_of(words[0]) == 0) words.erase(words.begin());
  if (is_word(0) && words.size() > 1) std::swap(words[0], words[1]);
  if (words.size() < 4) return std::nullopt;
  Calendar at;
  const auto day = parse_number<unsigned>(words[0]);
  at.month = month_of(words[1]);
  const auto year = parse_number<int>(words[2]);
  if (!day || at.month == 0 || !year || *year < 0 || *year > 9999) return std::nullopt;
  at.day = *day;
  // RFC 5322#4.3
  at.year = *year >= 1000 ? *year : *year < 50 ? *year + 2000 : *year + 1900;
  if (!parse_clock(words[3], at)) return std::nullopt;
  return moment(at, words.size() > 4 ? parse_zone(words[4]) : std::chrono::minutes());
}

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  text = trim(text);
  if (text.size() < 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  Calendar at;
  const auto year = parse_number<int>(text.substr(0, 4));
  const auto month = parse_number<unsigned>(text.substr(5, 2));
  const auto day = parse_number<unsigned>(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  at.year = *year;
  at.month = *month;
  at.day = *day;
  auto rest = trim(text.substr(10), " Tt");
  if (rest.empty()) return moment(at, {});
  const auto clock_end = rest.find_first_not_of("0123456789:.");
  const auto clock = rest.substr(0, clock_end);
  if (!parse_clock(clock, at)) return std::nullopt;
  return moment(at, clock_end == std::string_view::npos ? std::chrono::minutes() : parse_zone(rest.substr(clock_end)));
}

std::optional<EpochDate> parse_epoch(std::string_view text) {
  text = trim(text);
  if (const auto whole = parse_number<std::int64_t>(text); whole && *whole >= 0) {
    if (*whole < highest_seconds) return EpochDate{.time = WallTime(seconds(*whole))};
    if (*whole / 1000 < highest_seconds) return EpochDate{.time = WallTime(milliseconds(*whole)), .plain = false};
    return std::nullopt;
  }
  const auto point = text.find_first_of(".,");
  if (point != std::string_view::npos &&
      text.substr(point + 1).find_first_not_of("0123456789") == std::string_view::npos) {
    const auto whole = parse_number<std::int64_t>(text.substr(0, point));
    if (whole && *whole >= 0 && *whole < highest_seconds)
      return EpochDate{.time = WallTime(seconds(*whole)), .plain = false};
  }
  if (const auto time = parse_rfc3339(text)) return EpochDate{.time = *time, .plain = false};
  return std::nullopt;
}

}  // namespace ptarmigan::reports
