// net/http_message.cpp - see http_message.hpp.
#include "net/http_message.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace ptarmigan::net {
namespace {

constexpr std::array<std::pair<unsigned, std::string_view>, 31> phrases{{
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {207, "Multi-Status"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
    {414, "URI Too Long"},
}};

/// token of RFC 9110#5.6.2.
bool is_token(std::string_view text) {
  static constexpr std::string_view other = "!#$%&'*+-.^_`|~";
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return is_alnum(c) || other.find(c) != std::string_view::npos; });
}

/// field-value of RFC 9110#5.5: visible characters, blanks, octets beyond ASCII.
bool is_field_value(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return c == '\t' || (octet >= 0x20 && octet != 0x7f);
  });
}

/// IMF-fixdate of RFC 9110#5.6.7.
std::string http_date(WallTime now) {
  std::string text = rfc5322_date(now);
  // The day of the month has two digits here.
  if (const auto day = text.find(' ') + 1; text.find(' ', day) == day + 1) text.insert(day, "0");
  constexpr std::string_view zone = "+0000";
  if (text.ends_with(zone)) text.replace(text.size() - zone.size(), zone.size(), "GMT");
  return text;
}

std::string one_line(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != '\r' && c != '\n' && c != '\0') out += c;
  return out;
}

bool read_query(std::string_view text, HttpFields& query) {
  if (text.empty()) return true;
  for (const auto piece : split(text, '&')) {
    if (piece.empty()) continue;
    std::string spaced(piece);
    std::ranges::replace(spaced, '+', ' ');
    const auto equals = std::min(spaced.find('='), spaced.size());
    auto name = percent_decode(std::string_view(spaced).substr(0, equals));
    auto value = percent_decode(std::string_view(spaced).substr(std::min(equals + 1, spaced.size())));
    if (!name || !value) return false;
    query.emplace_back(*std::move(name), *std::move(value));
  }
  return true;
}

/// The origin form within an absolute one: "http://host/a" is "/a".
std::optional<std::string_view> origin_form(std::string_view target) {
  if (target.starts_with('/')) return target;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!istarts_with(target, scheme)) continue;
    const auto path = target.find_first_of("/?", scheme.size());
    if (path == std::string_view::npos) return "/";
    return target[path] == '/' ? std::optional(target.substr(path)) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> HttpRequest::header(std::string_view name) const {
  std::optional<std::string_view> found;
  for (const auto& [field, value] : headers) {
    if (field != name) continue;
    if (found) return std::nullopt;
    found = value;
  }
  return found;
}

std::optional<std::string_view> HttpRequest::parameter(std::string_view name) const {
  const auto found = std::ranges::find(query, name, [](const auto& field) { return std::string_view(field.first); });
  return found == query.end() ? std::nullopt : std::optional<std::string_view>(found->second);
}

HttpReply text_reply(unsigned status, std::string text) {
  return {.status = status, .headers = {{"Content-Type", "text/plain; charset=utf-8"}}, .body = std::move(text) + "\n"};
}

std::string_view reason_phrase(unsigned status) {
  const auto found = std::ranges::find(phrases, status, [](const auto& phrase) { return phrase.first; });
  return found == phrases.end() ? std::string_view() : found->second;
}

Result<std::string> write_head(const HttpReply& reply, HttpConnection connection, WallTime now) {
  std::string out =
      "HTTP/1.1 " + std::to_string(reply.status) + " " + std::string(reason_phrase(reply.status)) + "\r\n";
  const auto add = [&](std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
  };
  add("Date", http_date(now));
  for (const auto& [name, value] : reply.headers) {
    if (!is_token(name) || !is_field_value(value))
      return failure("the reply's field '" + printable(name, 40) + "' cannot be written");
    add(name, value);
  }
  if (reply.events) {
    add("Content-Type", "text/event-stream");
    add("Cache-Control", "no-store");
  } else if (reply.status != 204 && reply.status != 304) {
    add("Content-Length", std::to_string(reply.body.size()));
  }
  add("Connection", connection == HttpConnection::keep ? "keep-alive" : "close");
  return out + "\r\n";
}

std::string write_event(const HttpEvent& event) {
  std::string out;
  if (!event.name.empty()) out += "event: " + one_line(event.name) + "\n";
  if (!event.id.empty()) out += "id: " + one_line(event.id) + "\n";
  std::string data = event.data;
  std::erase(data, '\r');
  for (const auto line : split(data, '\n')) out.append("data: ").append(line).append("\n");
  return out + "\n";
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (text.size() - i < 3) return std::nullopt;
      const auto octet = parse_number<unsigned char>(text.substr(i + 1, 2), 16);
      if (!octet) return std::nullopt;
      c = static_cast<char>(*octet);
      i += 2;
    }
    if (c == '\0') return std::nullopt;
    out += c;
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
      continue;
    }
    const auto octet = static_cast<unsigned char>(c);
    out += '%';
    out += digits[octet >> 4U];
    out += digits[octet & 15U];
  }
  return out;
}

bool read_target(std::string_view target, HttpRequest& request) {
  const auto origin = origin_form(target);
  if (!origin || origin->find('#') != std::string_view::npos) return false;
  const auto mark = std::min(origin->find('?'), origin->size());
  request.path = origin->substr(0, mark);
  request.segments.clear();
  request.query.clear();
  if (!read_query(origin->substr(std::min(mark + 1, origin->size())), request.query)) return false;
  if (request.path == "/") return true;
  for (const auto piece : split(std::string_view(request.path).substr(1), '/')) {
    auto segment = percent_decode(piece);
    if (!segment || *segment == "." || *segment == "..") return false;
    request.segments.push_back(*std::move(segment));
  }
  return true;
}

}  // namespace ptarmigan::net
