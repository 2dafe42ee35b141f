// message/build.hpp - header fields written safely: the one door through which values reach a header (RFC 5322#2.2.3,
// RFC 2047#2). No value can end its field: CR, LF and NUL are errors. Lines are folded at blanks near 78 octets and
// never exceed 998. Time and identifiers are passed in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "message/address.hpp"

namespace ptarmigan::message {

/// Where a line should be folded (RFC 5322#2.1.1).
inline constexpr std::size_t fold_octets = 78;

/// "Name: value CRLF", folded at blanks of `value`. An error for a name that is not ftext, for CR, LF or NUL, and for a
/// value that cannot be folded to 998 octets.
[[nodiscard]] Result<std::string> header_field(std::string_view name, std::string_view value);

/// The value of From, To, Reply-To: `display <address>` separated by commas. The display name is quoted or encoded as
/// it needs. An error for an address that parse_address_list() would not give back.
[[nodiscard]] Result<std::string> address_list(const std::vector<Mailbox>& mailboxes);

/// Printable ASCII as it is, anything else as UTF-8 encoded words of at most 75 octets, separated by blanks (RFC
/// 2047#2). For unstructured fields (Subject) and display names.
[[nodiscard]] std::string encoded_text(std::string_view utf8);

/// "Date: Mon, 23 Nov 2026 17:52:03 +0000 CRLF".
[[nodiscard]] std::string date_field(WallTime time);
/// "Message-ID: <left@right> CRLF"; both parts dot-atoms (RFC 5322#3.6.4).
[[nodiscard]] Result<std::string> message_id_field(std::string_view left, std::string_view right);

}  // namespace ptarmigan::message
