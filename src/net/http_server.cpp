// net/http_server.cpp - see http_server.hpp.
#include "net/http_server.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <utility>

#include "net/clock.hpp"
#include "net/http_request_parser.hpp"
#include "net/stream.hpp"

namespace ptarmigan::net {
namespace asio = boost::asio;
namespace {

using State = HttpRequestParser::State;

constexpr std::size_t piece_octets = 65'536;
/// What a client that was refused may still send before the connection is closed, so that it reads the reply.
constexpr std::size_t max_drained = 1'048'576;
constexpr milliseconds drain_time{1'000};
constexpr milliseconds farewell{2'000};
constexpr std::string_view busy_reply =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

struct Shared {
  HttpServerOptions options;
  HttpHandler handler;
  std::atomic<std::size_t> body_octets = 0;
};

/// One connection's part of the bodies that are held together.
class BodyShare {
 public:
  explicit BodyShare(Shared& shared) : shared_(shared) {}
  BodyShare(const BodyShare&) = delete;
  BodyShare& operator=(const BodyShare&) = delete;
  ~BodyShare() { static_cast<void>(resize(0)); }

  /// False, and nothing is changed, where the bodies would be too many octets together.
  bool resize(std::size_t octets) {
    if (octets <= held_) {
      shared_.body_octets -= held_ - octets;
    } else {
      const auto more = octets - held_;
      if (shared_.body_octets.fetch_add(more) + more > shared_.options.max_bodies) {
        shared_.body_octets -= more;
        return false;
      }
    }
    held_ = octets;
    return true;
  }

 private:
  Shared& shared_;
  std::size_t held_ = 0;
};

class Connection {
 public:
  Connection(std::shared_ptr<Shared> shared, std::unique_ptr<Stream> stream)
      : shared_(std::move(shared)), stream_(std::move(stream)), body_(*shared_) {}

  asio::awaitable<void> serve();

 private:
  enum class Next { request, end };

  asio::awaitable<bool> read_head();
  asio::awaitable<bool> read_body();
  asio::awaitable<bool> read_some(SteadyTime deadline);
  asio::awaitable<Next> exchange();
  asio::awaitable<HttpReply> handle(HttpRequest request);
  asio::awaitable<bool> write_reply(HttpReply reply, HttpBody body, HttpConnection connection);
  asio::awaitable<bool> write_all(std::string octets);
  asio::awaitable<void> write_events(HttpEvents events);
  asio::awaitable<void> refuse(HttpReply reply);
  asio::awaitable<void> drain();
  void told(unsigned status) const;

  std::shared_ptr<Shared> shared_;
  std::unique_ptr<Stream> stream_;
  BodyShare body_;
  HttpRequestParser parser_;
  SteadyTime begun_ = {};
  std::string method_;
  std::string path_;
};

asio::awaitable<void> Connection::serve() {
  const auto& options = shared_->options;
  if (options.tls && !co_await stream_->start_tls_server(options.tls, in(options.head_time))) co_return;
  for (std::size_t request = 0; request < options.max_requests; ++request) {
    if (!co_await read_head() || !co_await read_body()) {
      if (parser_.state() == State::failed) co_await refuse(parser_.error());
      break;
    }
    if (co_await exchange() == Next::end) break;
    static_cast<void>(body_.resize(0));
    parser_.next();
  }
  co_await stream_->shutdown(in(farewell));
}

asio::awaitable<bool> Connection::read_some(SteadyTime deadline) {
  const auto octets = co_await stream_->read(deadline);
  if (!octets) {
    if (octets.error().fault == Fault::timed_out && parser_.begun())
      co_await refuse(text_reply(408, "the request did not come in time"));
    co_return false;
  }
  parser_.put(*octets);
  co_return true;
}

asio::awaitable<bool> Connection::read_head() {
  method_.clear();
  path_.clear();
  auto deadline = in(shared_->options.idle_time);
  bool begun = false;
  while (parser_.state() == State::head) {
    if (!begun && parser_.begun()) {
      begun = true;
      deadline = in(shared_->options.head_time);
    }
    if (!co_await read_some(deadline)) co_return false;
  }
  begun_ = steady_now();
  co_return parser_.state() != State::failed;
}

asio::awaitable<bool> Connection::read_body() {
  if (parser_.state() == State::body_wanted) {
    method_ = parser_.head().method;
    path_ = parser_.head().path;
    const auto& limit = shared_->options.max_body;
    const auto declared = parser_.declared_length();
    parser_.allow_body(limit ? limit(parser_.head()) : default_max_body);
    if (parser_.state() == State::failed) co_return false;
    if (declared && !body_.resize(static_cast<std::size_t>(*declared))) {
      co_await refuse(text_reply(503, "too much is being sent at this moment"));
      co_return false;
    }
    if (parser_.state() == State::body && parser_.expects_continue() &&
        !co_await write_all("HTTP/1.1 100 Continue\r\n\r\n"))
      co_return false;
  }
  const auto deadline = in(shared_->options.body_time);
  while (parser_.state() == State::body) {
    if (!co_await read_some(deadline)) co_return false;
    if (!parser_.declared_length() && parser_.state() == State::body && !body_.resize(parser_.body_octets())) {
      co_await refuse(text_reply(503, "too much is being sent at this moment"));
      co_return false;
    }
  }
  co_return parser_.state() == State::done;
}

asio::awaitable<Connection::Next> Connection::exchange() {
  auto request = parser_.take();
  request.peer = stream_->remote();
  request.channel = stream_->tls() ? HttpChannel::tls : HttpChannel::clear;
  const auto body = request.method == "HEAD" ? HttpBody::left_out : HttpBody::sent;
  auto reply = co_await handle(std::move(request));
  auto connection = parser_.connection();
  if (reply.events || co_await cancelled()) connection = HttpConnection::close;
  auto events = body == HttpBody::sent ? reply.events : HttpEvents();
  told(reply.status);
  if (!co_await write_reply(std::move(reply), body, connection)) co_return Next::end;
  if (events) co_await write_events(std::move(events));
  co_return connection == HttpConnection::keep ? Next::request : Next::end;
}

asio::awaitable<HttpReply> Connection::handle(HttpRequest request) {
  std::string problem;
  try {
    co_return co_await shared_->handler(std::move(request));
  } catch (const std::exception& error) {
    problem = error.what();
  }
  if (shared_->options.on_exception) shared_->options.on_exception(problem);
  co_return text_reply(500, "an error of the server; its log says more");
}

asio::awaitable<bool> Connection::write_all(std::string octets) {
  for (std::string_view rest = octets; !rest.empty();) {
    const auto piece = rest.substr(0, piece_octets);
    if (!co_await stream_->write(piece, in(shared_->options.write_time))) co_return false;
    rest.remove_prefix(piece.size());
  }
  co_return true;
}

asio::awaitable<bool> Connection::write_reply(HttpReply reply, HttpBody body, HttpConnection connection) {
  if (reply.status == 204 || reply.status == 304) body = HttpBody::left_out;
  auto head = write_head(reply, connection, now().wall);
  if (!head) {
    if (shared_->options.on_exception) shared_->options.on_exception(head.error().text());
    reply = text_reply(500, "an error of the server; its log says more");
    head = write_head(reply, connection, now().wall);
  }
  if (body == HttpBody::sent && !reply.events) *head += reply.body;
  co_return co_await write_all(*std::move(head));
}

asio::awaitable<void> Connection::write_events(HttpEvents events) {
  while (!co_await cancelled()) {
    auto next = co_await events(in(shared_->options.heartbeat));
    if (!next) co_return;
    std::string text;
    for (const auto& event : *next) text += write_event(event);
    if (text.empty()) text = ": still here\n\n";
    if (!co_await write_all(std::move(text))) co_return;
  }
}

asio::awaitable<void> Connection::refuse(HttpReply reply) {
  told(reply.status);
  if (co_await write_reply(std::move(reply), HttpBody::sent, HttpConnection::close)) co_await drain();
}

/// Closing over unread octets would reset the connection, and the client might never see the reply.
asio::awaitable<void> Connection::drain() {
  stream_->end_writing();
  const auto deadline = in(drain_time);
  for (std::size_t drained = 0; drained < max_drained;) {
    const auto octets = co_await stream_->read(deadline);
    if (!octets) co_return;
    drained += octets->size();
  }
}

void Connection::told(unsigned status) const {
  if (!shared_->options.on_exchange) return;
  shared_->options.on_exchange({.method = method_,
                                .path = path_,
                                .peer = stream_->remote(),
                                .status = status,
                                .duration = steady_now() - begun_});
}

asio::awaitable<void> serve(std::shared_ptr<Shared> shared, std::unique_ptr<Stream> stream) {
  Connection connection(std::move(shared), std::move(stream));
  co_await connection.serve();
}

}  // namespace

struct HttpServer::Parts {
  std::shared_ptr<Shared> shared;
  std::unique_ptr<Listener> listener;
};

HttpServer::HttpServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::open(std::vector<asio::any_io_executor> reactors,
                                                     HttpServerOptions options) {
  ListenerOptions listening{.endpoints = std::move(options.endpoints),
                            .inherited = std::move(options.inherited),
                            .max_sessions = options.max_connections,
                            .max_per_client = options.max_per_client,
                            .refusal = options.tls ? std::string() : std::string(busy_reply),
                            .on_exception = options.on_exception};
  auto listener = Listener::open(std::move(reactors), std::move(listening));
  if (!listener) return std::unexpected(listener.error());
  auto parts = std::make_unique<Parts>();
  parts->shared = std::make_shared<Shared>();
  parts->shared->options = std::move(options);
  parts->listener = *std::move(listener);
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(parts)));
}

std::vector<Endpoint> HttpServer::endpoints() const {
  return parts_->listener->endpoints();
}

void HttpServer::start(HttpHandler handler) {
  parts_->shared->handler = std::move(handler);
  parts_->listener->start(
      [shared = parts_->shared](std::unique_ptr<Stream> stream) { return serve(shared, std::move(stream)); });
}

std::size_t HttpServer::connections() const {
  return parts_->listener->sessions();
}

asio::awaitable<void> HttpServer::close() {
  co_await parts_->listener->close();
}

}  // namespace ptarmigan::net
