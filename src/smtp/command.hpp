// smtp/command.hpp - one SMTP command line as a value: RFC 5321#4.1, with BDAT (RFC 3030#2), STARTTLS (RFC 3207#4),
// AUTH (RFC 4954#4), XCLIENT (a Postfix extension) and the parameters of MAIL and RCPT (envelope.hpp). Strict: what is
// wrong comes back as the reply to send. Whether an extension was offered is for the session to know, not for this
// file. Threads: free functions on values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/ip_address.hpp"
#include "smtp/envelope.hpp"
#include "smtp/reply.hpp"

namespace ptarmigan::smtp {

/// 512 octets (RFC 5321#4.5.3.1.4), and what the extensions add: SIZE 26, BODY 17, AUTH 500, DSN 500 and more.
constexpr std::size_t max_command_line = 2048;
constexpr std::size_t max_envelope_id = 100;         ///< RFC 3461#4.4, as encoded
constexpr std::size_t max_original_recipient = 500;  ///< RFC 3461#4.2, as encoded

struct Ehlo {
  std::string name;   ///< domain or address literal as written; an underscore is let through, as many clients have one
  bool esmtp = true;  ///< false for HELO
};
struct Mail {
  ReversePath mail_from;
  MailParameters parameters;
};
struct Rcpt {
  Recipient recipient;
};
struct Data {};
struct Bdat {
  std::uint64_t size = 0;
  bool last = false;
};
struct Rset {};
struct Noop {};
struct Quit {};
struct Vrfy {
  std::string argument;
};
struct Expn {};
struct Help {};
struct StartTls {};
struct Auth {
  std::string mechanism;                ///< upper case
  std::optional<std::string> response;  ///< initial response, still in base64; "=" stands for an empty one
};

/// What a trusted front end says of the client behind it (https://www.postfix.org/XCLIENT_README.html). Absent: not
/// said, or not known to the front end.
struct Xclient {
  std::optional<IpAddress> address = {};
  std::optional<std::string> ehlo_name = {};
  std::optional<std::string> login = {};
};

using Command = std::variant<Ehlo, Mail, Rcpt, Data, Bdat, Rset, Noop, Quit, Vrfy, Expn, Help, StartTls, Auth, Xclient>;

/// `line` without its CRLF. On failure the reply to send (500, 501, 553 or 555). A MAIL address that is not ASCII needs
/// the SMTPUTF8 parameter; for RCPT see Recipient::path.mailbox.is_ascii().
[[nodiscard]] std::expected<Command, Reply> parse_command(std::string_view line);

/// MAIL and RCPT as a client sends them, with CRLF: every parameter that is set is printed.
[[nodiscard]] std::string mail_line(const ReversePath& mail_from, const MailParameters& parameters);
[[nodiscard]] std::string rcpt_line(const Recipient& recipient);

/// xtext of RFC 3461#4: "+3D" for '='.
[[nodiscard]] std::string xtext_encode(std::string_view text);
[[nodiscard]] std::optional<std::string> xtext_decode(std::string_view text);

}  // namespace ptarmigan::smtp
