// watch/snds.cpp - see snds.hpp.
#include "watch/snds.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <string>

#include <nlohmann/json.hpp>

#include "auth/dkim/crypto.hpp"
#include "base/encoding.hpp"
#include "base/ip_address.hpp"
#include "base/text.hpp"

namespace ptarmigan::watch {
namespace {

using Json = nlohmann::json;
/// Column, as the aliases below name it, to value.
using Row = std::map<std::string, std::string, std::less<>>;

constexpr std::size_t max_columns = 40;
constexpr std::size_t max_words = 300;

constexpr std::array<std::pair<std::string_view, std::string_view>, 26> aliases{{
    {"ipaddress", "ip"},
    {"ip", "ip"},
    {"beginningipaddress", "ip"},
    {"startingipaddress", "ip"},
    {"startip", "ip"},
    {"firstip", "ip"},
    {"endingipaddress", "last"},
    {"endip", "last"},
    {"lastip", "last"},
    {"rcptcommands", "rcpt"},
    {"datacommands", "data"},
    {"messagerecipients", "recipients"},
    {"recipients", "recipients"},
    {"filterresult", "filter"},
    {"overallstatus", "filter"},
    {"complaintrate", "complaint_rate"},
    {"traphits", "trap_hits"},
    {"spamtraphits", "trap_hits"},
    {"samplehelo", "helo"},
    {"samplemailfrom", "mail_from"},
    {"jmrp1sender", "mail_from"},
    {"blocked", "blocked"},
    {"isblocked", "blocked"},
    {"details", "details"},
    {"reason", "details"},
    {"comments", "comments"},
}};
/// Of files without a header line.
constexpr std::array<std::string_view, 14> data_columns{
    "ip",     "start",      "end",       "rcpt", "data",      "recipients", "filter", "complaint_rate",
    "traps1", "traps_last", "trap_hits", "helo", "mail_from", "comments"};
constexpr std::array<std::string_view, 4> status_columns{"ip", "last", "blocked", "details"};

std::string column_of(std::string_view name) {
  std::string plain;
  for (const char c : name)
    if (is_alnum(c)) plain += to_lower(std::string_view(&c, 1));
  const auto* found = std::ranges::find(aliases, plain, &std::pair<std::string_view, std::string_view>::first);
  return found == aliases.end() ? plain : std::string(found->second);
}

/// RFC 4180#2: quoted fields hold commas, line ends and doubled quotes.
std::vector<std::vector<std::string>> csv_of(std::string_view text) {
  std::vector<std::vector<std::string>> rows(1);
  std::string field;
  bool quoted = false;
  const auto end_field = [&] {
    if (rows.back().size() < max_columns) rows.back().emplace_back(trim(field));
    field.clear();
  };
  for (std::size_t i = 0; i < text.size() && rows.size() <= max_snds_rows; ++i) {
    const char c = text[i];
    if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      field += text[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && c == ',') {
      end_field();
    } else if (!quoted && c == '\n') {
      end_field();
      rows.emplace_back();
    } else if (c != '\r') {
      field += c;
    }
  }
  end_field();
  std::erase_if(rows, [](const auto& row) { return row.size() < 2; });
  return rows;
}

std::string word_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  return value.is_number() ? value.dump() : std::string();
}

std::vector<Row> rows_of_json(const Json& json) {
  const Json* list = &json;
  if (json.is_object())
    for (const auto& [name, value] : json.items())
      if (value.is_array()) list = &value;
  std::vector<Row> out;
  if (!list->is_array()) return out;
  for (const auto& one : *list) {
    if (!one.is_object() || out.size() == max_snds_rows) continue;
    Row row;
    for (const auto& [name, value] : one.items())
      if (row.size() < max_columns) row.emplace(column_of(name), word_of(value));
    out.push_back(std::move(row));
  }
  return out;
}

template <std::size_t N>
std::vector<Row> rows_of_csv(std::string_view text, const std::array<std::string_view, N>& columns) {
  auto lines = csv_of(text);
  std::vector<std::string> names(columns.begin(), columns.end());
  if (!lines.empty() && !IpAddress::parse(lines.front().front())) {
    names.clear();
    for (const auto& name : lines.front()) names.push_back(column_of(name));
    lines.erase(lines.begin());
  }
  std::vector<Row> out;
  for (const auto& line : lines) {
    Row row;
    for (std::size_t i = 0; i < std::min(line.size(), names.size()); ++i) row.emplace(names[i], line[i]);
    out.push_back(std::move(row));
  }
  return out;
}

template <std::size_t N>
Result<std::vector<Row>> rows_of(std::string_view text, const std::array<std::string_view, N>& columns) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  text = trim(text);
  if (text.starts_with('<')) return failure("SNDS sent a web page in place of data", "sign in anew");
  if (!text.starts_with('{') && !text.starts_with('[')) return rows_of_csv(text, columns);
  const auto json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return failure("SNDS sent JSON that cannot be read");
  return rows_of_json(json);
}

std::string value_of(const Row& row, std::string_view name) {
  const auto found = row.find(name);
  return found == row.end() ? std::string() : printable(found->second, max_words);
}

/// "< 0.1%", "0.3 %", "1.5%": its bound.
std::optional<std::int64_t> share_of(std::string_view text) {
  text = trim(text);
  while (!text.empty() && (text.front() == '<' || text.front() == '>' || text.front() == ' ')) text.remove_prefix(1);
  if (text.ends_with('%')) text.remove_suffix(1);
  text = trim(text);
  double number = 0;
  const auto [at, code] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (code != std::errc() || at != text.data() + text.size() || !(number >= 0 && number <= 100)) return std::nullopt;
  return std::llround(number * 10'000);
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~')
      out += c;
    else
      out += "%" + to_upper(hex_encode(std::string_view(&c, 1)));
  }
  return out;
}

std::string scope() {
  return percent_encode(std::string(snds_client) + "/.default offline_access");
}

constexpr std::string_view arrives_at = "http%3A%2F%2Flocalhost";

}  // namespace

std::string SndsSignIn::address() const {
  const auto digest = dkim::sha256(verifier);
  return "https://login.microsoftonline.com/consumers/oauth2/v2.0/authorize?client_id=" + std::string(snds_client) +
         "&response_type=code&response_mode=query&redirect_uri=" + std::string(arrives_at) + "&scope=" + scope() +
         "&state=" + percent_encode(state) + "&code_challenge_method=S256&code_challenge=" +
         base64url_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

Result<std::string> SndsSignIn::token_request(std::string_view arrived) const {
  arrived = trim(arrived);
  const auto query = arrived.find('?');
  std::string code;
  std::string came_back;
  std::string refused;
  if (query != std::string_view::npos)
    for (const auto part : split(arrived.substr(query + 1), '&')) {
      if (part.starts_with("code=")) code = part.substr(5);
      if (part.starts_with("state=")) came_back = part.substr(6);
      if (part.starts_with("error=")) refused = printable(part.substr(6), 100);
    }
  if (!refused.empty()) return failure("Microsoft refused the sign-in: " + refused);
  if (code.empty())
    return failure("no code is in that address", "copy all of what stands in the browser's address bar at the end");
  if (came_back != percent_encode(state)) return failure("that is the end of another sign-in", "begin again");
  // It is percent-encoded already, and goes on as it came.
  for (const char c : code)
    if (!is_alnum(c) && std::string_view("-._~%!*").find(c) == std::string_view::npos)
      return failure("the code in that address is not usable", "begin again");
  return "client_id=" + std::string(snds_client) +
         "&grant_type=authorization_code&redirect_uri=" + std::string(arrives_at) + "&scope=" + scope() +
         "&code_verifier=" + verifier + "&code=" + code;
}

std::string snds_refresh_request(std::string_view refresh_token) {
  return "client_id=" + std::string(snds_client) + "&grant_type=refresh_token&scope=" + scope() +
         "&refresh_token=" + percent_encode(trim(refresh_token));
}

Result<std::vector<Figure>> parse_snds_data(std::string_view text, WallTime day) {
  const auto rows = rows_of(text, data_columns);
  if (!rows) return std::unexpected(rows.error());
  std::vector<Figure> out;
  for (const auto& row : *rows) {
    const auto address = IpAddress::parse(value_of(row, "ip"));
    if (!address) continue;
    Figure figure{.provider = std::string(snds), .subject = address->text(), .day = day};
    const auto put = [&](std::string_view metric, std::int64_t millionths, std::string words) {
      figure.metric = metric;
      figure.millionths = millionths;
      figure.text = std::move(words);
      out.push_back(figure);
    };
    for (const std::string_view name : {"rcpt", "data", "recipients", "trap_hits"})
      if (const auto count = parse_number<std::uint32_t>(value_of(row, name)))
        put(name, std::int64_t{*count} * 1'000'000, "");
    if (auto filter = to_upper(value_of(row, "filter")); filter == "GREEN" || filter == "YELLOW" || filter == "RED")
      put("filter", 0, std::move(filter));
    if (const auto share = share_of(value_of(row, "complaint_rate")))
      put("complaint_rate", *share, value_of(row, "complaint_rate"));
    for (const std::string_view name : {"helo", "mail_from"})
      if (auto words = value_of(row, name); !words.empty()) put(name, 0, std::move(words));
  }
  if (out.empty() && !rows->empty()) return failure("SNDS sent rows without an address");
  return out;
}

Result<std::vector<Figure>> parse_snds_status(std::string_view text, WallTime day) {
  const auto rows = rows_of(text, status_columns);
  if (!rows) return std::unexpected(rows.error());
  std::vector<Figure> out;
  for (const auto& row : *rows) {
    const auto first = IpAddress::parse(value_of(row, "ip"));
    const auto last = IpAddress::parse(value_of(row, "last"));
    const auto blocked = to_lower(value_of(row, "blocked"));
    if (!first || (blocked != "yes" && blocked != "true" && blocked != "1")) continue;
    auto details = value_of(row, "details");
    out.push_back({.provider = std::string(snds),
                   .subject = first->text() + (last && *last != *first ? "-" + last->text() : ""),
                   .day = day,
                   .metric = "blocked",
                   .millionths = 1'000'000,
                   .text = details.empty() ? "blocked" : std::move(details)});
  }
  return out;
}

}  // namespace ptarmigan::watch
