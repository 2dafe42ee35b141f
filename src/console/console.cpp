// console/console.cpp - see console.hpp.
#include "console/console.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "net/http_server.hpp"

namespace ptarmigan::console {
namespace {

Result<std::vector<Token>> read_tokens(const config::Console& settings) {
  if (settings.token_file.empty()) {
    if (!settings.trusted_proxies.empty()) return std::vector<Token>();
    return failure("console.token_file is not set: nobody could log in",
                   "make one with `ptarmigan console token add NAME --file FILE`");
  }
  std::ifstream in(settings.token_file, std::ios::binary);
  if (!in)
    return failure("console.token_file: " + settings.token_file + " cannot be read",
                   "make one with `ptarmigan console token add NAME --file " + settings.token_file + "`");
  std::ostringstream text;
  text << in.rdbuf();
  auto tokens = parse_tokens(text.str());
  if (!tokens) return failure(settings.token_file + ": " + tokens.error().message, tokens.error().remedy);
  return tokens;
}

bool is_loopback(const IpAddress& address) {
  const auto octets = address.octets();
  return address.is_v4() ? octets[0] == 127 : address == *IpAddress::parse("::1");
}

}  // namespace

struct Console::Parts {
  std::unique_ptr<Api> api;
  std::unique_ptr<net::HttpServer> server;
};

Console::Console(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Console::~Console() = default;

Result<std::unique_ptr<Console>> Console::open(boost::asio::any_io_executor executor, const config::Console& settings,
                                               ApiParts api, std::vector<net::InheritedSocket> inherited,
                                               std::function<void(std::string)> on_exception) {
  auto tokens = read_tokens(settings);
  if (!tokens) return std::unexpected(tokens.error());
  if (settings.certificate.empty() != settings.key.empty())
    return failure("console has only one of certificate and key", "set both, or none");
  net::HttpServerOptions options{
      .endpoints = settings.listen, .inherited = std::move(inherited), .on_exception = std::move(on_exception)};
  if (!settings.certificate.empty()) {
    auto tls = net::TlsContext::server(settings.certificate, settings.key);
    if (!tls) return failure("console.certificate: " + tls.error().message, tls.error().remedy);
    options.tls = *std::move(tls);
  } else if (std::ranges::any_of(settings.listen, [](const auto& at) { return !is_loopback(at.address); })) {
    return failure("console.listen is not on loopback: tokens would travel in clear",
                   "set console.certificate and console.key, or listen on 127.0.0.1 behind a reverse proxy");
  }
  auto parts = std::make_unique<Parts>();
  parts->api = std::make_unique<Api>(std::move(api), *std::move(tokens));
  options.max_body = [reader = parts->api.get()](const net::HttpRequest& head) { return reader->max_body(head); };
  auto server = net::HttpServer::open({std::move(executor)}, std::move(options));
  if (!server) return failure("console.listen: " + server.error().message, server.error().remedy);
  parts->server = *std::move(server);
  return std::unique_ptr<Console>(new Console(std::move(parts)));
}

std::vector<Endpoint> Console::endpoints() const {
  return parts_->server->endpoints();
}

void Console::start() {
  parts_->server->start(
      [api = parts_->api.get()](net::HttpRequest request) { return api->handle(std::move(request)); });
}

boost::asio::awaitable<void> Console::close() {
  co_await parts_->server->close();
}

}  // namespace ptarmigan::console
