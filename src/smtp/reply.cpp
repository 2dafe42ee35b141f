// smtp/reply.cpp - see reply.hpp.
#include "smtp/reply.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace ptarmigan::smtp {
namespace {

constexpr std::size_t max_enhanced_digits = 3;
constexpr std::size_t max_enhanced_text = 9;  // "5.123.123"

/// "CCC", "CCC text" or "CCC-text".
bool has_code(std::string_view line) {
  return line.size() >= 3 && line[0] >= '2' && line[0] <= '5' && is_digit(line[1]) && is_digit(line[2]) &&
         (line.size() == 3 || line[3] == ' ' || line[3] == '-');
}

bool is_continuation(std::string_view line) {
  return line.size() > 3 && line[3] == '-';
}

std::string_view words_of(std::string_view line) {
  return line.size() > 3 ? line.substr(4) : std::string_view();
}

/// The enhanced status that `words` begin with, where it may stand under `code` (RFC 2034#4: never with 3xx). Gmail
/// prints class 5 under 421.
std::optional<EnhancedStatus> leading_status(int code, std::string_view words) {
  if (code / 100 == 3) return std::nullopt;
  const auto word = words.substr(0, words.find(' '));
  if (word.size() > max_enhanced_text) return std::nullopt;
  const auto status = EnhancedStatus::parse(word);
  if (!status || (status->cls == 2) != (code / 100 == 2)) return std::nullopt;
  return *status;
}

std::string_view without_status(std::string_view words) {
  const auto blank = words.find(' ');
  return blank == std::string_view::npos ? std::string_view() : words.substr(blank + 1);
}

std::string clean(std::string_view words) {
  std::string out(words);
  for (char& c : out)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) c = '?';
  return out;
}

/// `lines` have passed has_code(); there is at least one.
Reply assemble(const std::vector<std::string>& lines) {
  Reply reply;
  reply.code = *parse_number<int>(std::string_view(lines.back()).substr(0, 3));
  for (const auto& line : lines) {
    const auto words = words_of(line);
    const auto status = leading_status(reply.code, words);
    if (status && !reply.enhanced) reply.enhanced = status;
    reply.lines.push_back(clean(status && status == reply.enhanced ? without_status(words) : words));
  }
  return reply;
}

/// A line that says "more follows" and is the last one was joined from several: cuts it where its code comes again.
void unjoin(std::vector<std::string>& lines) {
  while (is_continuation(lines.back()) && lines.size() < Reply::max_lines) {
    const std::string line = lines.back();
    const std::string code = line.substr(0, 3);
    auto cut = std::string::npos;
    for (auto at = line.find(' ' + code, 4); at != std::string::npos; at = line.find(' ' + code, at + 1)) {
      const auto rest = std::string_view(line).substr(at + 1);
      if (!has_code(rest)) continue;
      // Where the first line has an enhanced status, so has the next: a bare "550 " may be the text's own.
      const auto words = words_of(rest);
      const int number = *parse_number<int>(code);
      if (leading_status(number, words_of(line)) && !leading_status(number, words)) continue;
      cut = at;
      break;
    }
    if (cut == std::string::npos) return;
    lines.back() = line.substr(0, cut);
    lines.push_back(line.substr(cut + 1));
  }
}

}  // namespace

Result<EnhancedStatus> EnhancedStatus::parse(std::string_view text) {
  const auto parts = split(text, '.');
  const auto wrong = [&] {
    return failure("'" + printable(text, 40) + "' is no enhanced status code", "write it as 5.7.1");
  };
  if (parts.size() != 3) return wrong();
  if (parts[0] != "2" && parts[0] != "4" && parts[0] != "5") return wrong();
  if (parts[1].size() > max_enhanced_digits || parts[2].size() > max_enhanced_digits) return wrong();
  const auto subject = parse_number<unsigned>(parts[1]);
  const auto detail = parse_number<unsigned>(parts[2]);
  if (!subject || !detail) return wrong();
  return EnhancedStatus{parts[0][0] - '0', static_cast<int>(*subject), static_cast<int>(*detail)};
}

std::string EnhancedStatus::text() const {
  return std::to_string(cls) + '.' + std::to_string(subject) + '.' + std::to_string(detail);
}

Result<Reply> Reply::parse(std::string_view text) {
  std::vector<std::string> lines;
  text = trim(text, "\r\n");
  for (const auto piece : split(text, '\n')) {
    auto line = trim(piece, "\r");
    if (lines.empty()) line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (!has_code(line))
      return failure("line " + std::to_string(lines.size() + 1) +
                         " of the reply does not begin with a reply code: " + printable(line, 80),
                     "each line begins with three digits and '-' or a blank, as '550-5.7.1 ...'");
    if (lines.size() == max_lines) return failure("the reply has more than " + std::to_string(max_lines) + " lines");
    if (line.size() > max_line * max_lines) return failure("a line of the reply is too long");
    lines.emplace_back(line);
    if (!is_continuation(line)) break;
  }
  unjoin(lines);
  return assemble(lines);
}

std::string Reply::wire() const {
  std::string out;
  append_wire(out);
  return out;
}

void Reply::append_wire(std::string& out) const {
  const std::string number = std::to_string(code);
  const std::string status = enhanced ? enhanced->text() : std::string();
  const std::size_t count = lines.empty() ? 1 : lines.size();
  for (std::size_t i = 0; i < count; ++i) {
    out += number;
    out += i + 1 < count ? '-' : ' ';
    out += status;
    if (enhanced) out += ' ';
    if (!lines.empty()) out += clean(lines[i]);
    out += "\r\n";
  }
}

std::string Reply::words() const {
  return join(lines, " ");
}

std::string Reply::text() const {
  std::string out = std::to_string(code);
  if (enhanced) out += ' ' + enhanced->text();
  const auto rest = words();
  return rest.empty() ? out : out + ' ' + rest;
}

ReplyParser::State ReplyParser::broken(std::string problem) {
  problem_ = std::move(problem);
  return State::broken;
}

ReplyParser::State ReplyParser::feed(std::string_view& input) {
  if (!problem_.empty()) return State::broken;
  while (!input.empty()) {
    const auto end = input.find('\n');
    const auto piece = input.substr(0, end);
    if (piece.size() > Reply::max_line - line_.size())
      return broken("a reply line has more than " + std::to_string(Reply::max_line) + " octets");
    line_ += piece;
    if (end == std::string_view::npos) {
      input = {};
      return State::incomplete;
    }
    input.remove_prefix(end + 1);
    if (line_.ends_with('\r')) line_.pop_back();
    if (!has_code(line_)) return broken("this is no SMTP reply: " + printable(line_, 80));
    if (lines_.size() == Reply::max_lines)
      return broken("the reply has more than " + std::to_string(Reply::max_lines) + " lines");
    lines_.push_back(std::exchange(line_, {}));
    if (!is_continuation(lines_.back())) return State::complete;
  }
  return State::incomplete;
}

Reply ReplyParser::take() {
  Reply reply = assemble(lines_);
  lines_.clear();
  return reply;
}

}  // namespace ptarmigan::smtp
