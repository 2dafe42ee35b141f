// smtp/command_parameters.hpp - the parameters of MAIL and RCPT (envelope.hpp names the RFCs). For command.cpp.
#pragma once

#include <expected>
#include <string_view>

#include "smtp/envelope.hpp"
#include "smtp/reply.hpp"

namespace ptarmigan::smtp {

/// `text` is what follows the path: empty, or blanks and "KEYWORD[=value]" words. On failure the reply to send: 555 for
/// an unknown keyword (RFC 5321#4.1.1.11), 501 for a wrong value or a keyword given twice.
[[nodiscard]] std::expected<MailParameters, Reply> parse_mail_parameters(std::string_view text);
/// Fills `notify` and `original` of `recipient`.
[[nodiscard]] std::expected<void, Reply> parse_rcpt_parameters(std::string_view text, Recipient& recipient);

}  // namespace ptarmigan::smtp
