// net/smtp_server.cpp - see smtp_server.hpp.
#include "net/smtp_server.hpp"

#include <utility>
#include <variant>

#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/clock.hpp"

namespace ptarmigan::net {
namespace asio = boost::asio;
namespace server = smtp::server;

namespace {

constexpr milliseconds write_timeout{300'000};  ///< a client that does not read its replies
constexpr milliseconds handshake_timeout{60'000};
constexpr milliseconds farewell{2'000};

class Driver {
 public:
  Driver(std::unique_ptr<Stream> stream, ServerSessionOptions options, ServerHandler& handler)
      : stream_(std::move(stream)),
        machine_(options.machine),
        tls_(std::move(options.tls)),
        start_(options.start),
        handler_(handler),
        transcript_(std::move(options.transcript)) {}

  asio::awaitable<void> run() {
    server::Event event = server::Connected{};
    if (start_ == SessionStart::tls) {
      event = co_await handshake();
      if (!std::holds_alternative<server::TlsStarted>(event)) co_return;
      event = server::Connected{.security = server::Security::tls};
    }
    while (true) {
      server::Action action = machine_.step(event);
      if (std::holds_alternative<server::Close>(action)) break;
      event = co_await perform(std::move(action));
    }
    co_await stream_->shutdown(in(farewell));
  }

 private:
  asio::awaitable<server::Event> perform(server::Action action) {
    if (const auto* body = std::get_if<server::Body>(&action)) {
      handler_.body(body->octets);
      co_return server::Done{};
    }
    if (const auto* more = std::get_if<server::ReadMore>(&action)) co_return co_await read(more->timeout);
    if (const auto* send = std::get_if<server::Send>(&action)) co_return co_await write(send->octets);
    if (const auto* ask = std::get_if<server::Ask>(&action)) {
      server::Decision decision{.reply = co_await handler_.decide(ask->stage, machine_.session())};
      co_return decision;
    }
    if (auto* check = std::get_if<server::CheckCredentials>(&action)) {
      const auto verdict = co_await handler_.check_credentials(std::move(check->credentials));
      co_return server::CredentialsChecked{.verdict = verdict};
    }
    if (auto* message = std::get_if<server::Sasl>(&action)) {
      server::SaslAnswered answer = co_await handler_.sasl(std::move(*message));
      co_return answer;
    }
    if (std::holds_alternative<server::Handshake>(action)) co_return co_await handshake();
    handler_.discard();
    co_return server::Done{};
  }

  asio::awaitable<server::Event> read(std::chrono::seconds timeout) {
    const auto octets = co_await stream_->read(in(timeout));
    if (octets) {
      if (!in_message_) transcript_.client(*octets);
      co_return server::Input{.octets = *octets};
    }
    if (octets.error().fault == Fault::timed_out) co_return server::TimedOut{};
    if (octets.error().fault == Fault::cancelled) co_return server::Stop{.reason = server::StopReason::shutting_down};
    co_return server::Closed{};
  }

  asio::awaitable<server::Event> write(std::string_view octets) {
    transcript_.server(octets);
    // What the client says after 354, up to our next reply, is the message.
    if (std::exchange(in_message_, octets.starts_with("354") || octets.contains("\r\n354")))
      transcript_.note(Line::note, "message of " + std::to_string(machine_.session().message_size) + " octets");
    const auto written = co_await stream_->write(octets, in(write_timeout));
    if (written) co_return server::Done{};
    co_return server::Closed{};
  }

  asio::awaitable<server::Event> handshake() {
    transcript_.forget_partial_lines();
    const auto info = co_await stream_->start_tls_server(tls_, in(handshake_timeout));
    if (!info) {
      transcript_.note(Line::problem, info.error().message);
      co_return server::Closed{};
    }
    transcript_.note(Line::note, info->version + ", " + info->cipher);
    handler_.tls_started(*info);
    co_return server::TlsStarted{};
  }

  std::unique_ptr<Stream> stream_;
  smtp::ServerMachine machine_;
  std::shared_ptr<const TlsContext> tls_;
  SessionStart start_;
  ServerHandler& handler_;
  Transcript transcript_;
  bool in_message_ = false;
};

}  // namespace

asio::awaitable<server::SaslAnswered> ServerHandler::sasl(server::Sasl) {
  co_return server::SaslAnswered{};
}

asio::awaitable<void> run_server_session(std::unique_ptr<Stream> stream, ServerSessionOptions options,
                                         ServerHandler& handler) {
  Driver driver(std::move(stream), std::move(options), handler);
  co_await driver.run();
}

}  // namespace ptarmigan::net
