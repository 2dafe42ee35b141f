// auth/authres/grammar.hpp - the character classes of Authentication-Results (RFC 8601#2.2).
#pragma once

#include <string_view>

#include "base/text.hpp"

namespace ptarmigan::authres {

/// token of RFC 2045#5.1.
constexpr bool is_token_character(char c) {
  return is_printable_ascii(c) && c != ' ' && std::string_view("()<>@,;:\\\"/[]?=").find(c) == std::string_view::npos;
}
/// RFC 5322#3.2.3.
constexpr bool is_atext(char c) {
  return is_alnum(c) ||
         (is_printable_ascii(c) && std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos);
}
constexpr bool is_domain_character(char c) {
  return is_alnum(c) || c == '-' || c == '_';
}
/// Keyword of RFC 5321#4.1.2, and the underscore that some methods carry.
constexpr bool is_keyword_character(char c) {
  return is_alnum(c) || c == '-' || c == '_';
}
/// UTF-8 in an internationalised header (RFC 6532#3.1).
constexpr bool is_8_bit(char c) {
  return (static_cast<unsigned char>(c) & 0x80) != 0;
}

}  // namespace ptarmigan::authres
