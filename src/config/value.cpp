// config/value.cpp - see value.hpp.
#include "config/value.hpp"

#include <array>

#include "base/text.hpp"

namespace ptarmigan::config {
namespace {

struct Unit {
  std::string_view suffix;
  std::uint64_t factor;
};
constexpr std::array duration_units{Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000}, Unit{"h", 3'600'000},
                                    Unit{"d", 86'400'000}};
constexpr std::array size_units{Unit{"kB", 1024}, Unit{"MB", 1024ULL * 1024}, Unit{"GB", 1024ULL * 1024 * 1024},
                                Unit{"", 1}};

template <std::size_t count>
std::optional<std::uint64_t> with_unit(std::string_view text, const std::array<Unit, count>& units) {
  const auto digits = text.find_first_not_of("0123456789");
  const auto number = parse_number<std::uint64_t>(text.substr(0, digits));
  if (!number) return std::nullopt;
  const auto suffix = digits == std::string_view::npos ? std::string_view() : text.substr(digits);
  for (const auto& unit : units)
    if (iequals(unit.suffix, suffix) && *number <= std::numeric_limits<std::uint64_t>::max() / unit.factor)
      return *number * unit.factor;
  return std::nullopt;
}

template <std::size_t count>
std::string shortest(std::uint64_t number, const std::array<Unit, count>& units) {
  const Unit* best = nullptr;
  for (const auto& unit : units)
    if (number % unit.factor == 0 && (best == nullptr || unit.factor > best->factor)) best = &unit;
  return std::to_string(number / best->factor) + std::string(best->suffix);
}

}  // namespace

Result<std::string> as_text(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return failure("it must be a text in quotes");
}

Result<bool> as_bool(const Value& value) {
  if (const auto* truth = std::get_if<bool>(&value)) return *truth;
  return failure("it must be true or false");
}

Result<std::uint64_t> as_number(const Value& value, std::uint64_t least, std::uint64_t most) {
  const auto* number = std::get_if<std::int64_t>(&value);
  if (number == nullptr) return failure("it must be a number");
  if (*number < 0 || static_cast<std::uint64_t>(*number) < least || static_cast<std::uint64_t>(*number) > most)
    return failure(std::to_string(*number) + " is out of bounds",
                   "it is " + std::to_string(least) + " to " + std::to_string(most));
  return static_cast<std::uint64_t>(*number);
}

Result<std::vector<std::string>> as_list(const Value& value) {
  if (const auto* list = std::get_if<std::vector<std::string>>(&value)) return *list;
  if (const auto* text = std::get_if<std::string>(&value)) return std::vector{*text};
  return failure("it must be a list of texts: [\"...\", \"...\"]");
}

Result<milliseconds> as_duration(const Value& value, milliseconds least, milliseconds most) {
  const auto* text = std::get_if<std::string>(&value);
  const auto number = text == nullptr ? std::nullopt : with_unit(*text, duration_units);
  if (!number)
    return failure("it is not a duration",
                   "write a whole number with its unit: \"500ms\", \"10s\", \"5m\", \"4h\" or \"5d\"");
  if (*number < static_cast<std::uint64_t>(least.count()) || *number > static_cast<std::uint64_t>(most.count()))
    return failure("\"" + *text + "\" is out of bounds",
                   "it is " + duration_text(least) + " to " + duration_text(most));
  return milliseconds(static_cast<milliseconds::rep>(*number));
}

Result<std::chrono::sys_days> as_date(const Value& value) {
  constexpr std::size_t length = 10;
  const auto wrong = failure("it is not a date", "write year, month and day in quotes: \"2026-11-23\"");
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr || text->size() != length || (*text)[4] != '-' || (*text)[7] != '-') return wrong;
  const std::string_view view(*text);
  const auto year = parse_number<unsigned>(view.substr(0, 4));
  const auto month = parse_number<unsigned>(view.substr(5, 2));
  const auto day = parse_number<unsigned>(view.substr(8, 2));
  if (!year || !month || !day) return wrong;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)), std::chrono::month(*month),
                                         std::chrono::day(*day)};
  if (!date.ok()) return wrong;
  return std::chrono::sys_days(date);
}

Result<std::uint64_t> as_size(const Value& value, std::uint64_t least, std::uint64_t most) {
  std::optional<std::uint64_t> octets;
  if (const auto* text = std::get_if<std::string>(&value)) octets = with_unit(*text, size_units);
  if (const auto* number = std::get_if<std::int64_t>(&value); number != nullptr && *number >= 0)
    octets = static_cast<std::uint64_t>(*number);
  if (!octets) return failure("it is not a size", "write a whole number with its unit: \"512kB\", \"50MB\" or \"1GB\"");
  if (*octets < least || *octets > most)
    return failure("it is out of bounds", "it is " + size_text(least) + " to " + size_text(most));
  return *octets;
}

std::string duration_text(milliseconds duration) {
  return shortest(static_cast<std::uint64_t>(duration.count()), duration_units);
}

std::string size_text(std::uint64_t octets) {
  return shortest(octets, size_units);
}

}  // namespace ptarmigan::config
