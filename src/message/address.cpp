// message/address.cpp - see address.hpp.
#include "message/address.hpp"

#include <optional>
#include <utility>

#include "base/text.hpp"

namespace ptarmigan::message {
namespace {

bool is_eight_bit(char c) {
  return static_cast<unsigned char>(c) > 127;
}

/// RFC 5322#3.2.3 with RFC 6532#3.2.
bool is_atext(char c) {
  return is_alnum(c) || is_eight_bit(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").contains(c);
}

/// What may stand in a comment, a quoted string or a domain literal, besides its own delimiters.
bool is_text(char c) {
  return is_printable_ascii(c) || is_wsp(c) || is_eight_bit(c);
}

bool is_dot_atom(std::string_view text) {
  if (text.empty() || text.front() == '.' || text.back() == '.' || text.contains("..")) return false;
  for (const char c : text)
    if (c != '.' && !is_atext(c)) return false;
  return true;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

/// Recursive descent over RFC 5322#3.4; each step leaves `at_` behind what it read.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<std::vector<Mailbox>> list() {
    bool any = false;
    while (true) {
      if (auto blanks = skip(); !blanks) return std::unexpected(blanks.error());
      if (done()) break;
      if (take(',')) continue;  // an empty element (RFC 5322#4.4)
      if (auto one = element(); !one) return std::unexpected(one.error());
      any = true;
      if (!done() && !take(',')) return error("expected a comma between addresses");
    }
    if (!any) return failure("There is no address");
    return std::move(out_);
  }

 private:
  /// What a phrase or a local part is made of, before it is known which of both it is.
  struct Words {
    std::string phrase;      ///< words joined by one blank
    std::string local;       ///< words and dots without blanks
    bool only_local = true;  ///< words strictly separated by dots
    bool any = false;
  };

  [[nodiscard]] bool done() const { return at_ >= text_.size(); }
  [[nodiscard]] char peek() const { return text_[at_]; }
  bool take(char c) {
    if (done() || peek() != c) return false;
    ++at_;
    return true;
  }
  [[nodiscard]] std::unexpected<Error> error(std::string_view what) const {
    return failure("At octet " + std::to_string(at_ + 1) + ": " + std::string(what));
  }

  /// CFWS (RFC 5322#3.2.2).
  Result<void> skip() {
    while (!done()) {
      if (is_wsp(peek())) {
        ++at_;
      } else if (fold()) {
        at_ += 3;
      } else if (peek() == '(') {
        if (auto read = comment(); !read) return read;
      } else {
        break;
      }
    }
    return {};
  }
  [[nodiscard]] bool fold() const {
    const auto rest = text_.substr(at_);
    return rest.starts_with("\r\n") && rest.size() > 2 && is_wsp(rest[2]);
  }

  Result<void> comment() {
    std::size_t depth = 0;
    do {
      if (done()) return error("a comment is not closed");
      if (fold()) {
        at_ += 3;
        continue;
      }
      const char c = text_[at_++];
      if (c == '(' && ++depth > max_comment_depth) return error("comments are nested too deeply");
      if (c == ')') --depth;
      if (c == '\\') {
        if (done()) return error("a comment ends after a backslash");
        ++at_;
      }
      if (!is_text(text_[at_ - 1])) return error("a control character in a comment");
    } while (depth > 0);
    return {};
  }

  Result<std::string> quoted_string() {
    ++at_;
    std::string out;
    while (true) {
      if (done()) return error("a quoted string is not closed");
      if (fold()) {
        at_ += 2;
        continue;
      }
      char c = text_[at_++];
      if (c == '"') return out;
      if (c == '\\') {
        if (done()) return error("a quoted string ends after a backslash");
        c = text_[at_++];
      }
      if (!is_text(c)) return error("a control character in a quoted string");
      out += c;
    }
  }

  std::string_view atom() {
    const auto from = at_;
    while (!done() && is_atext(peek())) ++at_;
    return text_.substr(from, at_ - from);
  }

  /// *( word / "." ) with CFWS between: obs-phrase and obs-local-part together (RFC 5322#4.1, RFC 5322#4.4).
  Result<Words> words() {
    Words out;
    bool after_word = false;
    bool dangling_dot = false;
    while (true) {
      const auto before = at_;
      if (auto blanks = skip(); !blanks) return std::unexpected(blanks.error());
      if (done()) break;
      const bool apart = at_ != before && !out.phrase.empty();
      if (peek() == '.') {
        ++at_;
        if (apart) out.phrase += ' ';
        out.only_local = out.only_local && after_word;
        out.local += '.';
        out.phrase += '.';
        after_word = false;
        dangling_dot = true;
        continue;
      }
      std::string word;
      if (peek() == '"') {
        auto text = quoted_string();
        if (!text) return std::unexpected(text.error());
        word = std::move(*text);
      } else if (is_atext(peek())) {
        word = atom();
      } else {
        break;
      }
      out.only_local = out.only_local && !after_word;
      out.local += word;
      if (apart || after_word) out.phrase += ' ';
      out.phrase += word;
      out.any = after_word = true;
      dangling_dot = false;
    }
    out.only_local = out.only_local && out.any && !dangling_dot;
    return out;
  }

  Result<std::string> domain() {
    if (auto blanks = skip(); !blanks) return std::unexpected(blanks.error());
    if (!done() && peek() == '[') return domain_literal();
    std::string out;
    while (true) {
      const auto label = atom();
      if (label.empty()) break;
      out += label;
      if (auto blanks = skip(); !blanks) return std::unexpected(blanks.error());
      if (!take('.')) break;
      out += '.';
      if (auto blanks = skip(); !blanks) return std::unexpected(blanks.error());
    }
    if (out.ends_with('.')) out.pop_back();
    if (out.empty()) return error("the domain of an address is missing");
    if (!is_utf8(out)) return error("the domain is not UTF-8");
    return out;
  }

  Result<std::string> domain_literal() {
    std::string out;
    while (true) {
      if (done()) return error("a domain literal is not closed");
      const char c = text_[at_++];
      if (is_wsp(c)) continue;
      if (!is_text(c) || c == '\\' || (c == '[' && !out.empty())) return error("a wrong character in a domain literal");
      out += c;
      if (c == ']') break;
    }
    if (auto blanks = skip(); !blanks) return std::unexpected(blanks.error());
    return out;
  }

  Result<void> add(std::string display_name, std::string local_part, std::string domain_name) {
    if (!is_utf8(local_part)) return error("the local part is not UTF-8");
    if (out_.size() >= max_mailboxes) return error("there are too many addresses");
    out_.push_back({std::move(display_name), std::move(local_part), std::move(domain_name), group_});
    return {};
  }

  /// "@" domain after a local part, outside angle brackets.
  Result<void> rest_of_address(Words local, std::string display_name) {
    if (!local.only_local) return error("the part before the @ is not a local part");
    ++at_;
    auto name = domain();
    if (!name) return std::unexpected(name.error());
    return add(std::move(display_name), std::move(local.local), std::move(*name));
  }

  /// "<" [obs-route] addr-spec ">" (RFC 5322#4.4).
  Result<void> angle(std::string display_name) {
    ++at_;
    if (auto route = skip_route(); !route) return route;
    auto local = words();
    if (!local) return std::unexpected(local.error());
    if (done() || peek() != '@') return error("there is no @ between the angle brackets");
    if (auto address = rest_of_address(std::move(*local), std::move(display_name)); !address) return address;
    if (!take('>')) return error("expected >");
    return skip();
  }

  Result<void> skip_route() {
    if (auto blanks = skip(); !blanks) return blanks;
    bool any = false;
    while (!done() && (peek() == '@' || (any && peek() == ','))) {
      if (take('@')) {
        if (auto name = domain(); !name) return std::unexpected(name.error());
        any = true;
      } else {
        ++at_;
        if (auto blanks = skip(); !blanks) return blanks;
      }
    }
    if (any && !take(':')) return error("a route does not end with a colon");
    return {};
  }

  /// address = mailbox / group
  Result<void> element() {
    auto start = words();
    if (!start) return std::unexpected(start.error());
    if (!done() && peek() == '@') return rest_of_address(std::move(*start), {});
    if (!done() && peek() == '<') return angle(std::move(start->phrase));
    if (!done() && peek() == ':' && start->any && group_.empty()) return group(std::move(start->phrase));
    return error(done() ? "an address ends without @" : "a character that cannot stand here");
  }

  Result<void> group(std::string name) {
    ++at_;
    group_ = name.empty() ? "\"\"" : std::move(name);
    while (true) {
      if (auto blanks = skip(); !blanks) return blanks;
      if (done()) return error("a group does not end with a semicolon");
      if (take(';')) break;
      if (take(',')) continue;
      if (auto one = element(); !one) return one;
      if (!done() && peek() != ',' && peek() != ';') return error("expected a comma between addresses");
    }
    group_.clear();
    return skip();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Mailbox> out_;
  std::string group_;
};

}  // namespace

std::string Mailbox::address() const {
  return (is_dot_atom(local_part) ? local_part : quoted(local_part)) + "@" + domain;
}

Result<std::vector<Mailbox>> parse_address_list(std::string_view body) {
  return Reader(body).list();
}

Result<Mailbox> parse_mailbox(std::string_view body) {
  auto list = parse_address_list(body);
  if (!list) return std::unexpected(list.error());
  if (list->size() != 1 || !list->front().group.empty()) return failure("Expected exactly one address");
  return std::move(list->front());
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto octet = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
    const auto lead = octet(i);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() - i < length) return false;
    const unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (octet(i + 1) < low || octet(i + 1) > high) return false;
    for (std::size_t k = 2; k < length; ++k)
      if ((octet(i + k) & 0xc0) != 0x80) return false;
    i += length;
  }
  return true;
}

}  // namespace ptarmigan::message
