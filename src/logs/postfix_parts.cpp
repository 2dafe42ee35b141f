// logs/postfix_parts.cpp - see postfix_parts.hpp.
#include "logs/postfix_parts.hpp"

#include <algorithm>
#include <charconv>

#include "logs/postfix.hpp"

namespace ptarmigan::logs {
namespace {

constexpr std::size_t shortest_id = 5;
constexpr std::size_t shortest_long_id = 10;
constexpr std::size_t longest_id = 40;

bool is_upper_hex(char c) {
  return is_digit(c) || (c >= 'A' && c <= 'F');
}

bool is_vowel(char c) {
  return std::string_view("aeiou").find(ascii_lower(c)) != std::string_view::npos;
}

/// Where an item of a list ends: at ", " or at a blank before the next "key=", outside of brackets.
std::size_t item_end(std::string_view data) {
  bool bracketed = false;
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (data[i] == '<') bracketed = true;
    if (data[i] == '>') bracketed = false;
    if (bracketed || (data[i] != ',' && data[i] != ' ')) continue;
    if (data[i] == ',' && (i + 1 == data.size() || data[i + 1] == ' ')) return i;
    if (data[i] != ' ') continue;
    const auto next = data.substr(i + 1);
    const auto key = next.substr(0, next.find('='));
    if (key.size() < next.size() && !key.empty() &&
        std::ranges::all_of(key, [](char c) { return is_alnum(c) || c == '_' || c == '-'; }))
      return i;
  }
  return data.size();
}

/// At a bracket that was opened and not closed the address is cut off; what is there counts.
std::string_view without(std::string_view text, char front, char back) {
  if (text.starts_with(front)) text.remove_prefix(1);
  if (text.ends_with(back)) text.remove_suffix(1);
  return text;
}

}  // namespace

bool is_queue_id(std::string_view text) {
  if (text == "NOQUEUE") return true;
  if (text.size() < shortest_id || text.size() > longest_id) return false;
  if (std::ranges::all_of(text, is_upper_hex)) return true;
  if (text.size() < shortest_long_id || !std::ranges::all_of(text, is_alnum)) return false;
  return std::ranges::any_of(text, is_digit) || std::ranges::none_of(text, is_vowel);
}

std::optional<Peer> take_peer(Scan& scan) {
  const auto rest = scan.rest();
  const auto open = rest.find('[');
  if (open == std::string_view::npos) return std::nullopt;
  const auto close = rest.find(']', open);
  if (close == std::string_view::npos) return std::nullopt;
  const auto host = rest.substr(0, open);
  const auto inner = rest.substr(open + 1, close - open - 1);
  if (host.find_first_of(" ,;:=<>()") != std::string_view::npos || inner.empty() ||
      inner.find(' ') != std::string_view::npos)
    return std::nullopt;
  std::size_t end = close + 1;
  Peer peer{.host = std::string(host)};
  const auto literal = istarts_with(inner, "IPv6:") ? inner.substr(5) : inner;
  if (const auto address = IpAddress::parse(literal))
    peer.address = *address;
  else
    peer.service = inner;
  if (rest.substr(end).starts_with(':')) {
    std::size_t length = 0;
    while (end + 1 + length < rest.size() && is_digit(rest[end + 1 + length])) ++length;
    if (const auto port = parse_number<std::uint16_t>(rest.substr(end + 1, length))) {
      peer.port = *port;
      end += 1 + length;
    }
  }
  scan = Scan(rest.substr(end));
  return peer;
}

Peer parse_peer(std::string_view text) {
  Scan scan(text);
  if (auto peer = take_peer(scan)) return *std::move(peer);
  if (text == "none") return {};
  return {.service = std::string(text)};
}

void peer_fields(Entry& entry, const Peer& peer, std::string_view who) {
  const auto name = "postfix_" + std::string(who) + "_";
  if (!peer.host.empty()) entry.field(name + "hostname", peer.host);
  if (peer.address) entry.field(name + "ip", peer.address->text());
  if (!peer.service.empty()) entry.field(name + "service", peer.service);
  if (peer.port) entry.field(name + "port", std::to_string(*peer.port));
}

std::size_t find_outside_brackets(std::string_view text, std::string_view mark) {
  bool bracketed = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '<') bracketed = true;
    if (text[i] == '>') bracketed = false;
    if (!bracketed && text.substr(i).starts_with(mark)) return i;
  }
  return text.find(mark);  // a bracket that was never closed
}

std::vector<std::pair<std::string_view, std::string_view>> pairs_of(std::string_view data) {
  constexpr std::size_t most = 64;
  std::vector<std::pair<std::string_view, std::string_view>> out;
  while (!data.empty() && out.size() < most) {
    const auto end = item_end(data);
    const auto item = data.substr(0, end);
    if (const auto equals = item.find('='); equals != std::string_view::npos)
      out.emplace_back(item.substr(0, equals), item.substr(equals + 1));
    data.remove_prefix(end);
    while (data.starts_with(',') || data.starts_with(' ')) data.remove_prefix(1);
  }
  return out;
}

std::string_view unbracketed(std::string_view text) {
  return without(text, '<', '>');
}

std::optional<double> parse_seconds(std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [at, code] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  if (code != std::errc() || at != end || !(value >= 0)) return std::nullopt;
  return value;
}

bool is_reply(std::string_view text) {
  return text.size() >= 3 && text[0] >= '2' && text[0] <= '5' && is_digit(text[1]) && is_digit(text[2]) &&
         (text.size() == 3 || text[3] == ' ' || text[3] == '-');
}

}  // namespace ptarmigan::logs
