// message/address.hpp - the addresses of From, Sender, Reply-To, To and Cc (RFC 5322#3.4, RFC 5322#4.4, RFC 6532#3.2,
// RFC 6854#2). Read: comments (nested), quoted strings, groups, obsolete routes and blanks, UTF-8. Refused: NUL and
// other controls, a bare CR or LF, invalid UTF-8 in an address, an unquoted `@` in a display name, anything left over.
// Encoded words (RFC 2047) are left as they are. Limits: max_mailboxes, max_comment_depth.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace ptarmigan::message {

inline constexpr std::size_t max_mailboxes = 10'000;
inline constexpr std::size_t max_comment_depth = 100;

struct Mailbox {
  /// Its words, one blank where blanks or comments were, quotes and escapes resolved; "" where there is none. Comments
  /// are not part of it.
  std::string display_name;
  /// Quotes and escapes resolved: `"a b"@example.com` has the local part `a b`.
  std::string local_part;
  /// As written, without comments, blanks and a final dot: "example.com", "[192.0.2.1]". Never empty.
  std::string domain;
  /// The group that it stands in; "" outside groups.
  std::string group = {};

  /// local-part@domain, the local part quoted where RFC 5322#3.4.1 needs it.
  [[nodiscard]] std::string address() const;
  friend bool operator==(const Mailbox&, const Mailbox&) = default;
};

/// The mailboxes of an address list, groups opened, in order. An empty group gives none; a list without any address or
/// group is an error. `body` is a field's body, folds and all.
[[nodiscard]] Result<std::vector<Mailbox>> parse_address_list(std::string_view body);
/// One mailbox, no group, no list (Sender).
[[nodiscard]] Result<Mailbox> parse_mailbox(std::string_view body);

/// True where every octet belongs to well-formed UTF-8 (RFC 3629#4).
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace ptarmigan::message
