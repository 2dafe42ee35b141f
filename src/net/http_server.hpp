// net/http_server.hpp - a small HTTP/1.1 server: requests in, replies out, as values (RFC 9110, RFC 9112), with
// server-sent events. Everything is bounded: connections, header, body, bodies together, and the time for each.
//
//   auto server = net::HttpServer::open({reactors}, {.endpoints = {{loopback, 8025}}});
//   (*server)->start([](net::HttpRequest request) -> awaitable<net::HttpReply> { co_return net::text_reply(200, "hi");
//   });
//   ...
//   co_await (*server)->close();
//
// Speaks keep-alive, pipelining and 100-continue; knows nothing of proxies, upgrades, ranges or compression. A request
// that is not clear HTTP is answered by 400, 408, 413, 431, 501 or 505 and its connection is closed. Threads: the
// handler runs on the connection's reactor.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "net/http_message.hpp"
#include "net/listener.hpp"
#include "net/tls.hpp"

namespace ptarmigan::net {

using HttpHandler = std::function<boost::asio::awaitable<HttpReply>(HttpRequest)>;

/// What one exchange came to, for logs and counts.
struct HttpExchange {
  std::string method;  ///< "" where the request was not HTTP
  std::string path;
  Endpoint peer;
  unsigned status = 0;
  milliseconds duration{0};
};

struct HttpServerOptions {
  std::vector<Endpoint> endpoints = {};
  std::vector<InheritedSocket> inherited = {};
  std::shared_ptr<const TlsContext> tls = {};  ///< in the clear where absent
  std::size_t max_connections = 256;
  std::size_t max_per_client = 64;
  /// How many octets of body a request may have, told by its head: the place to look at credentials before any of it is
  /// read. Without it: default_max_body.
  std::function<std::size_t(const HttpRequest& head)> max_body = {};
  std::size_t max_bodies = 256ULL * 1024 * 1024;  ///< of all connections together; more is answered by 503
  milliseconds head_time{10'000};                 ///< from the first octet of a request, and for the TLS handshake
  milliseconds body_time{120'000};                ///< for the whole body
  milliseconds idle_time{60'000};                 ///< between requests
  milliseconds write_time{30'000};                ///< for each 64 KiB of a reply
  milliseconds heartbeat{15'000};                 ///< a comment on an event stream where nothing happens
  std::size_t max_requests = 10'000;              ///< on one connection
  std::function<void(const HttpExchange&)> on_exchange = {};
  std::function<void(std::string)> on_exception = {};
};

inline constexpr std::size_t default_max_body = 64ULL * 1024;

class HttpServer {
 public:
  /// Errors name the endpoint: see Listener::open().
  static Result<std::unique_ptr<HttpServer>> open(std::vector<boost::asio::any_io_executor> reactors,
                                                  HttpServerOptions options);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  /// Connections must have ended: see close().
  ~HttpServer();

  [[nodiscard]] std::vector<Endpoint> endpoints() const;
  /// Serves from now on. An exception that leaves the handler is a 500, and told to on_exception.
  void start(HttpHandler handler);
  [[nodiscard]] std::size_t connections() const;
  /// Stops accepting, ends the connections, event streams too, and waits for their end.
  [[nodiscard]] boost::asio::awaitable<void> close();

 private:
  struct Parts;
  explicit HttpServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace ptarmigan::net
