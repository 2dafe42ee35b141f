// smtp/server_commands.cpp - what the server machine (server_machine.hpp) answers to each command and each decision.
#include <algorithm>
#include <utility>

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "smtp/server_machine.hpp"

namespace ptarmigan::smtp {

using namespace server;  // NOLINT(google-build-using-namespace): this file is about nothing else

namespace {

constexpr EnhancedStatus ok{2, 0, 0};
constexpr EnhancedStatus bad_sequence{5, 5, 1};
constexpr EnhancedStatus bad_parameter{5, 5, 4};

/// The first parameter of MAIL that was not offered, or "".
std::string_view not_offered(const MailParameters& parameters, const Extensions& offered) {
  if (parameters.size && !offered.size) return "SIZE";
  if (parameters.body != BodyType::seven_bit && !offered.eight_bit_mime) return "BODY";
  if (parameters.body == BodyType::binary_mime && !offered.binary_mime) return "BODY=BINARYMIME";
  if (parameters.smtputf8 && !offered.smtputf8) return "SMTPUTF8";
  if (parameters.require_tls && !offered.require_tls) return "REQUIRETLS";
  if ((parameters.ret || parameters.envelope_id) && !offered.dsn) return "RET or ENVID";
  return "";
}

}  // namespace

bool ServerMachine::may_authenticate() const {
  return options_.auth != AuthUse::unavailable &&
         (session_.security == Security::tls || options_.auth_channel == AuthChannel::any);
}

Extensions ServerMachine::offered() const {
  if (!session_.esmtp) return {};
  Extensions out = options_.extensions;
  out.starttls = options_.tls != TlsUse::unavailable && session_.security == Security::plain;
  out.require_tls = out.require_tls && session_.security == Security::tls;
  out.binary_mime = out.binary_mime && out.chunking;
  if (may_authenticate()) {
    out.auth = options_.sasl_mechanisms;
    out.auth.insert(out.auth.end(), {"PLAIN", "LOGIN"});
  }
  return out;
}

void ServerMachine::handle(const Ehlo& command) {
  if (out_of_turn()) return;
  end_transaction();
  greeted_ = false;
  session_.ehlo_name = xclient_ehlo_.value_or(command.name);
  session_.esmtp = command.esmtp;
  ask(Stage::ehlo);
}

void ServerMachine::answer_ehlo(const std::string& words) {
  auto answer = offered().answer(words);
  if (session_.esmtp && options_.xclient == XclientUse::offered)
    answer.lines.emplace_back("XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT");
  reply(answer);
}

void ServerMachine::handle(const Mail& command) {
  if (!greeted_) return error(503, bad_sequence, "Say EHLO first");
  if (in_transaction_) return error(503, bad_sequence, "A sender is already given; RSET begins anew");
  if (options_.tls == TlsUse::required && session_.security == Security::plain)
    return error(530, {5, 7, 0}, "Say STARTTLS first");
  if (options_.auth == AuthUse::required && !session_.user) return error(530, {5, 7, 0}, "Authentication required");
  if (const auto name = not_offered(command.parameters, offered()); !name.empty())
    return error(555, bad_parameter, "Not offered: " + std::string(name));
  const auto limit = options_.extensions.size.value_or(0);
  if (limit != 0 && command.parameters.size.value_or(0) > limit)
    return error(552, {5, 3, 4}, "The message is larger than " + std::to_string(limit) + " octets");
  session_.envelope = {command.mail_from, command.parameters, {}};
  tried_recipients_ = 0;
  ask(Stage::mail);
}

void ServerMachine::handle(const Rcpt& command) {
  if (!in_transaction_ || chunking_) return error(503, bad_sequence, "Give a sender first: MAIL FROM");
  if ((command.recipient.notify || command.recipient.original) && !offered().dsn)
    return error(555, bad_parameter, "Not offered: NOTIFY or ORCPT");
  if (!command.recipient.path.mailbox.is_ascii() && !session_.envelope.parameters.smtputf8)
    return error(553, {5, 6, 7}, "An address that is not ASCII needs SMTPUTF8");
  if (tried_recipients_ >= options_.max_recipients) return reply(452, {4, 5, 3}, "Too many recipients");
  ++tried_recipients_;
  session_.envelope.recipients.push_back(command.recipient);
  ask(Stage::rcpt);
}

void ServerMachine::handle(const Data&) {
  if (!in_transaction_ || chunking_) return error(503, bad_sequence, "Give a sender first: MAIL FROM");
  if (session_.envelope.recipients.empty()) return error(554, bad_sequence, "No valid recipients");
  if (session_.envelope.parameters.body == BodyType::binary_mime)
    return error(503, bad_sequence, "BODY=BINARYMIME needs BDAT");
  if (out_of_turn()) return;
  ask(Stage::data);
}

void ServerMachine::handle(const Bdat& command) {
  // Where the octets that follow cannot be told from commands, nothing safe can follow.
  if (!offered().chunking) return close_with(503, bad_sequence, "BDAT was not offered; closing");
  const auto limit = options_.extensions.size.value_or(0);
  if (limit != 0 && command.size > limit - std::min(limit, session_.message_size))
    return close_with(552, {5, 3, 4}, "The message is larger than " + std::to_string(limit) + " octets; closing");
  chunk_left_ = command.size;
  chunk_last_ = command.last;
  if (chunking_) {
    mode_ = Mode::chunk;
    return;
  }
  const bool ready = in_transaction_ && !session_.envelope.recipients.empty();
  chunk_pending_ = ready;
  if (ready) return ask(Stage::data);
  start_message(Framing::counted);
  chunk_refusal_ = in_transaction_ ? Reply(554, bad_sequence, "No valid recipients")
                                   : Reply(503, bad_sequence, "Give a sender first: MAIL FROM");
}

void ServerMachine::handle(const Rset&) {
  end_transaction();
  reply(250, ok, "Forgotten");
}

void ServerMachine::handle(const Noop&) {
  reply(250, ok, "OK");
}

void ServerMachine::handle(const Quit&) {
  close_with(221, ok, options_.host_name + " Bye");
}

void ServerMachine::handle(const Vrfy& command) {
  if (trim(std::string_view(command.argument)).empty()) return error(501, bad_parameter, "Syntax: VRFY address");
  reply(252, {2, 5, 0}, "Not verified; send mail and see");
}

void ServerMachine::handle(const Expn&) {
  error(502, bad_sequence, "Not offered");
}

void ServerMachine::handle(const Help&) {
  reply(214, ok, "EHLO HELO MAIL RCPT DATA RSET NOOP QUIT VRFY HELP, and what EHLO offers");
}

void ServerMachine::handle(const StartTls&) {
  if (options_.tls == TlsUse::unavailable) return error(502, bad_sequence, "STARTTLS was not offered");
  if (session_.security == Security::tls) return error(503, bad_sequence, "TLS is already in use");
  if (!greeted_ || !session_.esmtp || in_transaction_)
    return error(503, bad_sequence, "STARTTLS comes after EHLO and before MAIL");
  if (out_of_turn()) return;
  reply(220, ok, "Ready to start TLS");
  next_ = Next::start_tls;
}

void ServerMachine::handle(const Auth& command) {
  if (options_.auth == AuthUse::unavailable) return error(502, bad_sequence, "AUTH was not offered");
  if (!may_authenticate()) return error(538, {5, 7, 11}, "Encryption required: say STARTTLS first");
  if (!greeted_ || !session_.esmtp || in_transaction_ || session_.user)
    return error(503, bad_sequence, "AUTH comes once, after EHLO and before MAIL");
  if (out_of_turn()) return;
  const auto response = command.response.value_or("");
  credentials_ = {};
  if (command.mechanism == "PLAIN") {
    if (!response.empty()) return check_plain(response);
    mode_ = Mode::auth_plain;
    return reply(Reply(334, ""));
  }
  if (std::ranges::find(options_.sasl_mechanisms, command.mechanism) != options_.sasl_mechanisms.end()) {
    sasl_ = {.mechanism = command.mechanism, .message = {}, .first = true};
    mode_ = Mode::sasl;
    // "=" is an initial response of no octets (RFC 4954#4).
    if (!response.empty()) return handle_auth_line(response == "=" ? "" : response);
    return reply(Reply(334, ""));
  }
  if (command.mechanism != "LOGIN") return error(504, bad_parameter, "Mechanism not offered");
  mode_ = Mode::auth_login_user;
  if (!response.empty()) return handle_auth_line(response);
  reply(Reply(334, std::string(login_user_prompt)));
}

void ServerMachine::handle_auth_line(std::string_view line) {
  const Mode mode = std::exchange(mode_, Mode::command);
  if (out_of_turn()) return;
  if (line == "*") return error(501, {5, 7, 0}, "Authentication cancelled");
  if (mode == Mode::auth_plain) return check_plain(line);
  if (mode == Mode::sasl) return take_sasl(line);
  auto text = base64_decode(line);
  if (!text || text->empty()) return error(501, {5, 5, 2}, "Not base64");
  if (mode == Mode::auth_login_user) {
    credentials_.user = std::move(*text);
    mode_ = Mode::auth_login_password;
    return reply(Reply(334, std::string(login_password_prompt)));
  }
  credentials_.password = Secret(*text);
  wipe(*text);
  next_ = Next::check_credentials;
}

void ServerMachine::check_plain(std::string_view base64) {
  auto credentials = PlainCredentials::decode(base64);
  if (!credentials) return error(501, {5, 5, 2}, "Malformed credentials");
  credentials_ = std::move(*credentials);
  next_ = Next::check_credentials;
}

void ServerMachine::take_sasl(std::string_view base64) {
  auto message = base64_decode(base64);
  if (!message) return error(501, {5, 5, 2}, "Not base64");
  sasl_.message = *std::move(message);
  next_ = Next::sasl;
}

void ServerMachine::refuse_credentials() {
  if (++refused_credentials_ >= options_.max_refused_credentials)
    return close_with(421, {4, 7, 0}, options_.host_name + " Too many wrong credentials, closing");
  error(535, {5, 7, 8}, "Wrong credentials");
}

void ServerMachine::on(const CredentialsChecked& event) {
  switch (event.verdict) {
    case CredentialsVerdict::accepted:
      session_.user = std::exchange(user_, {});
      return reply(235, {2, 7, 0}, "Authenticated");
    case CredentialsVerdict::refused: return refuse_credentials();
    case CredentialsVerdict::unavailable: return reply(454, {4, 7, 0}, "Credentials cannot be checked now");
  }
}

void ServerMachine::on(const SaslAnswered& event) {
  switch (event.verdict) {
    case SaslVerdict::challenge: mode_ = Mode::sasl; return reply(Reply(334, base64_encode(event.challenge)));
    case SaslVerdict::accepted: session_.user = event.user; return reply(235, {2, 7, 0}, "Authenticated");
    case SaslVerdict::refused: return refuse_credentials();
    case SaslVerdict::malformed: return error(501, {5, 5, 2}, "Malformed credentials");
    case SaslVerdict::unavailable: return reply(454, {4, 7, 0}, "Credentials cannot be checked now");
  }
}

/// The session begins anew, as if this client had connected; the front end stays trusted and may say XCLIENT again.
void ServerMachine::handle(const Xclient& command) {
  if (options_.xclient == XclientUse::unavailable) return error(550, {5, 7, 0}, "XCLIENT is for trusted peers");
  if (in_transaction_) return error(503, bad_sequence, "XCLIENT comes before MAIL");
  if (out_of_turn()) return;
  end_transaction();
  greeted_ = false;
  if (command.address) session_.client = command.address;
  session_.user = command.login;
  if (command.ehlo_name) xclient_ehlo_ = command.ehlo_name;
  ask(Stage::connect);
}

void ServerMachine::decided(Stage stage, const std::optional<Reply>& answer) {
  const bool go_on = !answer || answer->code < 400;
  switch (stage) {
    case Stage::connect:
      refused_ = !go_on;
      reply(answer ? *answer : Reply(220, options_.host_name + ' ' + options_.greeting));
      break;
    case Stage::ehlo:
      greeted_ = go_on;
      if (!go_on) return reply(*answer);
      // A reply that goes on gives the words of the first line; the extensions follow.
      answer_ehlo(answer ? answer->words() : options_.host_name + " greets " + session_.ehlo_name);
      break;
    case Stage::mail:
      in_transaction_ = go_on;
      if (!go_on) session_.envelope = {};
      reply(answer ? *answer : Reply(250, {2, 1, 0}, "Sender OK"));
      break;
    case Stage::rcpt:
      if (!go_on) session_.envelope.recipients.pop_back();
      reply(answer ? *answer : Reply(250, {2, 1, 5}, "Recipient OK"));
      break;
    case Stage::data:
      if (chunk_pending_) {
        chunk_pending_ = false;
        start_message(Framing::counted);
        if (!go_on) chunk_refusal_ = answer;
        break;
      }
      if (go_on)
        start_message(Framing::dot);
      else
        end_transaction();
      reply(go_on ? Reply(354, "Go on; end with <CRLF>.<CRLF>") : *answer);
      break;
    case Stage::end_of_data:
      keeping_ = false;
      if (go_on) {
        ++session_.messages;
        idle_commands_ = 0;
      }
      end_transaction();
      reply(answer ? *answer : Reply(250, ok, "Message accepted"));
      break;
    case Stage::starttls:
    case Stage::auth: break;  // never asked
  }
}

}  // namespace ptarmigan::smtp
