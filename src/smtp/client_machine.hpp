// smtp/client_machine.hpp - the sending side of one SMTP session, any number of messages: RFC 5321#3, PIPELINING
// (RFC 2920#3.1), SIZE, 8BITMIME, SMTPUTF8, DSN, STARTTLS (RFC 3207#4), AUTH PLAIN, LOGIN, SCRAM-SHA-256
// (RFC 4954#4, RFC 7677) and XOAUTH2. No sockets, no clock: each action is answered by exactly one event.
//
//   ClientMachine machine(options);
//   for (Event event = Connected{}; ;) {
//     const auto action = machine.step(event);
//     Send             write action.octets                            -> Done | Closed
//     ReadMore         read, at most action.timeout                   -> Input{octets} | TimedOut | Closed
//     Handshake        drop what was read before, TLS handshake       -> TlsStarted | TlsFailed
//     Ready            pick a message                                 -> Deliver{&envelope} | Quit | Closed
//     SendBody         write the message through DotStuffer (data.hpp) with its end -> BodySent | BodyFailed
//     TransactionDone  read transaction(): one answer a recipient     -> Done
//     Close            close; session_failure() says why, if not by Quit
//   }
//
// Lifetimes: octets given by Input stay unchanged until the next ReadMore (or Handshake, Close); octets of Send are
// valid until the next step; the envelope lives until TransactionDone is answered. When the peer breaks off, says
// nonsense or says nothing, every recipient still gets an answer: TransactionDone comes before Close. Threads: one
// object, one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "smtp/credentials.hpp"
#include "smtp/envelope.hpp"
#include "smtp/extensions.hpp"
#include "smtp/failure.hpp"
#include "smtp/reply.hpp"
#include "smtp/scram.hpp"

namespace ptarmigan::smtp {

namespace client {

enum class Security { plain, tls };
enum class TlsUse { none, opportunistic, required };
enum class AuthChannel { tls_only, any };
/// best: the first of SCRAM-SHA-256, PLAIN and LOGIN that is offered. XOAUTH2, which no RFC defines: the password is an
/// OAuth 2.0 access token (RFC 6750).
enum class SaslMechanism { best, plain, login, scram_sha_256, xoauth2 };
enum class Pipelining { never, when_offered };
/// What to do with 8-bit content where 8BITMIME is not offered. RFC 6152#3 forbids to send it.
enum class EightBit { refuse, send_anyway };

/// RFC 5321#4.5.3.2
struct Timeouts {
  std::chrono::seconds greeting{300};
  std::chrono::seconds command{300};  ///< EHLO, STARTTLS, AUTH, MAIL, RCPT, RSET
  std::chrono::seconds data{120};
  std::chrono::seconds end_of_data{600};
  std::chrono::seconds quit{5};
};

struct Options {
  std::string ehlo_name = "localhost";
  TlsUse tls = TlsUse::opportunistic;
  std::optional<PlainCredentials> credentials = {};
  AuthChannel auth_channel = AuthChannel::tls_only;
  SaslMechanism mechanism = SaslMechanism::best;
  ScramDigest scram = {};        ///< without it and a nonce SCRAM-SHA-256 is not used
  std::string scram_nonce = {};  ///< fresh for each session
  Pipelining pipelining = Pipelining::when_offered;
  EightBit eight_bit = EightBit::refuse;
  std::size_t max_pipelined = 100;  ///< commands in one send, so that the replies fit into the sockets' buffers
  Timeouts timeouts = {};
};

struct Connected {
  Security security = Security::plain;  ///< tls: the port began with TLS
};
struct Input {
  std::string_view octets;
};
struct Done {};
struct TlsStarted {};
struct TlsFailed {};
struct Deliver {
  const Envelope* envelope;  ///< at least one recipient; parameters: what the message needs
};
struct BodySent {};
enum class BodyFault {
  peer,    ///< writing failed: perhaps a last reply waits to be read
  source,  ///< the message could not be read, or DotStuffer refused it: it must not look complete
};
struct BodyFailed {
  BodyFault fault;
};
struct TimedOut {};
struct Closed {};
struct Quit {};
using Event =
    std::variant<Connected, Input, Done, TlsStarted, TlsFailed, Deliver, BodySent, BodyFailed, TimedOut, Closed, Quit>;

struct Send {
  std::string_view octets;
};
struct ReadMore {
  std::chrono::seconds timeout;
};
struct Handshake {};
struct Ready {};
struct SendBody {};
struct TransactionDone {};
struct Close {};
using Action = std::variant<Send, ReadMore, Handshake, Ready, SendBody, TransactionDone, Close>;

/// What came of one recipient, or of the session: a reply, or a problem without one.
struct Answer {
  Stage stage = Stage::connect;
  std::optional<Reply> reply;
  std::optional<Problem> problem;

  /// A positive reply, for a recipient at end_of_data: the receiver has taken the message over.
  [[nodiscard]] bool accepted() const { return !problem && reply && reply->positive(); }
  /// Of an answer that is not accepted().
  [[nodiscard]] Failure failure() const { return problem ? classify(*problem, stage) : classify(*reply, stage); }
  friend bool operator==(const Answer&, const Answer&) = default;
};

struct Transaction {
  std::vector<Answer> recipients;  ///< in the envelope's order
  /// The whole message was sent, and the answer to its end never came: it may have been accepted.
  bool uncertain = false;
};

}  // namespace client

class ClientMachine {
 public:
  explicit ClientMachine(client::Options options);

  [[nodiscard]] client::Action step(const client::Event& event);

  /// From TransactionDone until the next Deliver.
  [[nodiscard]] const client::Transaction& transaction() const { return transaction_; }
  /// Why the session ended other than by Quit.
  [[nodiscard]] const std::optional<client::Answer>& session_failure() const { return session_failure_; }
  /// What the server offers now; empty before EHLO, and after HELO.
  [[nodiscard]] const Extensions& extensions() const { return extensions_; }
  [[nodiscard]] client::Security security() const { return security_; }

 private:
  enum class State {
    greeting,
    ehlo,
    helo,
    starttls,
    handshake,
    auth_plain,
    auth_login_user,
    auth_login_password,
    auth_scram_first,
    auth_scram_final,
    auth_token,
    auth_token_sent,
    auth_done,
    ready,
    transaction,
    body,
    end_of_data,
    empty_body,
    quit,
    closed
  };
  enum class Step { rset, mail, rcpt, data };
  struct Expected {
    Step step;
    std::size_t recipient;
  };

  void on(const client::Connected& event);
  void on(const client::Input& event) { input_ = event.octets; }
  void on(const client::Done&) { sent_.clear(); }
  void on(const client::TlsStarted&);
  void on(const client::TlsFailed&);
  void on(const client::Deliver& event);
  void on(const client::BodySent&);
  void on(const client::BodyFailed& event);
  void on(const client::TimedOut&);
  void on(const client::Closed&);
  void on(const client::Quit&);

  client::Action run();
  /// True where a reply was complete and has been handled, or the peer broke the protocol.
  bool take_reply();
  void handle(Reply reply);
  void handle_ehlo(const Reply& reply);
  void handle_starttls(const Reply& reply);
  void handle_auth(const Reply& reply);
  void handle_transaction(Reply reply);
  void handle_data(Reply reply);
  void handle_end_of_data(Reply reply);

  void send(State next, std::string_view line);
  void after_ehlo();
  void start_auth();
  void begin_scram();
  [[nodiscard]] bool may_use(client::SaslMechanism mechanism, std::string_view name) const;
  void write_batch();
  void next_in_transaction();
  void finish();
  void answer_open(Stage stage, const std::optional<Reply>& reply, std::optional<Problem> problem);
  void fail(Problem problem);
  void fail(Reply reply);
  void end_session(client::Answer answer);
  [[nodiscard]] std::optional<Problem> unmet(const Envelope& envelope) const;
  [[nodiscard]] MailParameters parameters_for(const Envelope& envelope) const;
  [[nodiscard]] bool unasked_octets() const { return !input_.empty() || parser_.in_reply(); }
  [[nodiscard]] bool in_transaction() const { return envelope_ != nullptr; }
  [[nodiscard]] Stage stage() const;
  [[nodiscard]] std::chrono::seconds timeout() const;

  client::Options options_;
  State state_ = State::greeting;
  client::Security security_ = client::Security::plain;
  Extensions extensions_;
  ReplyParser parser_;
  std::string_view input_;  ///< of the last Input, not yet taken
  std::string out_;         ///< to be sent
  std::string sent_;        ///< what the last Send shows

  const Envelope* envelope_ = nullptr;  ///< of the transaction under way
  client::Transaction transaction_;
  std::deque<Expected> expected_;   ///< replies still to come to what was sent
  std::vector<bool> answered_;      ///< by recipient: a final answer is known
  std::size_t taken_ = 0;           ///< recipients accepted at RCPT
  std::size_t next_recipient_ = 0;  ///< the first whose RCPT was not yet sent
  bool mail_sent_ = false;
  bool data_sent_ = false;
  bool mail_refused_ = false;
  bool reset_due_ = false;  ///< the transaction before ended early: RSET comes first
  bool early_ = false;      ///< a reply to the message came before its end was sent
  bool body_sent_ = false;
  bool report_ = false;  ///< TransactionDone is due
  std::optional<client::Answer> session_failure_;
  std::optional<ScramClient> scram_;
};

}  // namespace ptarmigan::smtp
