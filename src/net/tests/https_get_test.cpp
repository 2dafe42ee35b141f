// net/tests/https_get_test.cpp - HTTPS GET against scripted servers over loopback.
#include "net/https_get.hpp"

#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <unistd.h>

#include "net/clock.hpp"
#include "net/listener.hpp"
#include "net/stream.hpp"

namespace ptarmigan::net {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// Every name is on loopback; "nowhere.example" has no address.
class Loopback final : public AnswerSource {
 public:
  asio::awaitable<Answer> answer(Question question, SteadyTime) override {
    Answer answer{.status = AnswerStatus::no_data};
    if (question.type == dns::RecordType::a && question.name != dns::name("nowhere.example")) {
      answer.status = AnswerStatus::found;
      answer.records = {{question.name, dns::RecordType::a, 60, IpAddress::v4({127, 0, 0, 1})}};
    }
    co_return answer;
  }
};

class HttpsGet : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder() = testing::TempDir() + "https." + std::to_string(getpid());
    const std::string command =
        "mkdir -p " + folder() + " && cd " + folder() +
        " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem "
        "-days 2 -subj /CN=x -addext subjectAltName=DNS:mta-sts.example.com";
    ASSERT_EQ(std::system(("(" + command + ") >/dev/null 2>&1").c_str()), 0);
  }
  static void TearDownTestSuite() { static_cast<void>(std::system(("rm -rf " + folder()).c_str())); }

  /// What comes of a GET from a server that reads the request and then writes `reply` and closes.
  std::expected<HttpsReply, HttpsError> get(std::string reply, std::string host = "mta-sts.example.com",
                                            milliseconds time = 5s) {
    asio::io_context reactor{1};
    auto listener =
        Listener::open({reactor.get_executor()}, {.endpoints = {{IpAddress::v4({127, 0, 0, 1}), 0}}}).value();
    const auto server = TlsContext::server(folder() + "/cert.pem", folder() + "/key.pem").value();
    listener->start([this, server, reply](std::unique_ptr<Stream> stream) -> asio::awaitable<void> {
      if (!co_await stream->start_tls_server(server, in(5s))) co_return;
      while (!request_.ends_with("\r\n\r\n")) {
        const auto octets = co_await stream->read(in(5s));
        if (!octets) co_return;
        request_ += *octets;
      }
      if (reply.empty()) static_cast<void>(co_await stream->read(in(5s)));
      // In two pieces, so that a line is split.
      static_cast<void>(co_await stream->write(std::string_view(reply).substr(0, 7), in(5s)));
      static_cast<void>(
          co_await stream->write(std::string_view(reply).substr(std::min<std::size_t>(7, reply.size())), in(5s)));
      co_await stream->shutdown(in(1s));
    });
    std::expected<HttpsReply, HttpsError> result;
    auto client = [&]() -> asio::awaitable<void> {
      Loopback dns;
      HttpsRequest request{
          .host = dns::name(host), .path = "/.well-known/mta-sts.txt", .port = listener->endpoints().front().port};
      result = co_await https_get(dns, TlsContext::client_verified(folder() + "/cert.pem").value(), request, in(time));
      co_await listener->close();
    };
    std::exception_ptr thrown;
    asio::co_spawn(reactor, client(), [&](std::exception_ptr exception) { thrown = exception; });
    reactor.run();
    if (thrown) std::rethrow_exception(thrown);
    return result;
  }
  static std::string& folder() {
    static std::string folder;
    return folder;
  }
  std::string request_;
};

TEST_F(HttpsGet, returns_the_whole_reply) {
  const auto reply = get("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello");
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 200U);
  EXPECT_EQ(reply->content_type, "text/plain");
  EXPECT_EQ(reply->body, "hello");
  EXPECT_TRUE(request_.starts_with("GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts.example.com\r\n"))
      << request_;
}

TEST_F(HttpsGet, takes_chunks_and_a_body_that_ends_with_the_connection) {
  const auto chunked = get("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  ASSERT_TRUE(chunked) << chunked.error().message;
  EXPECT_EQ(chunked->body, "abcde");
  const auto open = get("HTTP/1.1 200 OK\r\n\r\nuntil the end");
  ASSERT_TRUE(open) << open.error().message;
  EXPECT_EQ(open->body, "until the end");
}

// RFC 8461#3.3
TEST_F(HttpsGet, redirect_is_a_reply_and_not_followed) {
  const auto reply = get("HTTP/1.1 302 Found\r\nLocation: https://nowhere.example/\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status, 302U);
}

TEST_F(HttpsGet, cut_off_reply_is_an_error) {
  const auto reply = get("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello");
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().fault, HttpsFault::unreachable);
}

TEST_F(HttpsGet, too_much_and_nonsense_are_malformed) {
  for (const auto& text : {"HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n" + std::string(65'537, 'x'),
                           "HTTP/1.1 200 OK\r\n\r\n" + std::string(65'537, 'x'),
                           "HTTP/1.1 200 OK\r\nX: " + std::string(9'000, 'x') + "\r\n\r\n",
                           std::string("220 mx.example.com ESMTP\r\n\r\n")}) {
    const auto reply = get(text);
    ASSERT_FALSE(reply) << text.substr(0, 60);
    EXPECT_EQ(reply.error().fault, HttpsFault::malformed) << reply.error().message;
  }
  EXPECT_TRUE(get("HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n" + std::string(65'536, 'x')));
}

TEST_F(HttpsGet, certificate_in_another_name_is_refused_before_anything_is_asked) {
  const auto reply = get("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "mta-sts.example.net");
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().fault, HttpsFault::tls);
  EXPECT_EQ(request_, "");
}

TEST_F(HttpsGet, silent_server_and_missing_host_are_unreachable) {
  const auto silent = get("", "mta-sts.example.com", 200ms);
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().fault, HttpsFault::unreachable);
  const auto missing = get("", "nowhere.example");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "nowhere.example has no address");
}

}  // namespace
}  // namespace ptarmigan::net
