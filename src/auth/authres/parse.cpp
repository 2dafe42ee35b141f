// auth/authres/parse.cpp - reading Authentication-Results; see authres.hpp.
#include <algorithm>

#include "auth/authres/authres.hpp"
#include "auth/authres/grammar.hpp"
#include "base/text.hpp"
#include "dns/name.hpp"

namespace ptarmigan::authres {
namespace {

bool is_blank(char c) {
  return is_wsp(c) || c == '\r' || c == '\n';
}

/// Walks over one body; every step moves forward, so the time is linear in its length.
class Scanner {
 public:
  explicit Scanner(std::string_view body) : rest_(body) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] bool at(char c) const { return !rest_.empty() && rest_.front() == c; }
  bool take(char c) {
    if (!at(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// Blanks, folds and comments; false where a comment does not end or nests too deep.
  bool skip_cfws() {
    while (!rest_.empty()) {
      if (is_blank(rest_.front())) {
        rest_.remove_prefix(1);
      } else if (rest_.front() == '(') {
        if (!skip_comment()) return false;
      } else {
        break;
      }
    }
    return true;
  }
  template <typename Allowed>
  std::string_view run(Allowed allowed) {
    const auto end = static_cast<std::size_t>(std::ranges::find_if_not(rest_, allowed) - rest_.begin());
    const auto taken = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return taken;
  }
  /// After the opening quote; nothing where it does not end.
  std::optional<std::string> quoted_rest() {
    std::string out;
    while (!rest_.empty()) {
      char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return out;
      if (c == '\r' || c == '\n') continue;  // a fold is no part of the value
      if (c == '\\') {
        if (rest_.empty()) return std::nullopt;
        c = rest_.front();
        rest_.remove_prefix(1);
      }
      out += c;
    }
    return std::nullopt;
  }
  /// token or quoted-string.
  std::optional<std::string> value() {
    if (take('"')) return quoted_rest();
    const auto token = run([](char c) { return is_token_character(c) || is_8_bit(c); });
    if (token.empty()) return std::nullopt;
    return std::string(token);
  }
  [[nodiscard]] std::string_view rest() const { return rest_; }
  void restore(std::string_view rest) { rest_ = rest; }

 private:
  bool skip_comment() {
    std::size_t depth = 0;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '(') {
        if (++depth > max_comment_depth) return false;
      } else if (c == ')') {
        if (--depth == 0) return true;
      } else if (c == '\\' && !rest_.empty()) {
        rest_.remove_prefix(1);
      }
    }
    return false;
  }

  std::string_view rest_;
};

class Parser {
 public:
  Parser(std::string_view body, Strictness strictness)
      : scanner_(body), tolerant_(strictness == Strictness::tolerant) {}

  Result<Header> parse() {
    if (!skip()) return wrong();
    if (!read_authserv_id()) return wrong();
    while (!scanner_.at_end()) {
      // Without an authserv-id there is no semicolon in front of the first result either.
      const bool may_lack_semicolon = tolerant_ && header_.authserv_id.empty() && header_.results.empty() && !none_;
      if (!scanner_.take(';') && !may_lack_semicolon) return wrong("a semicolon is missing");
      if (!skip()) return wrong();
      if (tolerant_ && (scanner_.at_end() || scanner_.at(';'))) continue;
      if (!read_result()) return wrong();
      if (header_.results.size() > max_results) return wrong("there are too many results");
    }
    if (tolerant_ || none_ || !header_.results.empty()) return std::move(header_);
    return wrong("there is no result");
  }

 private:
  std::unexpected<Error> wrong(std::string_view why = {}) {
    return failure("the Authentication-Results field cannot be read: " + std::string(why.empty() ? problem_ : why));
  }
  bool fail(std::string_view why) {
    problem_ = why;
    return false;
  }
  bool skip() { return scanner_.skip_cfws() || fail("a comment does not end"); }

  bool read_authserv_id() {
    const auto start = scanner_.rest();
    auto id = scanner_.value();
    if (!id || id->empty()) {
      scanner_.restore(start);
      return tolerant_ || fail("the authserv-id is missing");
    }
    if (!skip()) return false;
    if (tolerant_ && (scanner_.at('=') || scanner_.at('/'))) {  // it was the first method
      scanner_.restore(start);
      return true;
    }
    header_.authserv_id = *std::move(id);
    const auto digits = scanner_.run(is_digit);
    if (!digits.empty()) {
      const auto version = parse_number<unsigned>(digits);
      if (!version || (!tolerant_ && *version != 1)) return fail("the version is not 1");
      header_.version = *version;
    }
    return skip();
  }

  /// After the semicolon and blanks.
  bool read_result() {
    MethodResult result;
    result.method = to_lower(scanner_.run(is_keyword_character));
    if (result.method.empty()) return fail("a method is missing");
    if (!skip()) return false;
    if (result.method == "none" && (scanner_.at_end() || scanner_.at(';'))) {
      if (!tolerant_ && (none_ || !header_.results.empty())) return fail("'none' does not stand alone");
      none_ = true;
      return true;
    }
    if (none_ && !tolerant_) return fail("'none' does not stand alone");
    if (scanner_.take('/') && !read_version(result)) return false;
    if (!skip()) return false;
    if (!scanner_.take('=')) return fail("'=' is missing after a method");
    if (!skip()) return false;
    result.result = to_lower(scanner_.run(is_keyword_character));
    if (result.result.empty()) return fail("a method has no result");
    if (!read_properties(result)) return false;
    header_.results.push_back(std::move(result));
    return true;
  }

  bool read_version(MethodResult& result) {
    if (!skip()) return false;
    const auto version = parse_number<unsigned>(scanner_.run(is_digit));
    if (!version) return fail("a method's version is no number");
    result.version = *version;
    return true;
  }

  bool read_properties(MethodResult& result) {
    while (true) {
      if (!skip()) return false;
      if (scanner_.at_end() || scanner_.at(';')) return true;
      if (result.properties.size() == max_properties) return fail("a result has too many properties");
      auto word = to_lower(scanner_.run(is_keyword_character));
      if (word.empty()) return fail("a property is missing its name");
      if (!skip()) return false;
      if (scanner_.take('.')) {
        if (!read_property(result, std::move(word))) return false;
      } else if (!scanner_.take('=')) {
        return fail("a property is not type.name=value");
      } else if (!read_untyped(result, std::move(word))) {
        return false;
      }
    }
  }

  bool read_property(MethodResult& result, std::string type) {
    if (!skip()) return false;
    auto name = to_lower(scanner_.run(is_keyword_character));
    if (name.empty()) return fail("a property is missing its name");
    if (!skip()) return false;
    if (!scanner_.take('=')) return fail("a property is missing its value");
    if (!skip()) return false;
    auto value = property_value();
    if (!value) return fail("a property's value cannot be read");
    result.properties.push_back({std::move(type), std::move(name), *std::move(value)});
    return true;
  }

  /// reason=value, or what Microsoft 365 writes: action=none.
  bool read_untyped(MethodResult& result, std::string name) {
    if (!skip()) return false;
    auto value = tolerant_ ? property_value() : scanner_.value();
    if (!value) return fail("a value cannot be read");
    if (name == "reason") {
      if (!tolerant_ && (!result.reason.empty() || !result.properties.empty()))
        return fail("a reason stands in the wrong place");
      result.reason = *std::move(value);
      return true;
    }
    if (!tolerant_) return fail("a property has no type");
    result.properties.push_back({"", std::move(name), *std::move(value)});
    return true;
  }

  /// value, or [ [ local-part ] "@" ] domain-name; tolerant: anything up to a blank or semicolon.
  std::optional<std::string> property_value() {
    if (scanner_.take('"')) {
      auto quoted = scanner_.quoted_rest();
      if (quoted && scanner_.at('@')) return joined_address('"' + *quoted + '"');
      return quoted;
    }
    if (tolerant_) {
      const auto plain = scanner_.run([](char c) { return !is_blank(c) && c != ';' && c != '('; });
      return std::string(plain);
    }
    const auto word = scanner_.run([](char c) { return is_token_character(c) || is_atext(c) || is_8_bit(c); });
    if (scanner_.at('@')) return joined_address(std::string(word));
    const bool token =
        !word.empty() && std::ranges::all_of(word, [](char c) { return is_token_character(c) || is_8_bit(c); });
    if (!token) return std::nullopt;
    return std::string(word);
  }
  std::optional<std::string> joined_address(const std::string& local_part) {
    scanner_.take('@');
    const auto domain = scanner_.run([](char c) { return is_domain_character(c) || c == '.' || is_8_bit(c); });
    if (domain.empty()) return std::nullopt;
    return local_part + "@" + std::string(domain);
  }

  Scanner scanner_;
  bool tolerant_;
  bool none_ = false;
  std::string_view problem_ = "it is malformed";
  Header header_;
};

/// Names equal as A-labels where both are names.
bool same_id(std::string_view a, std::string_view b) {
  if (iequals(a, b)) return true;
  const auto x = dns::DomainName::from_unicode(a);
  const auto y = dns::DomainName::from_unicode(b);
  return x && y && *x == *y;
}

}  // namespace

Result<Header> parse(std::string_view body, Strictness strictness) {
  return Parser(body, strictness).parse();
}

bool claims(std::string_view body, std::string_view authserv_id) {
  Scanner scanner(body);
  if (!scanner.skip_cfws()) return true;
  const auto id = scanner.value();
  return !id || same_id(*id, authserv_id);
}

std::vector<std::size_t> forged_fields(const message::HeaderSection& header, std::string_view authserv_id) {
  std::vector<std::size_t> found;
  for (std::size_t i = header.fields().size(); i-- > 0;) {
    const auto& field = header.fields()[i];
    if (field.is(field_name) && claims(field.body, authserv_id)) found.push_back(i);
  }
  return found;
}

}  // namespace ptarmigan::authres
