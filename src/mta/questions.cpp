// mta/questions.cpp - see questions.hpp.
#include "mta/questions.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace ptarmigan::mta {
namespace {

constexpr std::size_t max_length_digits = 6;
constexpr std::string_view get_verb = "get ";

std::optional<unsigned> hex_digit(char c) {
  return parse_number<unsigned>(std::string_view(&c, 1), 16);
}

/// tcp_table(5): "%", blank and control characters as %XX.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && text.size() - i > 2) {
      const auto high = hex_digit(text[i + 1]);
      const auto low = hex_digit(text[i + 2]);
      if (high && low) {
        out += static_cast<char>(*high * 16 + *low);
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

std::string encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet > 0x20 && octet < 0x7f && c != '%') {
      out += c;
    } else {
      out += '%';
      out += digits[octet >> 4];
      out += digits[octet & 15];
    }
  }
  return out;
}

}  // namespace

QuestionReader::State QuestionReader::feed(std::string_view octets) {
  if (broken_) return State::broken;
  if (begin_ > 0) {
    waiting_.erase(0, begin_);
    begin_ = 0;
  }
  waiting_ += octets;
  if (waiting_.empty()) return State::incomplete;
  if (protocol_ == Protocol::unknown) {
    if (is_digit(waiting_.front()))
      protocol_ = Protocol::socketmap;
    else if (waiting_.size() >= get_verb.size())
      protocol_ = waiting_.starts_with(get_verb) ? Protocol::tcp_table : Protocol::line;
    else if (waiting_.find('\n') != std::string::npos)
      protocol_ = Protocol::line;
    else
      return State::incomplete;
  }
  const auto state = protocol_ == Protocol::socketmap ? take_netstring() : take_line();
  broken_ = state == State::broken;
  return state;
}

QuestionReader::State QuestionReader::take_netstring() {
  const auto colon = waiting_.find(':');
  if (std::min(colon, waiting_.size()) > max_length_digits) return State::broken;
  if (colon == std::string::npos) return State::incomplete;
  const auto length = parse_number<std::size_t>(std::string_view(waiting_).substr(0, colon));
  if (!length || *length > max_question) return State::broken;
  if (waiting_.size() - colon - 1 <= *length) return State::incomplete;
  if (waiting_[colon + 1 + *length] != ',') return State::broken;
  const auto request = std::string_view(waiting_).substr(colon + 1, *length);
  const auto blank = request.find(' ');  // the key itself may hold blanks
  if (blank == std::string_view::npos) return State::broken;
  question_ = {std::string(request.substr(0, blank)), std::string(request.substr(blank + 1))};
  begin_ = colon + *length + 2;
  return State::complete;
}

QuestionReader::State QuestionReader::take_line() {
  const auto end = waiting_.find('\n');
  if (end == std::string::npos) return waiting_.size() > max_question ? State::broken : State::incomplete;
  if (end > max_question) return State::broken;
  auto line = std::string_view(waiting_).substr(0, end);
  if (line.ends_with('\r')) line.remove_suffix(1);
  begin_ = end + 1;
  if (protocol_ == Protocol::line) {
    question_ = {{}, std::string(line)};
    return State::complete;
  }
  if (!line.starts_with(get_verb)) return State::broken;
  question_ = {{}, decoded(line.substr(get_verb.size()))};
  return State::complete;
}

std::string answer(Protocol protocol, const std::optional<std::string>& found) {
  switch (protocol) {
    case Protocol::socketmap: {
      const auto text = found ? "OK " + *found : std::string("NOTFOUND ");
      return std::to_string(text.size()) + ":" + text + ",";
    }
    case Protocol::tcp_table: return found ? "200 " + encoded(*found) + "\n" : "500 none\n";
    case Protocol::line: return found.value_or("");
    case Protocol::unknown: break;
  }
  return {};
}

std::optional<DnsReply> parse_dns_reply(std::string_view key) {
  std::vector<std::string_view> words;
  while (words.size() < 4) {
    key = trim(key, " ");
    const auto word = key.substr(0, key.find(' '));
    if (word.empty()) return std::nullopt;
    words.push_back(word);
    key.remove_prefix(word.size());
  }
  const auto ttl = parse_number<std::uint32_t>(words[1]);
  if (!ttl || !iequals(words[2], "IN")) return std::nullopt;
  auto owner = to_lower(words[0]);
  if (owner.ends_with('.')) owner.pop_back();
  return DnsReply{std::move(owner), *ttl, to_upper(words[3]), std::string(trim(key, " "))};
}

std::optional<DeliveryStatus> parse_delivery_status(std::string_view key) {
  DeliveryStatus out;
  const auto blank = key.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  out.status = key.substr(0, blank);
  if (out.status.size() < 5 || !is_digit(out.status[0]) || out.status[1] != '.') return std::nullopt;
  out.words = key.substr(blank + 1);
  std::string_view rest = out.words;
  constexpr std::string_view host_word = "host ";
  constexpr std::string_view said = " said: ";
  if (!rest.starts_with(host_word)) return out;
  rest.remove_prefix(host_word.size());
  const auto open = rest.find('[');
  const auto close = rest.find(']');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return out;
  if (const auto address = IpAddress::parse(rest.substr(open + 1, close - open - 1))) {
    out.host = to_lower(rest.substr(0, open));
    out.address = *address;
  }
  if (const auto at = rest.find(said, close); at != std::string_view::npos) {
    const auto reply = rest.substr(at + said.size());
    out.reply = reply.substr(0, reply.rfind(" (in reply to "));
  }
  return out;
}

}  // namespace ptarmigan::mta
