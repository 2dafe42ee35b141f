// receive/rehearsal_service.cpp - see rehearsal_service.hpp.
#include "receive/rehearsal_service.hpp"

#include <csignal>
#include <random>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <nlohmann/json.hpp>

#include "net/clock.hpp"
#include "net/http_server.hpp"
#include "net/listener.hpp"
#include "receive/service_pages.hpp"
#include "receive/service_session.hpp"
#include "rulebook/registry.hpp"

namespace ptarmigan::receive {
namespace asio = boost::asio;
namespace {

/// 100 bits: nobody finds another's test by trying.
std::string random_word(std::size_t length = 20) {
  constexpr std::string_view letters = "abcdefghjkmnpqrstuvwxyz23456789_";
  static std::random_device random;
  std::string out;
  for (std::size_t i = 0; i < length; ++i) out += letters[random() % (letters.size() - 1)];
  return out;
}

net::HttpReply page_reply(unsigned status, std::string body, const char* type) {
  net::HttpReply reply;
  reply.status = status;
  reply.headers = {{"Content-Type", type},
                   {"Cache-Control", "no-store"},
                   {"Referrer-Policy", "no-referrer"},
                   {"X-Content-Type-Options", "nosniff"},
                   {"Content-Security-Policy",
                    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"}};
  reply.body = std::move(body);
  return reply;
}

constexpr const char* html_type = "text/html; charset=utf-8";

/// The value of `name` in a form or query of plain words.
std::string form_value(const net::HttpRequest& request, std::string_view name) {
  if (const auto value = request.parameter(name)) return std::string(*value);
  const std::string body = "&" + request.body + "&";
  const auto key = "&" + std::string(name) + "=";
  const auto at = body.find(key);
  if (at == std::string::npos) return {};
  const auto begin = at + key.size();
  return body.substr(begin, body.find('&', begin) - begin);
}

}  // namespace

class RehearsalService::Impl {
 public:
  Impl(ServiceSettings settings, std::string hostname, net::AnswerSource& dns,
       std::function<void(const std::string&)> tell)
      : settings_(std::move(settings)), parts_{book_, dns, settings_.domain, std::move(hostname), {}, std::move(tell)} {
    if (settings_.spamd) parts_.filters.emplace_back(FilterKind::spamd, *settings_.spamd);
    if (settings_.rspamd) parts_.filters.emplace_back(FilterKind::rspamd, *settings_.rspamd);
  }

  Result<> open(const config::Rehearsal& rehearsal) {
    auto tls = rehearsal.certificate.empty() ? net::TlsContext::server_self_signed(parts_.hostname)
                                             : net::TlsContext::server(rehearsal.certificate, rehearsal.key);
    if (!tls) return std::unexpected(tls.error());
    tls_ = *std::move(tls);
    auto listener = net::Listener::open({reactor_.get_executor()}, {.endpoints = settings_.smtp});
    if (!listener) return failure("--listen: " + listener.error().message, listener.error().remedy);
    listener_ = *std::move(listener);
    auto http = net::HttpServer::open({reactor_.get_executor()}, {.endpoints = settings_.http});
    if (!http) return failure("--http: " + http.error().message, http.error().remedy);
    http_ = *std::move(http);
    return {};
  }

  void run() {
    for (const auto& endpoint : listener_->endpoints())
      parts_.tell("receiving for " + settings_.domain + " on " + endpoint.text());
    for (const auto& endpoint : http_->endpoints()) parts_.tell("tests are at http://" + endpoint.text() + "/");
    listener_->start([this](std::unique_ptr<net::Stream> stream) { return session(std::move(stream)); });
    http_->start([this](net::HttpRequest request) { return answer(std::move(request)); });
    asio::signal_set signals(reactor_, SIGTERM, SIGINT);
    signals.async_wait([this](const boost::system::error_code& error, int) {
      if (!error) asio::co_spawn(reactor_, end(), asio::detached);
    });
    reactor_.run();
  }

 private:
  asio::awaitable<void> session(std::unique_ptr<net::Stream> stream) {
    ServiceSession handler(parts_, stream->remote());
    net::ServerSessionOptions options;
    options.machine.host_name = parts_.hostname;
    options.machine.greeting = "ESMTP rehearsal";
    options.machine.tls = smtp::server::TlsUse::offered;
    options.tls = tls_;
    options.transcript = [&handler](net::Line kind, const std::string& line) { handler.note(kind, line); };
    co_await net::run_server_session(std::move(stream), std::move(options), handler);
  }

  asio::awaitable<net::HttpReply> answer(net::HttpRequest request) {
    const auto& path = request.segments;
    const bool get = request.method == "GET" || request.method == "HEAD";
    if (get && path.empty()) co_return page_reply(200, start_page(), html_type);
    if (request.method == "POST" && path.size() == 1 && path[0] == "tests") co_return begin(request, false);
    if (request.method == "POST" && request.path == "/api/v1/tests") co_return begin(request, true);
    if (get && path.size() == 2 && path[0] == "t") co_return show(path[1]);
    co_return net::text_reply(404, "There is nothing here");
  }

  net::HttpReply begin(const net::HttpRequest& request, bool json) {
    const auto profile = form_value(request, "profile");
    const auto word = form_value(request, "fault");
    const auto fault = parse_fault(word.empty() ? "none" : word);
    if (!fault || (!profile.empty() && rulebook::find_receiver(profile) == nullptr))
      return net::text_reply(
          400, "profile is one of " + rulebook::profile_ids() + "; fault is none, greylist, rate or stall");
    auto& test = book_.open("test-" + random_word(), random_word(), request.peer.address.unmapped(), net::now().wall);
    test.profile = profile;
    test.fault = *fault;
    const auto link = "/t/" + test.secret;
    if (json) {
      const nlohmann::ordered_json out{
          {"address", test.address + "@" + settings_.domain}, {"html", link}, {"json", link + ".json"}};
      return page_reply(201, out.dump() + "\n", "application/json");
    }
    auto reply = page_reply(303, "", html_type);
    reply.headers.emplace_back("Location", link);
    return reply;
  }

  net::HttpReply show(const std::string& name) {
    const bool json = name.ends_with(".json");
    const auto* test = book_.by_secret(json ? name.substr(0, name.size() - 5) : name, net::now().wall);
    if (test == nullptr) return net::text_reply(404, "There is no such test, or it has expired");
    return json ? page_reply(200, test_json(*test, settings_.domain), "application/json")
                : page_reply(200, test_page(*test, settings_.domain), html_type);
  }

  asio::awaitable<void> end() {
    co_await listener_->close();
    co_await http_->close();
    reactor_.stop();
  }

  ServiceSettings settings_;
  TestBook book_;
  ServiceParts parts_;
  asio::io_context reactor_{1};
  std::shared_ptr<const net::TlsContext> tls_;
  std::unique_ptr<net::Listener> listener_;
  std::unique_ptr<net::HttpServer> http_;
};

RehearsalService::RehearsalService(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RehearsalService::~RehearsalService() = default;

Result<std::unique_ptr<RehearsalService>> RehearsalService::create(const config::Rehearsal& rehearsal,
                                                                   ServiceSettings settings, net::AnswerSource& dns,
                                                                   std::function<void(const std::string&)> tell) {
  if (settings.domain.empty())
    return failure("the service needs the domain of its addresses", "name it with --domain; its MX must lead here");
  if (rehearsal.certificate.empty() != rehearsal.key.empty())
    return failure("rehearsal has only one of certificate and key", "set both, or none: one is then made at start");
  const auto hostname = rehearsal.hostname.empty() ? "mx." + settings.domain : rehearsal.hostname;
  auto impl = std::make_unique<Impl>(std::move(settings), hostname, dns, std::move(tell));
  if (auto opened = impl->open(rehearsal); !opened) return std::unexpected(opened.error());
  return std::unique_ptr<RehearsalService>(new RehearsalService(std::move(impl)));
}

void RehearsalService::run() {
  impl_->run();
}

}  // namespace ptarmigan::receive
