// watch/find_reply.cpp - find_reply(): where in a text a mailer quotes a refusal, and where the quotation ends.
#include "watch/find_reply.hpp"

#include <array>

#include "base/text.hpp"

namespace ptarmigan::watch {
namespace {

/// Longest reply that is taken out of running text.
constexpr std::size_t max_reply_octets = 4096;

bool is_refusal_code(std::string_view text) {
  return text.size() >= 3 && (text[0] == '4' || text[0] == '5') && text[1] >= '0' && text[1] <= '5' &&
         is_digit(text[2]);
}

/// "5.7.1" at the front of `text`, followed by a blank or the end.
bool begins_with_status(std::string_view text) {
  const auto token = text.substr(0, text.find_first_of(" \t\r\n:"));
  return smtp::EnhancedStatus::parse(token).has_value();
}

/// A reply may begin at `at`: "550-", "550 5.7.1", "550 words", with nothing joined on the left.
bool reply_begins(std::string_view text, std::size_t at) {
  const auto rest = text.substr(at);
  if (!is_refusal_code(rest)) return false;
  if (at > 0 && (is_alnum(text[at - 1]) || text[at - 1] == '.' || text[at - 1] == '-' || text[at - 1] == '[' ||
                 text[at - 1] == '/'))
    return false;
  if (rest.size() == 3) return true;
  if (rest[3] != '-' && rest[3] != ' ') return false;
  return rest.size() > 4 && !is_wsp(rest[4]);
}

/// Python's smtplib prints (550, b'5.7.1 words'): the length of what stands between code and words; 0 elsewhere.
std::size_t python_separator(std::string_view text, std::size_t at) {
  if (at == 0 || text[at - 1] != '(' || !is_refusal_code(text.substr(at))) return 0;
  for (const std::string_view mark : {", b'", ", b\"", ", '", ", \""})
    if (text.substr(at + 3).starts_with(mark)) return mark.size();
  return 0;
}

/// How surely the reply begins here; 0 is not at all. `said` are the words of mailers in front of a quoted reply.
int evidence_at(std::string_view text, std::size_t at) {
  if (python_separator(text, at) != 0) return 4;
  if (!reply_begins(text, at)) return 0;
  constexpr std::array<std::string_view, 8> said{
      "said:", "smtp;", "said: smtp;", "]:", "<<<", "response:", "error:", "was:"};
  const auto left = trim(text.substr(at < 200 ? 0 : at - 200, at < 200 ? at : 200));
  for (const auto words : said)
    if (iends_with(left, words)) return 4;
  const auto rest = text.substr(at);
  const bool status = begins_with_status(rest.substr(4 <= rest.size() ? 4 : rest.size()));
  const bool line_start = at == 0 || text[at - 1] == '\n' || left.empty();
  if (line_start && status) return 3;
  if (status) return 2;
  return line_start ? 1 : 0;
}

/// Where a reply that begins at 0 ends: at the mailer's own remark, an empty line, or the next field of a DSN.
std::size_t reply_end(std::string_view text) {
  std::size_t end = std::min(text.size(), max_reply_octets);
  for (const std::string_view remark : {"(in reply to", "\n\n", "\r\n\r\n", "\n--", "\\n\\n"})
    if (const auto at = ifind(text, remark); at < end) end = at;
  // A line that starts with a word and a colon is the next DSN field, a line of the next recipient starts with '<'.
  for (auto at = text.find('\n'); at != std::string_view::npos && at < end; at = text.find('\n', at + 1)) {
    const auto line = text.substr(at + 1, text.find_first_of("\r\n", at + 1) - at - 1);
    const auto word = line.substr(0, line.find_first_of(" \t:"));
    const bool field = word.size() > 1 && word.size() < line.size() && line[word.size()] == ':' &&
                       is_alpha(word.front()) && word != "http" && word != "https";
    const bool quoted = line.starts_with("<<<");
    if (field || (line.starts_with('<') && !quoted) || line.starts_with(">>>")) return at;
  }
  return end;
}

/// One line: "<<<" marks, literal "\n" of Exim's log and line ends become blanks.
std::string flattened(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto rest = text.substr(at);
    if (rest.starts_with("\\n") || rest.starts_with("<<<")) {
      out += ' ';
      at += rest.starts_with("\\n") ? 1 : 2;
    } else {
      out += rest.front() == '\n' || rest.front() == '\r' || rest.front() == '\t' ? ' ' : rest.front();
    }
  }
  std::string joined;
  for (const auto word : split(out, ' '))
    if (!word.empty()) joined += (joined.empty() ? "" : " ") + std::string(word);
  return joined;
}

std::optional<smtp::Stage> stage_in(std::string_view text) {
  using smtp::Stage;
  struct Words {
    std::string_view words;
    Stage stage;
  };
  constexpr std::array<Words, 14> known{{{"end of DATA", Stage::end_of_data},
                                         {"end of data", Stage::end_of_data},
                                         {"failed after I sent the message", Stage::end_of_data},
                                         {"in reply to MAIL FROM", Stage::mail},
                                         {"in reply to RCPT TO", Stage::rcpt},
                                         {"in reply to DATA", Stage::data},
                                         {"in reply to EHLO", Stage::ehlo},
                                         {"in reply to HELO", Stage::ehlo},
                                         {"after MAIL FROM", Stage::mail},
                                         {"after RCPT TO", Stage::rcpt},
                                         {"after pipelined MAIL", Stage::mail},
                                         {"after initial connection", Stage::connect},
                                         {"refused to talk to me", Stage::connect},
                                         {"after EHLO", Stage::ehlo}}};
  for (const auto& item : known)
    if (ifind(text, item.words) != std::string_view::npos) return item.stage;
  return std::nullopt;
}

bool is_host_char(char c) {
  return is_alnum(c) || c == '-' || c == '.';
}

/// "host NAME[ADDRESS]", "H=NAME [ADDRESS]", "relay=NAME[ADDRESS]:25", "while talking to NAME.:", "Remote-MTA: dns;
/// NAME".
void find_host(std::string_view text, FoundReply& out) {
  for (const std::string_view lead : {"host", "relay=", "H=", "talking to", "Remote-MTA: dns;"}) {
    for (auto at = ifind(text, lead); at != std::string_view::npos; at = ifind(text, lead, at + 1)) {
      auto rest = text.substr(at + lead.size());
      while (!lead.ends_with('=') && !rest.empty() &&
             (is_wsp(rest.front()) || rest.front() == '\r' || rest.front() == '\n'))
        rest.remove_prefix(1);
      std::size_t length = 0;
      while (length < rest.size() && is_host_char(rest[length])) ++length;
      auto name = rest.substr(0, length);
      while (name.ends_with('.')) name.remove_suffix(1);
      if (name.find('.') == std::string_view::npos) continue;
      out.host = to_lower(name);
      auto after = rest.substr(length);
      if (after.starts_with(' ')) after.remove_prefix(1);
      if (const auto close = after.find(']'); after.starts_with('[') && close != std::string_view::npos)
        if (const auto address = IpAddress::parse(after.substr(1, close - 1))) out.host_address = *address;
      return;
    }
  }
}

}  // namespace

std::optional<FoundReply> find_reply(std::string_view text) {
  text = text.substr(0, max_text);
  std::size_t best_at = 0;
  int best = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '4' && text[at] != '5') continue;
    if (const int evidence = evidence_at(text, at); evidence > best) {
      best = evidence;
      best_at = at;
      if (best == 4) break;
    }
  }
  if (best == 0) return std::nullopt;
  const auto quoted = text.substr(best_at);
  auto words = flattened(quoted.substr(0, reply_end(quoted)));
  if (const auto separator = python_separator(text, best_at); separator != 0) {
    const char quote = words[3 + separator - 1];
    words = words.substr(0, words.find(quote, 3 + separator));
    words.replace(3, separator, " ");
  }
  auto reply = smtp::Reply::parse(words);
  if (!reply || (!reply->transient() && !reply->permanent())) return std::nullopt;
  FoundReply out{std::move(*reply), stage_in(text), {}, {}};
  find_host(text, out);
  return out;
}

}  // namespace ptarmigan::watch
