// logs/line.cpp - see line.hpp.
#include "logs/line.hpp"

#include <array>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "logs/scan.hpp"
#include "reports/dates.hpp"

namespace ptarmigan::logs {
namespace {

using std::chrono::local_seconds;
using Json = nlohmann::json;

constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
/// Clocks of machines differ: a line may seem younger than the newest there can be.
constexpr std::chrono::hours leeway{24};

struct Clock {
  seconds of_day{0};
  milliseconds fraction{0};
};

/// "21:17:00", "21:17:00.123456"
std::optional<Clock> parse_clock(std::string_view text) {
  if (text.size() < 8 || text[2] != ':' || text[5] != ':') return std::nullopt;
  const auto hour = parse_number<unsigned>(text.substr(0, 2));
  const auto minute = parse_number<unsigned>(text.substr(3, 2));
  const auto second = parse_number<unsigned>(text.substr(6, 2));
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  Clock out{std::chrono::hours(*hour) + std::chrono::minutes(*minute) + seconds(*second)};
  if (text.size() == 8) return out;
  if (text[8] != '.' || text.size() < 10 || text.size() > 18) return std::nullopt;
  unsigned thousandths = 0;
  for (std::size_t i = 0; i < text.size() - 9; ++i) {
    if (!is_digit(text[9 + i])) return std::nullopt;
    if (i < 3) thousandths = thousandths * 10 + static_cast<unsigned>(text[9 + i] - '0');
  }
  for (std::size_t i = text.size() - 9; i < 3; ++i) thousandths *= 10;
  out.fraction = milliseconds(thousandths);
  return out;
}

std::optional<local_seconds> local_moment(int year, unsigned month, unsigned day, seconds of_day) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  if (!date.ok()) return std::nullopt;
  return local_seconds(std::chrono::local_days(date)) + of_day;
}

std::optional<unsigned> take_month(Scan& scan) {
  for (unsigned i = 0; i < months.size(); ++i)
    if (scan.take(months[i])) return i + 1;
  return std::nullopt;
}

/// Of the years that it can be, the latest that is not in the future.
std::optional<WallTime> without_year(unsigned month, unsigned day, const Clock& clock, const Stamps& stamps) {
  const std::chrono::year_month_day newest(std::chrono::floor<std::chrono::days>(stamps.newest));
  for (int year = static_cast<int>(newest.year()) + 1, tries = 0; tries < 10; ++tries, --year) {
    const auto local = local_moment(year, month, day, clock.of_day);
    if (!local) continue;  // 29 February
    const auto time = stamps.of_local(*local) + clock.fraction;
    if (time <= stamps.newest + leeway) return time;
  }
  return std::nullopt;
}

/// "Nov 23 21:17:00", "Nov  3 2026 21:17:00", "Nov 23 21:17:00.123"; the cursor stands behind it.
std::optional<WallTime> take_bsd_stamp(Scan& scan, const Stamps& stamps) {
  Scan probe = scan;
  const auto month = take_month(probe);
  if (!month || !probe.take(" ")) return std::nullopt;
  probe.skip_blanks();
  const auto day = parse_number<unsigned>(probe.word());
  probe.skip_blanks();
  auto word = probe.word();
  const auto year = word.size() == 4 ? parse_number<int>(word) : std::nullopt;
  if (year) {
    probe.skip_blanks();
    word = probe.word();
  }
  if (word.ends_with(':')) word.remove_suffix(1);
  const auto clock = parse_clock(word);
  if (!day || !clock) return std::nullopt;
  std::optional<WallTime> time;
  if (!year)
    time = without_year(*month, *day, *clock, stamps);
  else if (const auto local = local_moment(*year, *month, *day, clock->of_day))
    time = stamps.of_local(*local) + clock->fraction;
  if (time) scan = probe;
  return time;
}

/// "2026-11-23T21:17:00.123+01:00", "...Z", "...+0100"
std::optional<WallTime> take_iso_stamp(Scan& scan) {
  Scan probe = scan;
  std::string word(probe.word());
  if (word.size() < 19 || word[4] != '-' || word[10] != 'T') return std::nullopt;
  if (const auto sign = word.size() - 5; word.size() > 24 - 5 && (word[sign] == '+' || word[sign] == '-'))
    word.insert(sign + 3, 1, ':');
  const auto time = reports::parse_rfc3339(word);
  if (!time) return std::nullopt;
  scan = probe;
  const auto clock = std::string_view(word).substr(11);
  const auto exact = parse_clock(clock.substr(0, clock.find_first_of("Zz+-")));
  return exact ? *time + exact->fraction : *time;
}

/// Exim: "2026-11-23 21:17:00", "... 21:17:00.123", each with " +0100" or without.
std::optional<WallTime> take_exim_stamp(Scan& scan, const Stamps& stamps) {
  Scan probe = scan;
  const auto date = probe.word();
  if (date.size() != 10 || date[4] != '-' || date[7] != '-' || !probe.take(" ")) return std::nullopt;
  const auto clock = parse_clock(probe.word());
  const auto year = parse_number<int>(date.substr(0, 4));
  const auto month = parse_number<unsigned>(date.substr(5, 2));
  const auto day = parse_number<unsigned>(date.substr(8, 2));
  if (!clock || !year || !month || !day) return std::nullopt;
  const auto local = local_moment(*year, *month, *day, clock->of_day);
  if (!local) return std::nullopt;
  auto time = stamps.of_local(*local) + clock->fraction;
  Scan zone = probe;
  zone.skip_blanks();
  if (const auto word = zone.word(); word.size() == 5 && (word[0] == '+' || word[0] == '-'))
    if (const auto number = parse_number<int>(word.substr(1))) {
      const auto east = std::chrono::hours(*number / 100) + std::chrono::minutes(*number % 100);
      time = WallTime(local->time_since_epoch()) + clock->fraction - (word[0] == '+' ? east : -east);
      probe = zone;
    }
  scan = probe;
  return time;
}

bool is_program_char(char c) {
  return is_alnum(c) || c == '/' || c == '-' || c == '_' || c == '.' || c == '@';
}

/// "postfix/smtp[123]: "; false, and unmoved, where there is none.
bool take_tag(Scan& scan, Line& line) {
  Scan probe = scan;
  std::size_t length = 0;
  while (length < probe.rest().size() && is_program_char(probe.rest()[length])) ++length;
  const auto program = probe.rest().substr(0, length);
  if (program.empty()) return false;
  probe.take(program);
  std::optional<std::uint32_t> pid;
  if (probe.take("[")) {
    const auto number = probe.until("]");
    if (!number) return false;
    pid = parse_number<std::uint32_t>(*number);
    if (!pid) return false;
  } else if (!istarts_with(program, "postfix") && !istarts_with(program, "exim")) {
    return false;
  }
  if (!probe.take(":")) return false;
  probe.skip_blanks();
  scan = probe;
  line.program = program;
  line.pid = pid;
  return true;
}

void take_host_and_tag(Scan& scan, Line& line) {
  scan.skip_blanks();
  if (take_tag(scan, line)) return;
  Scan probe = scan;
  const auto host = probe.word();
  probe.skip_blanks();
  if (!take_tag(probe, line)) {
    // "host program: text" of a program that is none of ours, without a number: its first word is kept as its name.
    Scan other = probe;
    if (const auto name = other.until(": "); name && name->find(' ') == std::string_view::npos) {
      line.program = *name;
      probe = other;
    }
  }
  line.host = host;
  scan = probe;
}

std::string or_empty(std::string_view word) {
  return word == "-" ? std::string() : std::string(word);
}

/// Behind "<PRI>1 ": stamp, host, program, pid, message id, structured data.
bool take_rfc5424(Scan& scan, Line& line) {
  Scan probe = scan;
  if (probe.take("- ")) {
  } else if (const auto time = take_iso_stamp(probe)) {
    line.time = *time;
    probe.take(" ");
  } else {
    return false;
  }
  std::array<std::string_view, 4> words;
  for (auto& word : words) {
    word = probe.word();
    if (word.empty() || !probe.take(" ")) return false;
  }
  line.host = or_empty(words[0]);
  line.program = or_empty(words[1]);
  line.pid = parse_number<std::uint32_t>(words[2]);
  if (!probe.take("-")) {
    bool quoted = false;
    std::size_t at = 0;
    for (const auto rest = probe.rest(); at < rest.size(); ++at) {
      if (rest[at] == '\\')
        ++at;
      else if (rest[at] == '"')
        quoted = !quoted;
      else if (rest[at] == ']' && !quoted && !rest.substr(at + 1).starts_with("["))
        break;
    }
    probe = Scan(probe.rest().substr(std::min(at + 1, probe.rest().size())));
  }
  probe.take(" ");
  probe.take("\xEF\xBB\xBF");
  // rsyslog repeats the tag of a message that came in the old form.
  Line tagged;
  if (take_tag(probe, tagged) && line.program.empty()) {
    line.program = tagged.program;
    line.pid = tagged.pid;
  }
  scan = probe;
  return true;
}

std::string string_of(const Json& object, const char* name) {
  const auto at = object.find(name);
  if (at == object.end()) return {};
  if (at->is_string()) return at->get<std::string>();
  std::string octets;  // text that is not UTF-8 comes as a list of its octets
  if (at->is_array())
    for (const auto& octet : *at)
      if (octet.is_number_unsigned() && octet.get<std::uint64_t>() < 256)
        octets += static_cast<char>(octet.get<std::uint8_t>());
  return octets;
}

/// journalctl -o json
std::optional<Line> parse_journal(std::string_view octets) {
  const auto object = Json::parse(octets, nullptr, false);
  if (!object.is_object() || !object.contains("MESSAGE")) return std::nullopt;
  Line line;
  if (const auto micro = parse_number<std::int64_t>(string_of(object, "__REALTIME_TIMESTAMP")); micro && *micro >= 0)
    line.time = WallTime(milliseconds(*micro / 1000));
  line.host = string_of(object, "_HOSTNAME");
  line.program = string_of(object, "SYSLOG_IDENTIFIER");
  const auto pid = string_of(object, "SYSLOG_PID");
  line.pid = parse_number<std::uint32_t>(pid.empty() ? string_of(object, "_PID") : pid);
  line.text = string_of(object, "MESSAGE");
  return line;
}

}  // namespace

Line parse_line(std::string_view octets, const Stamps& stamps) {
  octets = octets.substr(0, max_line);
  while (octets.ends_with('\r') || octets.ends_with('\n')) octets.remove_suffix(1);
  if (octets.starts_with('{'))
    if (auto line = parse_journal(octets)) return *std::move(line);
  Line line;
  Scan scan(octets);
  if (Scan probe = scan; probe.take("<")) {
    const auto priority = probe.until(">");
    if (priority && priority->size() <= 3 && parse_number<unsigned>(*priority)) {
      scan = probe;
      if (probe.take("1 ") && take_rfc5424(probe, line)) {
        line.text = probe.rest();
        return line;
      }
    }
  }
  if ((line.time = take_bsd_stamp(scan, stamps)) || (line.time = take_iso_stamp(scan)))
    take_host_and_tag(scan, line);
  else
    take_tag(scan, line);
  // Exim stamps its own log, and by default also what it gives to syslog.
  if (Scan probe = scan; line.program.empty() || istarts_with(line.program, "exim"))
    if (const auto time = take_exim_stamp(probe, stamps)) {
      scan = probe;
      scan.skip_blanks();
      line.time = time;
      if (line.program.empty()) line.program = "exim";
    }
  line.text = scan.rest();
  return line;
}

}  // namespace ptarmigan::logs
