// smtp/server_machine.hpp - the receiving side of one SMTP session: RFC 5321#4, with PIPELINING (RFC 2920#3.2), SIZE,
// 8BITMIME, SMTPUTF8, STARTTLS (RFC 3207#4), AUTH (RFC 4954#4), CHUNKING (RFC 3030#2), DSN parameters.
// No sockets, no clock: each action is answered by exactly one event.
//
//   ServerMachine machine(options);
//   for (Event event = Connected{peer_has_tls}; ;) {
//     const auto action = machine.step(event);
//     Send             write action.octets                               -> Done
//     ReadMore         read, at most action.timeout                      -> Input{octets} | TimedOut | Closed | Stop
//     Handshake        drop what was read before, handshake              -> TlsStarted | Closed
//     CheckCredentials look up action.credentials                        -> CredentialsChecked{verdict}
//     Sasl             the next message of the mechanism                 -> SaslAnswered{verdict, challenge or user}
//     Ask              may this go on? see session(), action.stage       -> Decision{} | Decision{reply}
//     Body             keep action.octets, in order                      -> Done
//     Discard          forget what was kept of this message              -> Done
//     Close            close; the session is over
//   }
//
// Lifetimes: octets given by Input stay unchanged until the next ReadMore (or Handshake, Close); octets of Send and
// Body are valid until the next step. Ask{end_of_data} is the end of one message: 250 is sent only when its Decision
// comes. Strict: only CRLF.CRLF ends data (data.hpp); a message with a fault is discarded and refused after its true
// end; octets behind DATA, EHLO, STARTTLS or AUTH before our answer end the session. Threads: one object, one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "smtp/command.hpp"
#include "smtp/credentials.hpp"
#include "smtp/data.hpp"
#include "smtp/envelope.hpp"
#include "smtp/extensions.hpp"
#include "smtp/failure.hpp"
#include "smtp/reply.hpp"

namespace ptarmigan::smtp {

namespace server {

enum class Security { plain, tls };
enum class TlsUse { unavailable, offered, required };   ///< required: no MAIL without it
enum class AuthUse { unavailable, offered, required };  ///< required: no MAIL without it
enum class AuthChannel { tls_only, any };
enum class CredentialsVerdict { accepted, refused, unavailable };
/// challenge: another message goes to the client; the others end the exchange.
enum class SaslVerdict { challenge, accepted, refused, malformed, unavailable };
/// Whether a connected client may say XCLIENT: only a front end that is trusted with every user's name and address.
enum class XclientUse { unavailable, offered };
enum class StopReason { shutting_down, overloaded };

struct Options {
  std::string host_name = "localhost";       ///< in the greeting and the answer to EHLO
  std::string greeting = "ESMTP Ptarmigan";  ///< behind the host name in the greeting
  /// What EHLO offers. STARTTLS and AUTH are offered by `tls` and `auth` instead; `size` is also enforced.
  Extensions extensions{
      .pipelining = true, .eight_bit_mime = true, .enhanced_status_codes = true, .smtputf8 = true, .size = 52'428'800};
  TlsUse tls = TlsUse::unavailable;
  AuthUse auth = AuthUse::unavailable;
  AuthChannel auth_channel = AuthChannel::tls_only;
  /// Mechanisms that the driver speaks (Sasl), upper case, offered before PLAIN and LOGIN. The client begins each.
  std::vector<std::string> sasl_mechanisms = {};
  XclientUse xclient = XclientUse::unavailable;
  std::size_t max_recipients = 1000;    ///< RFC 5321#4.5.3.1.8: at least 100
  std::size_t max_errors = 20;          ///< 5xx of syntax and order in one session, then 421
  std::size_t max_idle_commands = 100;  ///< commands since the last message that carried none on, then 421
  std::size_t max_refused_credentials = 3;
  std::size_t max_text_line = smtp::max_text_line;
  std::chrono::seconds command_timeout{300};  ///< RFC 5321#4.5.3.2.7
  std::chrono::seconds data_timeout{300};     ///< RFC 5321#4.5.3.2.7
};

struct Connected {
  Security security = Security::plain;  ///< tls: the port begins with TLS
};
struct Input {
  std::string_view octets;
};
struct Done {};
struct TlsStarted {};
struct CredentialsChecked {
  CredentialsVerdict verdict;
};
struct SaslAnswered {
  SaslVerdict verdict = SaslVerdict::refused;
  std::string challenge = {};  ///< of SaslVerdict::challenge, not yet in base64
  std::string user = {};       ///< of SaslVerdict::accepted
};
/// Nothing: go on. A reply: say this instead; 4xx or 5xx refuses, and 421 also ends the session.
struct Decision {
  std::optional<Reply> reply;
};
struct TimedOut {};
struct Closed {};
struct Stop {
  StopReason reason;
};
using Event = std::variant<Connected, Input, Done, TlsStarted, CredentialsChecked, SaslAnswered, Decision, TimedOut,
                           Closed, Stop>;

struct Send {
  std::string_view octets;
};
struct ReadMore {
  std::chrono::seconds timeout;
};
struct Handshake {};
struct CheckCredentials {
  PlainCredentials credentials;
};
struct Sasl {
  std::string mechanism;
  std::string message;  ///< the client's, no longer in base64
  bool first = false;   ///< it begins an exchange; one that was under way is forgotten
};
struct Ask {
  Stage stage;  ///< connect, ehlo, mail, rcpt, data or end_of_data
};
struct Body {
  std::string_view octets;  ///< without stuffed dots, CRLF line ends
};
struct Discard {};
struct Close {};
using Action = std::variant<Send, ReadMore, Handshake, CheckCredentials, Sasl, Ask, Body, Discard, Close>;

/// What is known so far. At Ask{mail} `envelope` has the sender; at Ask{rcpt} its last recipient is the one in
/// question.
struct Session {
  std::string ehlo_name = {};
  bool esmtp = false;
  Security security = Security::plain;
  std::optional<std::string> user = {};  ///< authenticated, or vouched for by XCLIENT
  std::optional<IpAddress> client = {};  ///< whom XCLIENT names in place of the connected peer
  Envelope envelope = {};
  std::uint64_t message_size = 0;  ///< octets handed out by Body so far
  std::size_t messages = 0;        ///< accepted in this session
};

}  // namespace server

class ServerMachine {
 public:
  explicit ServerMachine(server::Options options);

  [[nodiscard]] server::Action step(const server::Event& event);
  [[nodiscard]] const server::Session& session() const { return session_; }

 private:
  enum class Mode { command, data, chunk, auth_plain, auth_login_user, auth_login_password, sasl };
  enum class LineFault { none, too_long, line_end, nul };
  enum class Next { nothing, start_tls, check_credentials, sasl, ask, close };

  void on(const server::Connected& event);
  void on(const server::Input& event) { input_ = event.octets; }
  void on(const server::Done&) { sent_.clear(); }
  void on(const server::TlsStarted&);
  void on(const server::CredentialsChecked& event);
  void on(const server::SaslAnswered& event);
  void on(const server::Decision& event);
  void on(const server::TimedOut&);
  void on(const server::Closed&);
  void on(const server::Stop& event);

  server::Action run();
  std::optional<server::Action> take_input();
  std::optional<server::Action> take_body();
  std::optional<server::Action> flush();
  bool take_line();
  void handle_line();

  void handle(const Ehlo& command);
  void handle(const Mail& command);
  void handle(const Rcpt& command);
  void handle(const Data&);
  void handle(const Bdat& command);
  void handle(const Rset&);
  void handle(const Noop&);
  void handle(const Quit&);
  void handle(const Vrfy& command);
  void handle(const Expn&);
  void handle(const Help&);
  void handle(const StartTls&);
  void handle(const Auth& command);
  void handle(const Xclient& command);
  void handle_auth_line(std::string_view line);
  void check_plain(std::string_view base64);
  void take_sasl(std::string_view base64);
  void refuse_credentials();
  void answer_ehlo(const std::string& words);

  void decided(Stage stage, const std::optional<Reply>& reply);
  void start_message(Framing framing);
  void end_of_data();
  void end_of_chunk();
  bool out_of_turn();
  void ask(Stage stage);
  void reply(const Reply& reply);
  void reply(int code, EnhancedStatus status, std::string words);
  void error(int code, EnhancedStatus status, std::string words);
  void close_with(int code, EnhancedStatus status, std::string words);
  void end_transaction();
  [[nodiscard]] bool may_authenticate() const;
  [[nodiscard]] Extensions offered() const;
  [[nodiscard]] std::size_t line_limit() const;

  server::Options options_;
  server::Session session_;
  Mode mode_ = Mode::command;
  Next next_ = Next::nothing;
  Stage asked_ = Stage::connect;
  bool greeted_ = false;         ///< EHLO or HELO was answered with 250
  bool in_transaction_ = false;  ///< MAIL was accepted
  bool refused_ = false;         ///< 5xx at connect: only QUIT is answered (RFC 5321#3.1)
  bool keeping_ = false;         ///< Body was handed out since the last Discard or end of data
  bool discard_ = false;         ///< Discard is due
  bool too_large_ = false;       ///< the message is over the size limit
  std::string_view input_;       ///< of the last Input, not yet taken
  std::string line_;             ///< a line whose end has not arrived
  bool line_too_long_ = false;
  std::string_view current_;  ///< the complete line that is being handled, without its line end
  LineFault line_fault_ = LineFault::none;
  std::string out_;                          ///< replies not yet sent
  std::string sent_;                         ///< what the last Send shows
  PlainCredentials credentials_;             ///< being collected
  std::string user_;                         ///< whose credentials are being checked
  std::optional<std::string> xclient_ehlo_;  ///< stands for what EHLO says
  server::Sasl sasl_;                        ///< the client's last message
  DataReader reader_;
  std::uint64_t chunk_left_ = 0;  ///< octets of this BDAT still to come
  bool chunk_last_ = false;
  bool chunk_pending_ = false;          ///< Ask{data} is about a BDAT
  bool chunking_ = false;               ///< this message comes by BDAT
  std::optional<Reply> chunk_refusal_;  ///< what to say when the octets of this BDAT are through
  std::size_t tried_recipients_ = 0;
  std::size_t errors_ = 0;
  std::size_t idle_commands_ = 0;
  std::size_t refused_credentials_ = 0;
};

}  // namespace ptarmigan::smtp
