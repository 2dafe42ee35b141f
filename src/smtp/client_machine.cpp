// smtp/client_machine.cpp - see client_machine.hpp: events, and the way to Ready. Transactions: client_transaction.cpp.
#include "smtp/client_machine.hpp"

#include <utility>

#include "base/encoding.hpp"

namespace ptarmigan::smtp {

using namespace client;  // NOLINT(google-build-using-namespace): this file is about nothing else

namespace {

constexpr std::size_t max_initial_response = 480;  // "AUTH PLAIN " and CRLF with it in 512 octets (RFC 4954#4)

}  // namespace

ClientMachine::ClientMachine(Options options) : options_(std::move(options)) {}

Action ClientMachine::step(const Event& event) {
  std::visit([this](const auto& value) { on(value); }, event);
  return run();
}

Action ClientMachine::run() {
  while (true) {
    if (!out_.empty()) {
      sent_.swap(out_);
      out_.clear();
      return Send{sent_};
    }
    if (std::exchange(report_, false)) return TransactionDone{};
    if (state_ == State::closed) return Close{};
    if (state_ == State::handshake) return Handshake{};
    if (state_ == State::body) return SendBody{};
    if (state_ == State::ready && !unasked_octets()) return Ready{};
    if (!take_reply()) return ReadMore{timeout()};
  }
}

bool ClientMachine::take_reply() {
  switch (parser_.feed(input_)) {
    case ReplyParser::State::incomplete:
      if (state_ == State::ready) fail(Problem::protocol);
      return state_ == State::closed;
    case ReplyParser::State::complete: handle(parser_.take()); return true;
    case ReplyParser::State::broken: fail(Problem::protocol); return true;
  }
  return true;
}

void ClientMachine::handle(Reply reply) {
  switch (state_) {
    case State::greeting:
      if (reply.code == 220)
        send(State::ehlo, "EHLO " + options_.ehlo_name);
      else if (reply.code >= 400)
        fail(std::move(reply));
      else
        fail(Problem::protocol);
      return;
    case State::ehlo:
    case State::helo: return handle_ehlo(reply);
    case State::starttls: return handle_starttls(reply);
    case State::auth_plain:
    case State::auth_login_user:
    case State::auth_login_password:
    case State::auth_scram_first:
    case State::auth_scram_final:
    case State::auth_token:
    case State::auth_token_sent:
    case State::auth_done: return handle_auth(reply);
    case State::transaction: return handle_transaction(std::move(reply));
    case State::end_of_data: return handle_end_of_data(std::move(reply));
    case State::empty_body: return reply.code == 421 ? fail(std::move(reply)) : finish();
    case State::quit: state_ = State::closed; return;
    case State::ready:  // nobody asked: a server that closes says 421, anything else is out of turn
    case State::handshake:
    case State::body:
    case State::closed: return reply.code == 421 ? fail(std::move(reply)) : fail(Problem::protocol);
  }
}

void ClientMachine::handle_ehlo(const Reply& reply) {
  if (reply.positive()) {
    extensions_ = state_ == State::ehlo ? Extensions::parse(reply) : Extensions{};
    return after_ehlo();
  }
  // RFC 5321#3.2: a server that knows no EHLO. What only EHLO can offer must then not be needed.
  const bool unknown = reply.code == 500 || reply.code == 502;
  const bool may_do_without = options_.tls != TlsUse::required && !options_.credentials;
  if (state_ == State::ehlo && unknown && may_do_without) return send(State::helo, "HELO " + options_.ehlo_name);
  if (reply.code < 400) return fail(Problem::protocol);
  fail(reply);
}

void ClientMachine::after_ehlo() {
  if (security_ == Security::tls || options_.tls == TlsUse::none) return start_auth();
  if (extensions_.starttls) return send(State::starttls, "STARTTLS");
  if (options_.tls == TlsUse::opportunistic) return start_auth();
  state_ = State::starttls;
  fail(Problem::tls_not_offered);
}

void ClientMachine::handle_starttls(const Reply& reply) {
  if (reply.code == 220) {
    // Plain octets behind the 220 would be read as if they had come through TLS.
    if (unasked_octets()) return fail(Problem::protocol);
    state_ = State::handshake;
  } else if (reply.code < 400) {
    fail(Problem::protocol);
  } else if (options_.tls == TlsUse::required || reply.code == 421) {
    fail(reply);
  } else {
    start_auth();
  }
}

void ClientMachine::start_auth() {
  if (!options_.credentials) {
    state_ = State::ready;
    return;
  }
  state_ = State::auth_done;
  if (security_ == Security::plain && options_.auth_channel == AuthChannel::tls_only)
    return fail(Problem::auth_needs_tls);
  if (may_use(SaslMechanism::scram_sha_256, "SCRAM-SHA-256")) return begin_scram();
  if (may_use(SaslMechanism::plain, "PLAIN")) {
    const auto message = options_.credentials->encode();
    if (message.reveal().size() > max_initial_response) return send(State::auth_plain, "AUTH PLAIN");
    return send(State::auth_done, "AUTH PLAIN " + std::string(message.reveal()));
  }
  if (may_use(SaslMechanism::login, "LOGIN")) return send(State::auth_login_user, "AUTH LOGIN");
  // Tokens are longer than a command line may be.
  if (may_use(SaslMechanism::xoauth2, "XOAUTH2")) return send(State::auth_token, "AUTH XOAUTH2");
  fail(Problem::auth_not_offered);
}

bool ClientMachine::may_use(SaslMechanism mechanism, std::string_view name) const {
  if (!extensions_.offers_auth(name)) return false;
  if (mechanism == SaslMechanism::scram_sha_256 && (options_.scram.derive == nullptr || options_.scram_nonce.empty()))
    return false;
  if (options_.mechanism == SaslMechanism::best) return mechanism != SaslMechanism::xoauth2;
  return options_.mechanism == mechanism;
}

void ClientMachine::begin_scram() {
  scram_.emplace(options_.scram, options_.scram_nonce);
  const auto first = base64_encode(scram_->begin(options_.credentials->user));
  send(State::auth_scram_first, "AUTH SCRAM-SHA-256 " + first);
}

void ClientMachine::handle_auth(const Reply& reply) {
  if (reply.code >= 400) return fail(reply);
  // A server that skips its own proof may not be who it says it is, so it is believed only where none is due.
  if (state_ == State::auth_done || (state_ == State::auth_token_sent && reply.positive())) {
    if (!reply.positive()) return fail(Problem::protocol);
    state_ = State::ready;
    return;
  }
  if (reply.code != 334) return fail(Problem::protocol);
  const auto& credentials = *options_.credentials;
  const auto challenge = base64_decode(reply.words());
  if (state_ == State::auth_plain) return send(State::auth_done, credentials.encode().reveal());
  if (state_ == State::auth_login_user) return send(State::auth_login_password, base64_encode(credentials.user));
  // What comes instead of 235 is the reason of a refusal, which comes after an empty answer.
  if (state_ == State::auth_token_sent) return send(State::auth_done, "");
  if (state_ == State::auth_token)
    return send(State::auth_token_sent, base64_encode("user=" + credentials.user +
                                                      "\x01"
                                                      "auth=Bearer " +
                                                      std::string(credentials.password.reveal()) + "\x01\x01"));
  if (state_ == State::auth_scram_first) {
    const auto answer = challenge ? scram_->finish(*challenge, credentials.password) : std::nullopt;
    return answer ? send(State::auth_scram_final, base64_encode(*answer)) : fail(Problem::protocol);
  }
  if (state_ == State::auth_scram_final)
    return challenge && scram_->verify(*challenge) ? send(State::auth_done, "") : fail(Problem::protocol);
  send(State::auth_done, base64_encode(credentials.password.reveal()));
}

void ClientMachine::send(State next, std::string_view line) {
  if (unasked_octets()) return fail(Problem::protocol);
  out_ += line;
  out_ += "\r\n";
  state_ = next;
}

void ClientMachine::on(const Connected& event) {
  security_ = event.security;
}

/// RFC 3207#4.2: what the server said before is forgotten.
void ClientMachine::on(const TlsStarted&) {
  security_ = Security::tls;
  input_ = {};
  extensions_ = {};
  send(State::ehlo, "EHLO " + options_.ehlo_name);
}

void ClientMachine::on(const TlsFailed&) {
  state_ = State::starttls;
  fail(Problem::tls_failed);
}

void ClientMachine::on(const TimedOut&) {
  fail(Problem::timed_out);
}

void ClientMachine::on(const Closed&) {
  if (state_ == State::quit || state_ == State::closed) {
    out_.clear();
    state_ = State::closed;
    return;
  }
  fail(Problem::closed);
}

void ClientMachine::on(const Quit&) {
  out_ += "QUIT\r\n";
  state_ = State::quit;
}

Stage ClientMachine::stage() const {
  switch (state_) {
    case State::greeting: return Stage::connect;
    case State::ehlo:
    case State::helo: return Stage::ehlo;
    case State::starttls:
    case State::handshake: return Stage::starttls;
    case State::auth_plain:
    case State::auth_login_user:
    case State::auth_login_password:
    case State::auth_scram_first:
    case State::auth_scram_final:
    case State::auth_token:
    case State::auth_token_sent:
    case State::auth_done: return Stage::auth;
    case State::transaction:
      if (expected_.empty()) return Stage::mail;
      switch (expected_.front().step) {
        case Step::rset:
        case Step::mail: return Stage::mail;
        case Step::rcpt: return Stage::rcpt;
        case Step::data: return Stage::data;
      }
      return Stage::mail;
    case State::body:
    case State::end_of_data:
    case State::empty_body: return Stage::end_of_data;
    case State::ready:
    case State::quit:
    case State::closed: return Stage::mail;
  }
  return Stage::connect;
}

std::chrono::seconds ClientMachine::timeout() const {
  if (state_ == State::quit) return options_.timeouts.quit;
  switch (stage()) {
    case Stage::connect: return options_.timeouts.greeting;
    case Stage::data: return options_.timeouts.data;
    case Stage::end_of_data: return options_.timeouts.end_of_data;
    case Stage::ehlo:
    case Stage::starttls:
    case Stage::auth:
    case Stage::mail:
    case Stage::rcpt: break;
  }
  return options_.timeouts.command;
}

void ClientMachine::fail(Problem problem) {
  end_session({stage(), std::nullopt, problem});
}

void ClientMachine::fail(Reply reply) {
  // Who refuses is told goodbye; who says 421 has gone already.
  if (reply.code != 421) out_ += "QUIT\r\n";
  end_session({stage(), std::move(reply), std::nullopt});
}

void ClientMachine::end_session(Answer answer) {
  if (answer.problem) out_.clear();
  if (in_transaction()) {
    transaction_.uncertain = body_sent_ && answer.problem.has_value();
    answer_open(answer.stage, answer.reply, answer.problem);
    envelope_ = nullptr;
    report_ = true;
  }
  session_failure_ = std::move(answer);
  input_ = {};
  state_ = State::closed;
}

}  // namespace ptarmigan::smtp
