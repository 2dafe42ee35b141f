// reports/encode.hpp - the one way in which foreign text gets into a report: no CR, LF or NUL passes, no line is too
// long. RFC 5322#2.1.1 (998 octets a line), RFC 5322#2.2.3 (folding), RFC 2045#6.7 (quoted-printable), RFC 3461#4
// (xtext), RFC 6533#3 (addresses beyond ASCII). Threads: free functions on values.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ptarmigan::reports {

inline constexpr std::size_t max_line = 998;          ///< octets without CRLF
inline constexpr std::size_t max_field_value = 4000;  ///< octets of foreign text in one field; the rest is cut

/// "Name: value" CRLF, folded at blanks. The value becomes printable ASCII: CR, LF and TAB are blanks, other octets
/// \xHH.
[[nodiscard]] std::string field(std::string_view name, std::string_view value);
/// The same for a header of a message that may carry UTF-8 (RFC 6532): octets above 0x7f of valid UTF-8 stay.
[[nodiscard]] std::string utf8_field(std::string_view name, std::string_view value);

/// Printable text in valid UTF-8, without line ends: controls become blanks, octets that are not UTF-8 \xHH.
[[nodiscard]] std::string one_line(std::string_view text);

[[nodiscard]] bool is_ascii(std::string_view text);
/// Printable ASCII or LF-free UTF-8 in lines of at most 998 octets, each ended by CRLF, with no other CR, LF or NUL.
[[nodiscard]] bool is_wire_text(std::string_view text);

/// Any octets, CRLF as line end, as lines of at most 76 characters.
[[nodiscard]] std::string quoted_printable(std::string_view text);

/// "a+2Bb" as "a+b"; what is not xtext comes back as it is.
[[nodiscard]] std::string decode_xtext(std::string_view text);

/// "rfc822; user@example.com", or "utf-8; \x{4E2D}@example.com" for an address beyond ASCII.
[[nodiscard]] std::string typed_address(std::string_view address);

}  // namespace ptarmigan::reports
