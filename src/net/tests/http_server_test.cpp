// net/tests/http_server_test.cpp - the HTTP server over loopback, spoken to in raw octets.
#include "net/http_server.hpp"

#include <optional>
#include <string>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "net/clock.hpp"
#include "net/event_hub.hpp"
#include "net/stream.hpp"

namespace ptarmigan::net {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

const Endpoint any_port{IpAddress::v4({127, 0, 0, 1}), 0};

std::string get(std::string_view path, std::string_view more = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n" + std::string(more) + "\r\n";
}

/// Method, path, body and peer family of the request come back; "/throw" throws.
asio::awaitable<HttpReply> echo(HttpRequest request) {
  if (request.path == "/throw") throw std::runtime_error("thrown on purpose");
  if (request.path == "/split") co_return HttpReply{.headers = {{"X", "a\r\nb"}}, .body = "secret"};
  co_return text_reply(200, request.method + " " + request.path + " " + request.body);
}

class Client {
 public:
  explicit Client(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {}
  asio::awaitable<void> send(std::string octets) { static_cast<void>(co_await stream_->write(octets, in(5s))); }
  /// Until `end` has come, or the connection is closed.
  asio::awaitable<std::string> until(std::string end) {
    while (end.empty() || text_.find(end) == std::string::npos) {
      const auto octets = co_await stream_->read(in(20s));
      if (!octets) {
        closed = octets.error().fault == Fault::closed;
        break;
      }
      text_ += *octets;
    }
    co_return std::exchange(text_, {});
  }
  asio::awaitable<std::string> rest() { return until(""); }
  Stream& stream() { return *stream_; }

  bool closed = false;

 private:
  std::unique_ptr<Stream> stream_;
  std::string text_;
};

class Http : public testing::Test {
 protected:
  using Story = std::function<asio::awaitable<void>(Endpoint)>;

  void run(Story story, HttpHandler handler = echo) {
    options.endpoints = options.inherited.empty() ? std::vector{any_port} : std::vector<Endpoint>();
    options.on_exchange = [this](const HttpExchange& exchange) { exchanges.push_back(exchange); };
    options.on_exception = [this](const std::string& what) { exceptions.push_back(what); };
    auto opened = HttpServer::open({reactor.get_executor()}, std::move(options));
    ASSERT_TRUE(opened) << opened.error().text();
    server = *std::move(opened);
    server->start(std::move(handler));
    auto all = [this](Story inner) -> asio::awaitable<void> {
      co_await inner(server->endpoints().front());
      co_await server->close();
    };
    std::exception_ptr thrown;
    asio::co_spawn(reactor, all(std::move(story)), [&](std::exception_ptr exception) { thrown = exception; });
    reactor.run();
    if (thrown) std::rethrow_exception(thrown);
  }

  /// All that comes back for `octets` until the server closes.
  std::string reply_to(std::string octets, HttpHandler handler = echo) {
    std::string out;
    run(
        [&](Endpoint at) -> asio::awaitable<void> {
          Client client(*co_await connect(at, std::nullopt, in(5s)));
          co_await client.send(octets);
          out = co_await client.rest();
          EXPECT_TRUE(client.closed);
        },
        std::move(handler));
    return out;
  }

  asio::io_context reactor{1};
  HttpServerOptions options;
  std::unique_ptr<HttpServer> server;
  std::vector<HttpExchange> exchanges;
  std::vector<std::string> exceptions;
};

TEST_F(Http, requests_follow_each_other_on_one_connection) {
  run([](Endpoint at) -> asio::awaitable<void> {
    Client client(*co_await connect(at, std::nullopt, in(5s)));
    co_await client.send(get("/one"));
    EXPECT_THAT(co_await client.until("GET /one \n"), StartsWith("HTTP/1.1 200 OK\r\n"));
    co_await client.send("POST /two HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" + get("/three"));
    const auto both = co_await client.until("GET /three \n");
    EXPECT_THAT(both, HasSubstr("POST /two abc\n"));
    EXPECT_THAT(both, HasSubstr("Connection: keep-alive\r\n"));
  });
  ASSERT_EQ(exchanges.size(), 3U);
  EXPECT_EQ(exchanges[1].method, "POST");
  EXPECT_EQ(exchanges[2].path, "/three");
  EXPECT_EQ(exchanges[2].status, 200U);
}

// RFC 9112#9.6, RFC 9112#9.3
TEST_F(Http, connection_ends_where_the_client_asks_or_speaks_1_0) {
  EXPECT_THAT(reply_to(get("/", "Connection: close\r\n")), HasSubstr("Connection: close\r\n"));
  server.reset();
  reactor.restart();
  EXPECT_THAT(reply_to("GET /old HTTP/1.0\r\n\r\n"), EndsWith("GET /old \n"));
}

// RFC 9110#9.3.2
TEST_F(Http, head_has_the_length_and_no_body) {
  const auto reply = reply_to("HEAD /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(reply, HasSubstr("Content-Length: 9\r\n"));
  EXPECT_THAT(reply, EndsWith("\r\n\r\n"));
}

TEST_F(Http, what_is_not_http_is_answered_and_closed) {
  EXPECT_THAT(reply_to("EHLO a.example\r\n\r\n"), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  ASSERT_EQ(exchanges.size(), 1U);
  EXPECT_EQ(exchanges[0].method, "");
}

TEST_F(Http, too_large_a_body_is_refused_and_the_client_reads_the_reply) {
  const auto reply =
      reply_to("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n" + std::string(500'000, 'x'));
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 413 "));
}

TEST_F(Http, body_limit_is_told_by_the_head) {
  options.max_body = [](const HttpRequest& head) -> std::size_t {
    return head.header("authorization") == "let me in" ? 1'000'000 : 0;
  };
  std::string out;
  run([&](Endpoint at) -> asio::awaitable<void> {
    Client stranger(*co_await connect(at, std::nullopt, in(5s)));
    co_await stranger.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n");
    EXPECT_THAT(co_await stranger.rest(), StartsWith("HTTP/1.1 413 "));
    Client friendly(*co_await connect(at, std::nullopt, in(5s)));
    co_await friendly.send("POST /x HTTP/1.1\r\nHost: a\r\nAuthorization: let me in\r\nContent-Length: 300000\r\n\r\n");
    co_await friendly.send(std::string(300'000, 'x'));
    EXPECT_THAT(co_await friendly.until("xx\n"), StartsWith("HTTP/1.1 200 "));
  });
}

TEST_F(Http, bodies_together_are_bounded) {
  options.max_bodies = 50'000;
  run([](Endpoint at) -> asio::awaitable<void> {
    Client first(*co_await connect(at, std::nullopt, in(5s)));
    co_await first.send("POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(co_await first.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    Client second(*co_await connect(at, std::nullopt, in(5s)));
    co_await second.send("POST /second HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n");
    EXPECT_THAT(co_await second.rest(), StartsWith("HTTP/1.1 503 "));
    co_await first.send(std::string(40'000, 'x'));
    EXPECT_THAT(co_await first.until("xx\n"), StartsWith("HTTP/1.1 200 "));
    // What the first one held is free again.
    Client third(*co_await connect(at, std::nullopt, in(5s)));
    co_await third.send("POST /third HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n9c40\r\n" +
                        std::string(40'000, 'y') + "\r\n0\r\n\r\n");
    EXPECT_THAT(co_await third.until("yy\n"), StartsWith("HTTP/1.1 200 "));
  });
}

TEST_F(Http, slow_header_and_slow_body_end_in_408) {
  options.head_time = 50ms;
  options.body_time = 50ms;
  run([](Endpoint at) -> asio::awaitable<void> {
    Client slow(*co_await connect(at, std::nullopt, in(5s)));
    co_await slow.send("GET / HT");
    EXPECT_THAT(co_await slow.rest(), StartsWith("HTTP/1.1 408 "));
    EXPECT_TRUE(slow.closed);
    Client body(*co_await connect(at, std::nullopt, in(5s)));
    co_await body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
    EXPECT_THAT(co_await body.rest(), StartsWith("HTTP/1.1 408 "));
  });
}

TEST_F(Http, idle_connection_is_closed_without_a_word) {
  options.idle_time = 30ms;
  EXPECT_EQ(reply_to(""), "");
}

TEST_F(Http, connections_over_the_limit_get_503) {
  options.max_connections = 1;
  run([](Endpoint at) -> asio::awaitable<void> {
    Client first(*co_await connect(at, std::nullopt, in(5s)));
    co_await first.send(get("/"));
    static_cast<void>(co_await first.until("GET / \n"));
    Client second(*co_await connect(at, std::nullopt, in(5s)));
    EXPECT_THAT(co_await second.rest(), StartsWith("HTTP/1.1 503 "));
  });
}

TEST_F(Http, a_failing_handler_is_a_500_that_tells_nothing) {
  const auto reply = reply_to(get("/throw") + get("/split", "Connection: close\r\n"));
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(reply, testing::Not(HasSubstr("on purpose")));
  EXPECT_THAT(reply, testing::Not(HasSubstr("secret")));
  ASSERT_EQ(exceptions.size(), 2U);
  EXPECT_EQ(exceptions[0], "thrown on purpose");
}

TEST_F(Http, events_are_streamed_until_the_hub_goes) {
  options.heartbeat = 20ms;
  auto hub = std::make_optional<EventHub>();
  auto story = [&](Endpoint at) -> asio::awaitable<void> {
    Client client(*co_await connect(at, std::nullopt, in(5s)));
    co_await client.send(get("/events"));
    EXPECT_THAT(co_await client.until("\r\n\r\n"), HasSubstr("Content-Type: text/event-stream\r\n"));
    EXPECT_THAT(co_await client.until(": still here\n\n"), EndsWith(": still here\n\n"));
    hub->publish({.name = "standing", .data = "{}"});
    EXPECT_THAT(co_await client.until("data: {}\n\n"), HasSubstr("event: standing\ndata: {}\n\n"));
    EXPECT_EQ(hub->streams(), 1U);
    hub.reset();
    static_cast<void>(co_await client.rest());
    EXPECT_TRUE(client.closed);
  };
  run(story, [&](HttpRequest) -> asio::awaitable<HttpReply> {
    auto events = hub->subscribe();
    co_return HttpReply{.events = *std::move(events)};
  });
}

TEST_F(Http, closing_ends_event_streams) {
  EventHub hub;
  auto story = [&](Endpoint at) -> asio::awaitable<void> {
    Client client(*co_await connect(at, std::nullopt, in(5s)));
    co_await client.send(get("/events"));
    static_cast<void>(co_await client.until("\r\n\r\n"));
    EXPECT_EQ(server->connections(), 1U);
    co_await server->close();
    EXPECT_EQ(server->connections(), 0U);
  };
  run(story, [&](HttpRequest) -> asio::awaitable<HttpReply> {
    auto events = hub.subscribe();
    co_return HttpReply{.events = *std::move(events)};
  });
}

TEST(EventHub, a_slow_reader_is_told_that_it_missed_something) {
  EventHub hub;
  auto events = hub.subscribe();
  ASSERT_TRUE(events);
  for (std::size_t i = 0; i <= EventHub::max_waiting; ++i) hub.publish({.name = "n", .data = std::to_string(i)});
  asio::io_context reactor{1};
  std::optional<std::vector<HttpEvent>> got;
  auto read = [&]() -> asio::awaitable<void> { got = co_await (*events)(in(5s)); };
  asio::co_spawn(reactor, read(), [](std::exception_ptr) {});
  reactor.run();
  ASSERT_TRUE(got);
  ASSERT_EQ(got->size(), 1U);
  EXPECT_EQ(got->front().name, "missed");
}

TEST_F(Http, an_inherited_socket_is_served) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(descriptor, 8), 0);
  options.inherited = {{.descriptor = descriptor, .name = "console"}};
  EXPECT_THAT(reply_to(get("/", "Connection: close\r\n")), EndsWith("GET / \n"));
}

TEST_F(Http, tls_is_spoken_where_a_context_is_given) {
  options.tls = TlsContext::server_self_signed("console.example").value();
  auto handler = [](HttpRequest request) -> asio::awaitable<HttpReply> {
    co_return text_reply(200, request.channel == HttpChannel::tls ? "over TLS" : "in the clear");
  };
  run(
      [](Endpoint at) -> asio::awaitable<void> {
        Client client(*co_await connect(at, std::nullopt, in(5s)));
        const auto context = TlsContext::client_opportunistic().value();
        EXPECT_TRUE(co_await client.stream().start_tls_client(context, "console.example", in(5s)));
        co_await client.send(get("/", "Connection: close\r\n"));
        EXPECT_THAT(co_await client.rest(), EndsWith("over TLS\n"));
      },
      handler);
}

}  // namespace
}  // namespace ptarmigan::net
