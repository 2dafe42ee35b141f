// auth/authres/authres.hpp - Authentication-Results: build, parse, and find forged ones (RFC 8601#2.2, RFC 8601#5).
// Every value that is written goes through encode_value(), the only door: no CR, LF, NUL or other control passes.
// Limits: max_value_octets in what is built; max_results, max_properties and max_comment_depth in what is parsed.
// Threads: free functions on values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "message/header.hpp"

namespace ptarmigan::authres {

inline constexpr std::string_view field_name = "Authentication-Results";
inline constexpr std::size_t max_value_octets = 400;
inline constexpr std::size_t max_results = 200;
inline constexpr std::size_t max_properties = 200;
inline constexpr std::size_t max_comment_depth = 100;

/// "smtp.mailfrom=user@example.com": type "smtp", name "mailfrom". Type and name are lower-case.
struct Property {
  std::string type;
  std::string name;
  std::string value;
  friend bool operator==(const Property&, const Property&) = default;
};

/// One resinfo: "spf=pass reason="..." smtp.mailfrom=user@example.com". Method and result are lower-case.
struct MethodResult {
  std::string method;
  std::string result;
  std::string reason = {};
  std::vector<Property> properties = {};
  unsigned version = 1;

  /// The first value of "type.name"; nothing where there is none.
  [[nodiscard]] std::optional<std::string_view> property(std::string_view type, std::string_view name) const;
  friend bool operator==(const MethodResult&, const MethodResult&) = default;
};

struct Header {
  /// Who evaluated; "" only where a tolerant parser found none.
  std::string authserv_id;
  /// Empty: "none", no authentication was done.
  std::vector<MethodResult> results = {};
  /// As read; what is built is version 1.
  unsigned version = 1;
  friend bool operator==(const Header&, const Header&) = default;
};

/// `value` as a token or, where it needs one, a quoted-string (RFC 2045#5.1); nothing where it holds anything but
/// visible ASCII and spaces, or is longer than max_value_octets.
[[nodiscard]] std::optional<std::string> encode_value(std::string_view value);
/// As encode_value, and an address or "@domain" may stand without quotes (RFC 8601#2.2, pvalue).
[[nodiscard]] std::optional<std::string> encode_property_value(std::string_view value);

/// The whole field, folded, with its name and final CRLF. A property or reason whose value cannot be encoded is left
/// out, and so is a result whose method or result is no keyword. An error where the authserv-id cannot be encoded.
[[nodiscard]] Result<std::string> build(const Header& header);

enum class Strictness : std::uint8_t {
  strict,    ///< RFC 8601#2.2, to the letter
  tolerant,  ///< and what is seen in the wild: no authserv-id, unquoted values, properties without type, a final
             ///< semicolon
};

/// `body` is what follows the colon, folds and all. Comments are dropped. Unknown methods, types and properties are
/// kept.
[[nodiscard]] Result<Header> parse(std::string_view body, Strictness strictness);

/// True where the field claims to be from `authserv_id`, and where no one can tell who it is from: comments, quotes,
/// case and the version after the id make no difference.
[[nodiscard]] bool claims(std::string_view body, std::string_view authserv_id);

/// The Authentication-Results fields that a border server must remove from mail that comes in (RFC 8601#5): those that
/// claim to be its own. Indices into header.fields(), from the bottom up, so that removing in this order keeps the rest
/// valid.
[[nodiscard]] std::vector<std::size_t> forged_fields(const message::HeaderSection& header,
                                                     std::string_view authserv_id);

}  // namespace ptarmigan::authres
