// net/smtp_client.hpp - drives smtp::ClientMachine over a Stream: one sending session, any number of messages.
//
//   SmtpClientSession session(std::move(stream), options);
//   if (!co_await session.open()) ... session.failure()           // greeting, EHLO, STARTTLS, AUTH
//   auto transaction = co_await session.deliver(envelope, body);  // one answer a recipient
//   co_await session.quit();
//
// The time-outs are the machine's (RFC 5321#4.5.3.2). Cancelled (gate.hpp), it ends like a broken connection. Where the
// message's end was sent and no answer came, the transaction says `uncertain`. Threads: one session, one executor.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>

#include "base/result.hpp"
#include "net/stream.hpp"
#include "net/transcript.hpp"
#include "smtp/client_machine.hpp"

namespace ptarmigan::net {

/// A message's octets with CRLF line ends, without stuffed dots, from the beginning.
class BodySource {
 public:
  BodySource() = default;
  BodySource(const BodySource&) = delete;
  BodySource& operator=(const BodySource&) = delete;
  virtual ~BodySource() = default;
  /// The next octets, valid until the next call; empty at the end. An error makes the transaction fail as unreadable.
  [[nodiscard]] virtual boost::asio::awaitable<Result<std::string_view>> next() = 0;
};

/// A message held in memory by the caller, which outlives the source.
class TextBody final : public BodySource {
 public:
  explicit TextBody(std::string_view text) : rest_(text) {}
  [[nodiscard]] boost::asio::awaitable<Result<std::string_view>> next() override;

 private:
  std::string_view rest_;
};

enum class TlsStart { starttls, at_once };  ///< at_once: the port begins with the handshake (RFC 8314#3.3)

struct SmtpClientOptions {
  smtp::client::Options machine = {};
  /// Needed unless machine.tls is none.
  std::shared_ptr<const TlsContext> tls = nullptr;
  /// The name that the certificate must have, and that the server is told.
  std::string tls_host = {};
  /// With a context of client_dane().
  DanePeer dane = {};
  TlsStart tls_start = TlsStart::starttls;
  Transcript::Show transcript = {};
};

class SmtpClientSession {
 public:
  SmtpClientSession(std::unique_ptr<Stream> stream, SmtpClientOptions options);
  SmtpClientSession(const SmtpClientSession&) = delete;
  SmtpClientSession& operator=(const SmtpClientSession&) = delete;
  ~SmtpClientSession();

  /// True where a message can now be sent; else failure() says why, and the connection is closed.
  [[nodiscard]] boost::asio::awaitable<bool> open();
  /// After open(). `envelope` and `body` must outlive the call. Afterwards usable() says whether there can be another.
  [[nodiscard]] boost::asio::awaitable<smtp::client::Transaction> deliver(const smtp::Envelope& envelope,
                                                                          BodySource& body);
  /// QUIT and its answer, then closes. Does nothing on a closed session.
  [[nodiscard]] boost::asio::awaitable<void> quit();

  /// Open and ready for a message.
  [[nodiscard]] bool usable() const { return state_ == State::ready; }
  /// Why the session ended, other than by quit().
  [[nodiscard]] const std::optional<smtp::client::Answer>& failure() const { return machine_.session_failure(); }
  /// What the transport said of it: "192.0.2.1 closed the connection", "TLS: certificate verify failed"; may be empty.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] const smtp::Extensions& extensions() const { return machine_.extensions(); }
  [[nodiscard]] const std::optional<TlsInfo>& tls() const { return stream_->tls(); }
  [[nodiscard]] const Endpoint& local() const { return stream_->local(); }
  [[nodiscard]] const Endpoint& remote() const { return stream_->remote(); }

 private:
  enum class State { created, ready, closed };

  /// Steps from `event` until the machine is ready for a message, or the session is closed.
  [[nodiscard]] boost::asio::awaitable<void> drive(smtp::client::Event event);
  [[nodiscard]] boost::asio::awaitable<smtp::client::Event> read(std::chrono::seconds timeout);
  [[nodiscard]] boost::asio::awaitable<smtp::client::Event> send(std::string_view octets);
  [[nodiscard]] boost::asio::awaitable<smtp::client::Event> send_body();
  [[nodiscard]] boost::asio::awaitable<smtp::client::Event> handshake();
  void note_problem(const StreamError& error);

  std::unique_ptr<Stream> stream_;
  smtp::ClientMachine machine_;
  std::shared_ptr<const TlsContext> tls_;
  std::string tls_host_;
  DanePeer dane_;
  TlsStart tls_start_;
  Transcript transcript_;
  std::string problem_;
  State state_ = State::created;
  BodySource* body_ = nullptr;  ///< of the transaction under way
  smtp::client::Transaction reported_;
};

}  // namespace ptarmigan::net
