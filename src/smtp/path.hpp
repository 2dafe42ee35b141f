// smtp/path.hpp - mailboxes and paths: RFC 5321#4.1.2 with address literals (RFC 5321#4.1.3), SMTPUTF8 (RFC 6531#3.3).
// A value holds the meaning: the local part without quoting, the domain in lower case. Source routes are read and
// dropped (RFC 5321#4.1.1.3). Limits: RFC 5321#4.5.3.1. Threads: values.
#pragma once

#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip_address.hpp"
#include "base/result.hpp"

namespace ptarmigan::smtp {

constexpr std::size_t max_local_part = 64;  ///< RFC 5321#4.5.3.1.1
constexpr std::size_t max_domain = 255;     ///< RFC 5321#4.5.3.1.2
constexpr std::size_t max_path = 256;       ///< RFC 5321#4.5.3.1.3, with the angle brackets
constexpr std::size_t max_label = 63;       ///< RFC 1035#2.3.4

/// Whether octets above 127 may stand in an address (well-formed UTF-8 only).
enum class Utf8 { refuse, allow };

struct Mailbox {
  std::string local_part;  ///< never empty, without quoting, no control characters
  std::string domain;      ///< lower-case name without final dot, or a literal: "[192.0.2.1]", "[IPv6:2001:db8::1]"

  /// "user@example.com", `"a b"@[192.0.2.1]`: no angle brackets, no display name.
  static Result<Mailbox> parse(std::string_view text, Utf8 utf8 = Utf8::allow);

  /// As it stands between angle brackets; the local part quoted only where it must be.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool is_ascii() const;
  /// The address of a domain that is a literal.
  [[nodiscard]] std::optional<IpAddress> literal() const;

  friend auto operator<=>(const Mailbox&, const Mailbox&) = default;
};

/// Where a message comes from (MAIL FROM): a mailbox, or nobody ("<>", as in a bounce).
struct ReversePath {
  std::optional<Mailbox> mailbox;

  /// With angle brackets.
  static Result<ReversePath> parse(std::string_view text, Utf8 utf8 = Utf8::allow);
  [[nodiscard]] bool is_null() const { return !mailbox; }
  /// "<user@example.com>" or "<>".
  [[nodiscard]] std::string text() const;

  friend auto operator<=>(const ReversePath&, const ReversePath&) = default;
};

/// Where a message goes (RCPT TO). "<postmaster>" alone is legal and has an empty domain.
struct ForwardPath {
  Mailbox mailbox;

  /// With angle brackets.
  static Result<ForwardPath> parse(std::string_view text, Utf8 utf8 = Utf8::allow);
  [[nodiscard]] bool is_bare_postmaster() const { return mailbox.domain.empty(); }
  [[nodiscard]] std::string text() const;

  friend auto operator<=>(const ForwardPath&, const ForwardPath&) = default;
};

/// Number of octets of the path that `text` begins with, from '<' to its '>' (which may also stand inside quotes);
/// nothing where there is none.
[[nodiscard]] std::optional<std::size_t> path_length(std::string_view text);

/// Domain of RFC 5321#4.1.2: letters, digits and hyphens in dotted labels, or UTF-8 labels where `utf8` allows them.
[[nodiscard]] bool is_domain(std::string_view text, Utf8 utf8 = Utf8::refuse);
/// The address in an address literal with its brackets.
[[nodiscard]] std::optional<IpAddress> parse_literal(std::string_view text);

[[nodiscard]] bool is_ascii(std::string_view text);
/// Well-formed UTF-8 (RFC 3629#4): no overlong form, no surrogate, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace ptarmigan::smtp
