// smtp/command.cpp - see command.hpp. The parameters of MAIL and RCPT are in command_parameters.cpp.
#include "smtp/command.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "smtp/command_parameters.hpp"

namespace ptarmigan::smtp {
namespace {

using Parsed = std::expected<Command, Reply>;

std::unexpected<Reply> refuse(int code, EnhancedStatus status, std::string words) {
  return std::unexpected(Reply(code, status, std::move(words)));
}
std::unexpected<Reply> bad_arguments(std::string words) {
  return refuse(501, {5, 5, 4}, std::move(words));
}

bool is_ehlo_name(std::string_view name) {
  if (parse_literal(name)) return true;
  std::string tolerated(name);
  std::ranges::replace(tolerated, '_', 'x');
  return is_domain(tolerated);
}

Parsed parse_ehlo(std::string_view arguments, bool esmtp) {
  const auto name = trim(arguments, " ");
  if (name.empty()) return bad_arguments("Say who you are: EHLO mail.example.com");
  if (!is_ehlo_name(name)) return bad_arguments("The argument is no domain name and no address literal");
  return Ehlo{std::string(name), esmtp};
}

/// What stands behind "FROM:" or "TO:": the path, and the parameters.
struct PathAndParameters {
  std::string_view path;
  std::string_view parameters;
};

std::expected<PathAndParameters, Reply> cut_path(std::string_view arguments, std::string_view keyword) {
  const std::string verb = keyword == "FROM:" ? "MAIL FROM:" : "RCPT TO:";
  if (!istarts_with(arguments, keyword)) return bad_arguments("Syntax: " + verb + "<address>");
  arguments.remove_prefix(keyword.size());
  if (arguments.starts_with(' ')) return bad_arguments("No blank may follow the colon: " + verb + "<address>");
  const auto length = path_length(arguments);
  if (!length) return bad_arguments("The address must stand between '<' and '>': " + verb + "<address>");
  const auto rest = arguments.substr(*length);
  if (!rest.empty() && rest.front() != ' ') return bad_arguments("A blank must follow the '>'");
  return PathAndParameters{arguments.substr(0, *length), rest};
}

Parsed parse_mail(std::string_view arguments) {
  const auto cut = cut_path(arguments, "FROM:");
  if (!cut) return std::unexpected(cut.error());
  auto path = ReversePath::parse(cut->path);
  if (!path) return refuse(553, {5, 1, 7}, "The sender's address is wrong: " + path.error().message);
  auto parameters = parse_mail_parameters(cut->parameters);
  if (!parameters) return std::unexpected(parameters.error());
  if (path->mailbox && !path->mailbox->is_ascii() && !parameters->smtputf8)
    return refuse(553, {5, 6, 7}, "An address that is not ASCII needs SMTPUTF8");
  return Mail{std::move(*path), std::move(*parameters)};
}

Parsed parse_rcpt(std::string_view arguments) {
  const auto cut = cut_path(arguments, "TO:");
  if (!cut) return std::unexpected(cut.error());
  auto path = ForwardPath::parse(cut->path);
  if (!path) return refuse(553, {5, 1, 3}, "The recipient's address is wrong: " + path.error().message);
  Recipient recipient{std::move(*path), {}, {}};
  if (auto done = parse_rcpt_parameters(cut->parameters, recipient); !done) return std::unexpected(done.error());
  return Rcpt{std::move(recipient)};
}

Parsed parse_bdat(std::string_view arguments) {
  const auto words = split(trim(arguments, " "), ' ');
  const auto size = parse_number<std::uint64_t>(words.front());
  const bool last = words.size() == 2 && iequals(words[1], "LAST");
  if (!size || words.size() > 2 || (words.size() == 2 && !last)) return bad_arguments("Syntax: BDAT size [LAST]");
  return Bdat{*size, last};
}

Parsed parse_auth(std::string_view arguments) {
  const auto words = split(trim(arguments, " "), ' ');
  const auto is_mechanism_character = [](char c) { return is_alnum(c) || c == '-' || c == '_'; };
  if (words.front().empty() || words.size() > 2 || !std::ranges::all_of(words.front(), is_mechanism_character))
    return bad_arguments("Syntax: AUTH mechanism [initial-response]");
  Auth auth{to_upper(words.front()), {}};
  if (words.size() == 2) auth.response = std::string(words[1]);
  return auth;
}

Parsed parse_xclient(std::string_view arguments) {
  Xclient out;
  const auto words = split(trim(arguments, " "), ' ');
  for (const auto word : words) {
    const auto equals = word.find('=');
    if (equals == std::string_view::npos) return bad_arguments("Syntax: XCLIENT attribute=value");
    const auto name = word.substr(0, equals);
    const auto value = xtext_decode(word.substr(equals + 1));
    if (!value) return bad_arguments("The value of " + printable(name, 20) + " is no xtext");
    if (iequals(*value, "[UNAVAILABLE]") || iequals(*value, "[TEMPUNAVAIL]")) {
      // A client that the front end does not know is nobody; least of all the front end itself.
      if (iequals(name, "ADDR")) out.address = IpAddress();
      continue;
    }
    if (iequals(name, "ADDR")) {
      const auto address = IpAddress::parse(istarts_with(*value, "IPV6:") ? value->substr(5) : *value);
      if (!address) return bad_arguments("ADDR is no IP address");
      out.address = address->unmapped();
    } else if (iequals(name, "HELO")) {
      if (!is_ehlo_name(*value)) return bad_arguments("HELO is no domain name and no address literal");
      out.ehlo_name = *value;
    } else if (iequals(name, "LOGIN")) {
      if (value->empty() || !std::ranges::all_of(*value, is_printable_ascii)) return bad_arguments("LOGIN is no name");
      out.login = *value;
    } else if (!iequals(name, "NAME") && !iequals(name, "PORT") && !iequals(name, "PROTO") &&
               !iequals(name, "DESTADDR") && !iequals(name, "DESTPORT")) {
      return bad_arguments("Unknown attribute: " + printable(name, 20));
    }
  }
  return out;
}

template <typename T>
Parsed without_arguments(std::string_view arguments) {
  if (!trim(arguments, " ").empty()) return bad_arguments("This command has no arguments");
  return T{};
}

}  // namespace

std::expected<Command, Reply> parse_command(std::string_view line) {
  const auto blank = line.find(' ');
  const auto verb = to_upper(line.substr(0, blank));
  auto arguments = blank == std::string_view::npos ? std::string_view() : line.substr(blank + 1);
  if (verb == "EHLO") return parse_ehlo(arguments, true);
  if (verb == "HELO") return parse_ehlo(arguments, false);
  if (verb == "MAIL") return parse_mail(arguments);
  if (verb == "RCPT") return parse_rcpt(arguments);
  if (verb == "DATA") return without_arguments<Data>(arguments);
  if (verb == "BDAT") return parse_bdat(arguments);
  if (verb == "RSET") return without_arguments<Rset>(arguments);
  if (verb == "NOOP") return Noop{};
  if (verb == "QUIT") return without_arguments<Quit>(arguments);
  if (verb == "VRFY") return Vrfy{std::string(arguments)};
  if (verb == "EXPN") return Expn{};
  if (verb == "HELP") return Help{};
  if (verb == "STARTTLS") return without_arguments<StartTls>(arguments);
  if (verb == "AUTH") return parse_auth(arguments);
  if (verb == "XCLIENT") return parse_xclient(arguments);
  return refuse(500, {5, 5, 1}, "Command not recognized: " + printable(verb, 20));
}

std::string mail_line(const ReversePath& mail_from, const MailParameters& parameters) {
  std::string line = "MAIL FROM:" + mail_from.text();
  if (parameters.size) line += " SIZE=" + std::to_string(*parameters.size);
  if (parameters.body == BodyType::eight_bit_mime) line += " BODY=8BITMIME";
  if (parameters.body == BodyType::binary_mime) line += " BODY=BINARYMIME";
  if (parameters.smtputf8) line += " SMTPUTF8";
  if (parameters.require_tls) line += " REQUIRETLS";
  if (parameters.ret) line += *parameters.ret == Ret::full ? " RET=FULL" : " RET=HDRS";
  if (parameters.envelope_id) line += " ENVID=" + xtext_encode(*parameters.envelope_id);
  if (parameters.auth) line += " AUTH=" + xtext_encode(*parameters.auth);
  return line + "\r\n";
}

std::string rcpt_line(const Recipient& recipient) {
  std::string line = "RCPT TO:" + recipient.path.text();
  if (const auto& notify = recipient.notify) {
    std::vector<std::string> words;
    if (notify->success) words.emplace_back("SUCCESS");
    if (notify->failure) words.emplace_back("FAILURE");
    if (notify->delay) words.emplace_back("DELAY");
    line += " NOTIFY=" + (words.empty() ? std::string("NEVER") : join(words, ","));
  }
  if (const auto& original = recipient.original)
    line += " ORCPT=" + original->type + ';' + xtext_encode(original->address);
  return line + "\r\n";
}

}  // namespace ptarmigan::smtp
