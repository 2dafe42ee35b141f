// auth/authres/build.cpp - writing Authentication-Results; see authres.hpp.
#include <algorithm>

#include "auth/authres/authres.hpp"
#include "auth/authres/grammar.hpp"
#include "base/text.hpp"

namespace ptarmigan::authres {
namespace {

/// Lines are folded before they grow longer, where they can be (RFC 5322#2.1.1).
constexpr std::size_t wanted_line_length = 78;

bool is_keyword(std::string_view text) {
  return !text.empty() && text.size() <= 60 && text.front() != '-' && text.back() != '-' &&
         std::ranges::all_of(text, is_keyword_character);
}

/// dot-atom "@" domain, or "@" domain.
bool is_plain_address(std::string_view value) {
  const auto at = value.rfind('@');
  if (at == std::string_view::npos) return false;
  const auto is_dot_atom = [](std::string_view text, bool (*allowed)(char)) {
    return !text.empty() && text.front() != '.' && text.back() != '.' && text.find("..") == std::string_view::npos &&
           std::ranges::all_of(text, [&](char c) { return c == '.' || allowed(c); });
  };
  const auto local_part = value.substr(0, at);
  return (local_part.empty() || is_dot_atom(local_part, is_atext)) &&
         is_dot_atom(value.substr(at + 1), is_domain_character);
}

bool may_be_written(std::string_view value) {
  return !value.empty() && value.size() <= max_value_octets && std::ranges::all_of(value, is_printable_ascii);
}

/// Collects words and folds between them.
class Folded {
 public:
  explicit Folded(std::string first) : text_(std::move(first)), line_(text_.size()) {}
  void add(std::string_view word) {
    if (line_ + 1 + word.size() > wanted_line_length) return start_line(word);
    text_ += ' ';
    text_ += word;
    line_ += 1 + word.size();
  }
  void start_line(std::string_view word) {
    text_ += "\r\n\t";
    text_ += word;
    line_ = 8 + word.size();
  }
  void append(std::string_view text) {
    text_ += text;
    line_ += text.size();
  }
  std::string take() { return std::move(text_) + "\r\n"; }

 private:
  std::string text_;
  std::size_t line_;
};

void add_result(Folded& out, const MethodResult& result) {
  auto word = result.method;
  if (result.version != 1) word += "/" + std::to_string(result.version);
  out.append(";");
  out.start_line(word + "=" + result.result);
  if (const auto reason = encode_value(result.reason)) out.add("reason=" + *reason);
  for (const auto& property : result.properties) {
    if (!is_keyword(property.type) || !is_keyword(property.name)) continue;
    if (const auto value = encode_property_value(property.value))
      out.add(property.type + "." + property.name + "=" + *value);
  }
}

}  // namespace

std::optional<std::string_view> MethodResult::property(std::string_view type, std::string_view name) const {
  for (const auto& candidate : properties)
    if (iequals(candidate.type, type) && iequals(candidate.name, name)) return candidate.value;
  return std::nullopt;
}

std::optional<std::string> encode_value(std::string_view value) {
  if (!may_be_written(value)) return std::nullopt;
  if (std::ranges::all_of(value, is_token_character)) return std::string(value);
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::optional<std::string> encode_property_value(std::string_view value) {
  if (may_be_written(value) && is_plain_address(value)) return std::string(value);
  return encode_value(value);
}

Result<std::string> build(const Header& header) {
  const auto id = encode_value(header.authserv_id);
  if (!id) return failure("'" + printable(header.authserv_id, 80) + "' cannot be an authserv-id");
  Folded out(std::string(field_name) + ": " + *id);
  bool any = false;
  for (const auto& result : header.results) {
    if (!is_keyword(result.method) || !is_keyword(result.result)) continue;
    add_result(out, result);
    any = true;
  }
  if (!any) out.append("; none");
  return out.take();
}

}  // namespace ptarmigan::authres
