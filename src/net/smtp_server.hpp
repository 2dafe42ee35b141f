// net/smtp_server.hpp - drives smtp::ServerMachine over a Stream: one receiving session, any number of messages.
//
//   Handler handler(...);
//   co_await net::run_server_session(std::move(stream), options, handler);
//
// What the session decides is the handler's: the submission server and the rehearsal are handlers. Cancelled
// (gate.hpp), it says 421 and ends, but a message whose end has arrived is decided first. Threads: one session, one
// executor.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "net/stream.hpp"
#include "net/transcript.hpp"
#include "smtp/server_machine.hpp"

namespace ptarmigan::net {

/// One object for one session.
class ServerHandler {
 public:
  ServerHandler() = default;
  ServerHandler(const ServerHandler&) = delete;
  ServerHandler& operator=(const ServerHandler&) = delete;
  virtual ~ServerHandler() = default;

  /// Nothing: go on. A reply: say this instead (smtp::server::Decision). At Stage::connect the session holds nothing
  /// yet; at Stage::end_of_data the whole message has been through body(), and only a positive outcome here is a
  /// promise to deliver it. `session` is valid until this completes.
  [[nodiscard]] virtual boost::asio::awaitable<std::optional<smtp::Reply>> decide(
      smtp::Stage stage, const smtp::server::Session& session) = 0;
  [[nodiscard]] virtual boost::asio::awaitable<smtp::server::CredentialsVerdict> check_credentials(
      smtp::PlainCredentials credentials) = 0;
  /// The next message of a mechanism of Options::sasl_mechanisms.
  [[nodiscard]] virtual boost::asio::awaitable<smtp::server::SaslAnswered> sasl(smtp::server::Sasl message);
  /// The next octets of the message: CRLF line ends, no stuffed dots. `octets` are valid during the call.
  virtual void body(std::string_view octets) = 0;
  /// What body() was given since the last end of data is not a message.
  virtual void discard() = 0;
  /// The handshake is done.
  virtual void tls_started(const TlsInfo& info) { static_cast<void>(info); }
};

enum class SessionStart { plain, tls };  ///< tls: the port begins with the handshake

struct ServerSessionOptions {
  smtp::server::Options machine = {};
  /// For STARTTLS and SessionStart::tls; without it machine.tls must be unavailable.
  std::shared_ptr<const TlsContext> tls = nullptr;
  SessionStart start = SessionStart::plain;
  Transcript::Show transcript = {};
};

/// `handler` must outlive the call.
[[nodiscard]] boost::asio::awaitable<void> run_server_session(std::unique_ptr<Stream> stream,
                                                              ServerSessionOptions options, ServerHandler& handler);

}  // namespace ptarmigan::net
