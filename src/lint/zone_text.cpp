// lint/zone_text.cpp - see zone_text.hpp.
#include "lint/zone_text.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace ptarmigan::lint {
namespace {

constexpr std::array<std::string_view, 17> types{"A",   "AAAA", "NS",   "SOA", "MX",    "TXT",  "PTR",   "CNAME", "SPF",
                                                 "SRV", "CAA",  "TLSA", "DS",  "DNAME", "SVCB", "HTTPS", "NAPTR"};

bool is_class(std::string_view word) {
  return iequals(word, "IN") || iequals(word, "CH") || iequals(word, "HS");
}
bool is_ttl(std::string_view word) {
  return !word.empty() && is_digit(word.front()) &&
         std::ranges::all_of(word, [](char c) { return is_digit(c) || std::string_view("smhdwSMHDW").contains(c); });
}

/// One entry's tokens: over several lines within parentheses.
struct Entry {
  std::vector<ZoneToken> tokens;
  bool begins_with_blank = false;
  std::string_view comment;
};

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  bool done() const { return at_ >= text_.size(); }

  Entry next() {
    Entry out;
    out.begins_with_blank = is_wsp(text_[at_]);
    int depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\n') {
        ++at_;
        if (depth == 0) break;
      } else if (c == ';') {
        const auto end = std::min(text_.find('\n', at_), text_.size());
        out.comment = text_.substr(at_ + 1, end - at_ - 1);
        at_ = end;
      } else if (c == '(' || c == ')') {
        depth = std::max(0, depth + (c == '(' ? 1 : -1));
        ++at_;
      } else if (is_wsp(c) || c == '\r') {
        ++at_;
      } else {
        out.tokens.push_back(token());
      }
    }
    return out;
  }

 private:
  ZoneToken token() {
    const auto begin = at_;
    const bool quoted = text_[at_] == '"';
    if (quoted) ++at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n') {
        at_ += 2;
        continue;
      }
      if (c == '\n' || c == '\r') break;
      if (quoted && c == '"') {
        ++at_;
        break;
      }
      if (!quoted && (is_wsp(c) || c == ';' || c == '(' || c == ')' || c == '"')) break;
      ++at_;
    }
    return {text_.substr(begin, at_ - begin), quoted};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string bare(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return to_lower(name);
}

}  // namespace

std::vector<ZoneEntry> parse_zone_text(std::string_view text, std::string_view first_origin) {
  std::vector<ZoneEntry> out;
  std::string origin = bare(first_origin);
  std::string owner;
  bool complete = false;
  Scanner scanner(text);
  while (!scanner.done()) {
    const auto entry = scanner.next();
    const auto& tokens = entry.tokens;
    if (tokens.empty()) continue;
    if (iequals(tokens[0].text, "$ORIGIN") && tokens.size() > 1) {
      const bool relative = !tokens[1].text.ends_with('.') && !origin.empty();
      origin = bare(tokens[1].text) + (relative ? "." + origin : "");
      continue;
    }
    if (tokens[0].text.starts_with('$')) continue;
    const auto is_type = [](std::string_view word) { return std::ranges::find(types, to_upper(word)) != types.end(); };
    std::size_t at = entry.begins_with_blank ? 0 : 1;
    // Indented snippets: the first word is an owner where it cannot be TTL, class or type.
    if (at == 0 && !is_type(tokens[0].text) && !is_class(tokens[0].text) && !is_ttl(tokens[0].text)) at = 1;
    ZoneEntry record;
    if (at == 1) {
      record.owner_text = tokens[0].text;
      complete = record.owner_text.ends_with('.') || !origin.empty();
      owner = bare(record.owner_text);
      if (record.owner_text == "@")
        owner = origin.empty() ? "@" : origin;
      else if (!record.owner_text.ends_with('.') && !origin.empty())
        owner += "." + origin;
    }
    while (at < tokens.size() && (is_ttl(tokens[at].text) || is_class(tokens[at].text))) ++at;
    if (at >= tokens.size() || !is_type(tokens[at].text)) continue;
    record.owner = owner;
    record.owner_is_complete = complete;
    record.origin = origin;
    record.type = to_upper(tokens[at].text);
    record.type_text = tokens[at].text;
    record.data.assign(tokens.begin() + static_cast<std::ptrdiff_t>(at) + 1, tokens.end());
    if (record.data.empty()) continue;
    const auto& last = tokens.back().text;
    record.line = {tokens[0].text.data(), static_cast<std::size_t>(last.data() + last.size() - tokens[0].text.data())};
    record.comment = entry.comment;
    out.push_back(std::move(record));
  }
  return out;
}

}  // namespace ptarmigan::lint
