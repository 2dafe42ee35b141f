// net/smtp_client.cpp - see smtp_client.hpp.
#include "net/smtp_client.hpp"

#include <cassert>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "net/clock.hpp"
#include "smtp/data.hpp"

namespace ptarmigan::net {
namespace asio = boost::asio;
namespace client = smtp::client;

namespace {

constexpr milliseconds block_timeout{180'000};  ///< RFC 5321#4.5.3.2.5, for each write
constexpr milliseconds handshake_timeout{60'000};
constexpr milliseconds farewell{2'000};

}  // namespace

asio::awaitable<Result<std::string_view>> TextBody::next() {
  co_return std::exchange(rest_, {});
}

SmtpClientSession::SmtpClientSession(std::unique_ptr<Stream> stream, SmtpClientOptions options)
    : stream_(std::move(stream)),
      machine_(std::move(options.machine)),
      tls_(std::move(options.tls)),
      tls_host_(std::move(options.tls_host)),
      dane_(std::move(options.dane)),
      tls_start_(options.tls_start),
      transcript_(std::move(options.transcript)) {}

SmtpClientSession::~SmtpClientSession() = default;

asio::awaitable<bool> SmtpClientSession::open() {
  assert(state_ == State::created);
  client::Connected connected;
  transcript_.note(Line::note, "connected to " + remote().text() + " from " + local().address.text());
  if (tls_start_ == TlsStart::at_once) {
    const client::Event begun = co_await handshake();
    connected.security = client::Security::tls;
    if (!std::holds_alternative<client::TlsStarted>(begun)) {
      static_cast<void>(machine_.step(connected));
      co_await drive(client::Closed{});
      co_return false;
    }
  }
  co_await drive(connected);
  co_return usable();
}

asio::awaitable<client::Transaction> SmtpClientSession::deliver(const smtp::Envelope& envelope, BodySource& body) {
  reported_ = {};
  if (!usable()) {
    const client::Answer closed{.stage = smtp::Stage::connect, .reply = {}, .problem = smtp::Problem::closed};
    reported_.recipients.assign(envelope.recipients.size(), failure().value_or(closed));
    co_return std::move(reported_);
  }
  body_ = &body;
  co_await drive(client::Deliver{.envelope = &envelope});
  body_ = nullptr;
  co_return std::move(reported_);
}

asio::awaitable<void> SmtpClientSession::quit() {
  if (usable()) co_await drive(client::Quit{});
}

asio::awaitable<void> SmtpClientSession::drive(client::Event event) {
  while (true) {
    const client::Action action = machine_.step(event);
    if (std::holds_alternative<client::Ready>(action)) {
      state_ = State::ready;
      co_return;
    }
    if (std::holds_alternative<client::Close>(action)) break;
    if (const auto* octets = std::get_if<client::Send>(&action)) {
      event = co_await send(octets->octets);
    } else if (const auto* more = std::get_if<client::ReadMore>(&action)) {
      event = co_await read(more->timeout);
    } else if (std::holds_alternative<client::SendBody>(action)) {
      event = co_await send_body();
    } else if (std::holds_alternative<client::Handshake>(action)) {
      event = co_await handshake();
    } else {
      reported_ = machine_.transaction();
      event = client::Done{};
    }
  }
  state_ = State::closed;
  co_await stream_->shutdown(in(farewell));
}

asio::awaitable<client::Event> SmtpClientSession::read(std::chrono::seconds timeout) {
  const auto octets = co_await stream_->read(in(timeout));
  if (octets) {
    transcript_.server(*octets);
    co_return client::Input{.octets = *octets};
  }
  note_problem(octets.error());
  if (octets.error().fault == Fault::timed_out) co_return client::TimedOut{};
  co_return client::Closed{};
}

asio::awaitable<client::Event> SmtpClientSession::send(std::string_view octets) {
  transcript_.client(octets);
  const auto sent = co_await stream_->write(octets, in(block_timeout));
  if (sent) co_return client::Done{};
  note_problem(sent.error());
  co_return client::Closed{};
}

asio::awaitable<client::Event> SmtpClientSession::send_body() {
  smtp::DotStuffer stuffer;
  std::vector<std::string_view> pieces;
  std::size_t size = 0;
  bool complete = false;
  while (!complete) {
    const auto octets = co_await body_->next();
    if (!octets) {
      problem_ = octets.error().message;
      transcript_.note(Line::problem, problem_);
      co_return client::BodyFailed{.fault = client::BodyFault::source};
    }
    complete = octets->empty();
    size += octets->size();
    pieces.clear();
    const auto fault = complete ? stuffer.finish(pieces) : stuffer.add(*octets, pieces);
    if (fault != smtp::DataFault::none) {
      problem_ = "the message holds " + std::string(smtp::to_string(fault)) + ", which SMTP cannot carry";
      transcript_.note(Line::problem, problem_);
      co_return client::BodyFailed{.fault = client::BodyFault::source};
    }
    if (co_await cancelled()) co_return client::BodyFailed{.fault = client::BodyFault::peer};
    const auto written = co_await stream_->write(pieces, in(block_timeout));
    if (!written) {
      note_problem(written.error());
      co_return client::BodyFailed{.fault = client::BodyFault::peer};
    }
  }
  transcript_.note(Line::note, "message sent, " + std::to_string(size) + " octets");
  co_return client::BodySent{};
}

asio::awaitable<client::Event> SmtpClientSession::handshake() {
  transcript_.forget_partial_lines();
  const auto info = co_await stream_->start_tls_client(tls_, tls_host_, in(handshake_timeout), dane_);
  if (!info) {
    note_problem(info.error());
    co_return client::TlsFailed{};
  }
  const std::string trust = info->trust == PeerTrust::verified ? "verified as " + info->peer_name
                            : info->trust_problem.empty()      ? "without a certificate"
                                                               : "not verified: " + info->trust_problem;
  transcript_.note(Line::note, info->version + ", " + info->cipher + ", " + trust);
  co_return client::TlsStarted{};
}

void SmtpClientSession::note_problem(const StreamError& error) {
  problem_ = remote().text() + ": " + error.message;
  transcript_.note(Line::problem, problem_);
}

}  // namespace ptarmigan::net
