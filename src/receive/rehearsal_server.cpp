// receive/rehearsal_server.cpp - see rehearsal_server.hpp.
#include "receive/rehearsal_server.hpp"

#include <algorithm>
#include <csignal>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "base/queue_id.hpp"
#include "net/clock.hpp"
#include "net/listener.hpp"
#include "receive/mailbox.hpp"
#include "receive/rehearsal_session.hpp"

namespace ptarmigan::receive {
namespace asio = boost::asio;
namespace {

/// The receiver's own host name where none is configured: what its clients expect to read.
std::string host_name_of(const rulebook::Receiver& receiver, const config::Rehearsal& settings) {
  if (!settings.hostname.empty()) return settings.hostname;
  const auto suffix = receiver.mx_suffixes.empty() ? std::string_view(".example") : receiver.mx_suffixes.front();
  return "mx" + std::string(suffix.starts_with('.') ? "" : ".") + std::string(suffix);
}

}  // namespace

class RehearsalServer::Impl {
 public:
  Impl(const config::Config& config, const rulebook::Receiver& receiver, net::AnswerSource& dns,
       std::function<void(const std::string&)> tell)
      : settings_(config.rehearsal),
        parts_{receiver,       settings_, host_name_of(receiver, settings_), dns, [this] { return next_id(); },
               std::move(tell)},
        start_(static_cast<std::uint64_t>(net::now().wall.time_since_epoch().count())) {}

  Result<> open() {
    if (auto ready = prepare_mailbox(settings_.mailbox); !ready)
      return failure("rehearsal.mailbox: " + ready.error().message, ready.error().remedy);
    if (settings_.certificate.empty() != settings_.key.empty())
      return failure("rehearsal has only one of certificate and key", "set both, or none: one is then made at start");
    auto tls = settings_.certificate.empty() ? net::TlsContext::server_self_signed(parts_.hostname)
                                             : net::TlsContext::server(settings_.certificate, settings_.key);
    if (!tls) return std::unexpected(tls.error());
    tls_ = *std::move(tls);
    auto listener = net::Listener::open({reactor_.get_executor()}, {.endpoints = settings_.listen});
    if (!listener) return failure("rehearsal.listen: " + listener.error().message, listener.error().remedy);
    listener_ = *std::move(listener);
    return {};
  }

  void run() {
    for (const auto& endpoint : listener_->endpoints())
      parts_.tell("playing " + std::string(parts_.receiver.name) + " on " + endpoint.text());
    listener_->start([this](std::unique_ptr<net::Stream> stream) { return session(std::move(stream)); });
    asio::signal_set signals(reactor_, SIGTERM, SIGINT);
    signals.async_wait([this](const boost::system::error_code& error, int) {
      if (!error) asio::co_spawn(reactor_, end(), asio::detached);
    });
    reactor_.run();
  }

 private:
  asio::awaitable<void> session(std::unique_ptr<net::Stream> stream) {
    net::ServerSessionOptions options;
    options.machine.host_name = parts_.hostname;
    options.machine.greeting = "ESMTP rehearsal of " + std::string(parts_.receiver.name);
    options.machine.tls = smtp::server::TlsUse::offered;
    options.tls = tls_;
    RehearsalSession handler(parts_, stream->remote());
    co_await net::run_server_session(std::move(stream), std::move(options), handler);
  }

  asio::awaitable<void> end() {
    co_await listener_->close();
    reactor_.stop();
  }

  std::string next_id() { return QueueId(start_ << 16 | (count_++ & 0xffff)).text(); }

  config::Rehearsal settings_;
  RehearsalParts parts_;
  std::uint64_t start_;
  std::uint64_t count_ = 0;
  asio::io_context reactor_{1};
  std::shared_ptr<const net::TlsContext> tls_;
  std::unique_ptr<net::Listener> listener_;
};

RehearsalServer::RehearsalServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

RehearsalServer::~RehearsalServer() = default;

Result<std::unique_ptr<RehearsalServer>> RehearsalServer::create(const config::Config& config, net::AnswerSource& dns,
                                                                 std::function<void(const std::string&)> tell) {
  const auto* receiver = rulebook::find_receiver(config.rehearsal.receiver);
  if (receiver == nullptr || receiver->rules.empty()) {
    return failure("rehearsal.receiver \"" + config.rehearsal.receiver + "\" has no rules here",
                   "known: " + rulebook::profile_ids());
  }
  auto impl = std::make_unique<Impl>(config, *receiver, dns, std::move(tell));
  if (auto opened = impl->open(); !opened) return std::unexpected(opened.error());
  return std::unique_ptr<RehearsalServer>(new RehearsalServer(std::move(impl)));
}

void RehearsalServer::run() {
  impl_->run();
}

}  // namespace ptarmigan::receive
