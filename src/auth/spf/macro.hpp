// auth/spf/macro.hpp - SPF macros: syntax and expansion (RFC 7208#7).
// Syntax is checked once, when a record is parsed; what a macro expands to is never checked as syntax (RFC 7208#7.1).
// Internationalised mail: domains are expanded as A-labels, and a local-part that is not ASCII makes every term that
// uses it fail to match (RFC 8616#4): the caller asks uses_local_part(). Threads: free functions on values.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ip_address.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "dns/name.hpp"

namespace ptarmigan::spf {

/// Good where `text` is a macro-string; the letters c, r and t are allowed (RFC 7208#7.2: explanation text).
[[nodiscard]] ptarmigan::Result<> check_macro_string(std::string_view text);
/// Good where `text` is an explanation text: macro-strings and blanks (RFC 7208#12, explain-string).
[[nodiscard]] ptarmigan::Result<> check_explanation(std::string_view text);
/// Good where `text` is a domain-spec: a macro-string without c, r and t that ends in a macro or in "." toplabel.
[[nodiscard]] ptarmigan::Result<> check_domain_spec(std::string_view text);

/// True where a macro with this letter, in either case, stands in `text`, whose syntax is good.
[[nodiscard]] bool uses_macro(std::string_view text, char letter);
/// True where %{l} or %{s} stands in `text`.
[[nodiscard]] bool uses_local_part(std::string_view text);

/// What the letters stand for (RFC 7208#7.2). Views must outlive the expansion.
struct MacroValues {
  std::string_view local_part;     ///< l; and s with o
  std::string_view sender_domain;  ///< o
  std::string_view domain;         ///< d: the domain under evaluation
  IpAddress client;                ///< i, c, v
  std::string_view helo;           ///< h
  std::string_view validated;      ///< p: "unknown" where no name is validated
  std::string_view receiver;       ///< r
  std::optional<WallTime> now;     ///< t: expands to 0 without
};

/// The expansion of `text`, whose syntax is good. Any octet of the values may stand in it.
[[nodiscard]] std::string expand(std::string_view text, const MacroValues& values);

/// The name that an expanded domain-spec asks for: labels are cut from the left until at most 253 octets are left (RFC
/// 7208#7.3). An error where it is no domain name, as with an empty label.
[[nodiscard]] ptarmigan::Result<dns::DomainName> target_name(std::string_view expanded);

}  // namespace ptarmigan::spf
