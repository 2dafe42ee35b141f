// net/tests/http_message_test.cpp - requests read, replies written, routes found: values only.
#include "net/http_message.hpp"

#include <gtest/gtest.h>

#include "net/http_chunks.hpp"
#include "net/http_request_parser.hpp"
#include "net/http_router.hpp"

namespace ptarmigan::net {
namespace {

using State = HttpRequestParser::State;

/// The state after the whole, with a body of up to 10 octets allowed, and the status of the refusal.
std::pair<State, unsigned> read(std::string_view octets) {
  HttpRequestParser parser;
  parser.put(octets);
  if (parser.state() == State::body_wanted) parser.allow_body(10);
  return {parser.state(), parser.state() == State::failed ? parser.error().status : 0};
}

HttpRequest request_for(std::string method, std::string_view target) {
  HttpRequest request{.method = std::move(method), .path = {}, .segments = {}};
  EXPECT_TRUE(read_target(target, request)) << target;
  return request;
}

// RFC 9112#3.2, RFC 3986#2.1
TEST(HttpTarget, path_and_query_are_decoded_once) {
  const auto request = request_for("GET", "/a%2Fb/c%2520d?q=x+y%3D&empty&=v");
  EXPECT_EQ(request.path, "/a%2Fb/c%2520d");
  EXPECT_EQ(request.segments, (std::vector<std::string>{"a/b", "c%20d"}));
  EXPECT_EQ(request.query, (HttpFields{{"q", "x y="}, {"empty", ""}, {"", "v"}}));
  EXPECT_EQ(request.parameter("q"), "x y=");
  EXPECT_FALSE(request.parameter("none"));
  EXPECT_EQ(request_for("GET", "http://a.example:80/x?y").path, "/x");
  EXPECT_EQ(request_for("GET", "http://a.example").path, "/");
}

TEST(HttpTarget, what_leaves_the_tree_or_is_broken_is_refused) {
  for (const auto* const target : {"", "*", "a", "/..", "/a/../b", "/%2e%2e/b", "/.", "/%", "/%4", "/%zz", "/%00",
                                   "/a?%zz", "/a#b", "ftp://a/b"}) {
    HttpRequest request;
    EXPECT_FALSE(read_target(target, request)) << target;
  }
}

TEST(HttpRequestParser, reads_head_and_body) {
  HttpRequestParser parser;
  EXPECT_FALSE(parser.begun());
  parser.put("POST /x HTTP/1.1\r\nHost: a\r\nX-Y:  v  \r\nContent-Le");
  EXPECT_EQ(parser.state(), State::head);
  EXPECT_TRUE(parser.begun());
  parser.put("ngth: 5\r\n\r\nhel");
  ASSERT_EQ(parser.state(), State::body_wanted);
  EXPECT_EQ(parser.declared_length(), 5U);
  parser.allow_body(5);
  EXPECT_EQ(parser.state(), State::body);
  parser.put("loGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_EQ(parser.state(), State::done);
  const auto request = parser.take();
  EXPECT_EQ(request.body, "hello");
  EXPECT_EQ(request.header("x-y"), "v");
  parser.next();
  ASSERT_EQ(parser.state(), State::body_wanted);
  EXPECT_EQ(parser.head().method, "GET");
}

// RFC 9112#6.3: a message with two lengths may be an attempt of request smuggling.
TEST(HttpRequestParser, unclear_requests_are_refused) {
  const auto refused = [](unsigned status) { return std::pair(State::failed, status); };
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(read(post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"), refused(400));
  EXPECT_EQ(read(post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc"), refused(400));
  EXPECT_EQ(read(post + "Content-Length: -3\r\n\r\nabc"), refused(400));
  EXPECT_EQ(read(post + "Transfer-Encoding: gzip\r\n\r\n"), refused(400));
  EXPECT_EQ(read(post + "Host: b\r\n\r\n"), refused(400));
  EXPECT_EQ(read("GET / HTTP/1.1\r\n\r\n"), refused(400));
  EXPECT_EQ(read("GET / HTTP/1.1\r\nHost : a\r\n\r\n"), refused(400));
  EXPECT_EQ(read("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"), refused(400));
  EXPECT_EQ(read("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), refused(505));
  EXPECT_EQ(read("CONNECT a:25 HTTP/1.1\r\nHost: a\r\n\r\n"), refused(501));
  EXPECT_EQ(read("EHLO a.example\r\n\r\n"), refused(400));
  EXPECT_EQ(read(std::string("GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 33)), refused(400));
}

TEST(HttpRequestParser, sizes_are_bounded) {
  EXPECT_EQ(read("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(max_http_head, 'x')).second, 431U);
  EXPECT_EQ(read("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n").second, 413U);
  EXPECT_EQ(read("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n").second, 413U);
  EXPECT_EQ(
      read("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n6\r\nabcdef\r\n").second,
      413U);
  EXPECT_EQ(read("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n").first,
            State::done);
}

// RFC 9112#7.1
TEST(HttpRequestParser, chunks_are_joined_and_their_extensions_and_trailers_read_over) {
  const std::string request =
      "\r\nPOST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;a=\"b;c\"\r\nab\n\r\n00A ; d\r\n0123456789\r\n0\r\nX: y\r\n\r\nGET";
  for (std::size_t piece = 1; piece <= request.size(); ++piece) {
    HttpRequestParser parser;
    for (std::size_t at = 0; at < request.size(); at += piece) {
      parser.put(std::string_view(request).substr(at, piece));
      parser.allow_body(13);
    }
    ASSERT_EQ(parser.state(), State::done) << piece;
    EXPECT_EQ(parser.take().body, "ab\n0123456789") << piece;
    parser.next();
    EXPECT_TRUE(parser.begun());
  }
}

TEST(HttpRequestParser, broken_chunks_are_refused) {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const auto refused = std::pair(State::failed, 400U);
  for (const auto* const body :
       {"\r\n", "x\r\n", "-1\r\na\r\n", "0x1\r\na\r\n", "1\na\r\n0\r\n\r\n", "1\r\nab\r\n", "1\r\na\n0\r\n\r\n",
        "1 a\r\n", "1 \r\na\r\n", "000000001\r\na\r\n", "1;\ra\r\na\r\n", "0\r\nX: y\n\r\n"})
    EXPECT_EQ(read(head + body), refused) << body;
  EXPECT_EQ(read(head + "1;" + std::string(max_chunk_overhead, 'x')), refused);
  EXPECT_EQ(read("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), refused);
}

TEST(HttpReply, fields_with_line_ends_are_never_written) {
  const HttpReply reply{.status = 200, .headers = {{"X", "a\r\nSet-Cookie: b"}}};
  EXPECT_FALSE(write_head(reply, HttpConnection::keep, WallTime()));
  EXPECT_EQ(
      write_head({.status = 404, .headers = {{"X", "a"}}, .body = "abc"}, HttpConnection::close, WallTime()).value(),
      "HTTP/1.1 404 Not Found\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nX: a\r\nContent-Length: 3\r\n"
      "Connection: close\r\n\r\n");
}

TEST(HttpReply, an_event_cannot_end_itself_early) {
  EXPECT_EQ(write_event({.name = "a\nb", .data = "one\r\ntwo\n\ndata", .id = "7"}),
            "event: ab\nid: 7\ndata: one\ndata: two\ndata: \ndata: data\n\n");
}

TEST(HttpRouter, literal_segments_win_over_names) {
  HttpRouter router;
  const auto one = router.add("GET", "/m/{id}").value();
  const auto all = router.add("GET", "/m/all").value();
  const auto retry = router.add("POST", "/m/{id}/retry").value();
  const auto root = router.add("GET", "/").value();
  EXPECT_FALSE(router.add("GET", "/m/all"));
  EXPECT_EQ(router.match(request_for("GET", "/m/all")).route, all);
  EXPECT_EQ(router.match(request_for("HEAD", "/m/a%2Fb")).route, one);
  EXPECT_EQ(router.match(request_for("GET", "/m/a%2Fb")).parameters, (HttpFields{{"id", "a/b"}}));
  EXPECT_EQ(router.match(request_for("POST", "/m/7/retry")).route, retry);
  EXPECT_EQ(router.match(request_for("GET", "/")).route, root);
}

TEST(HttpRouter, unknown_path_and_unknown_method_differ) {
  HttpRouter router;
  ASSERT_TRUE(router.add("GET", "/m/{id}"));
  ASSERT_TRUE(router.add("DELETE", "/m/{id}"));
  const auto wrong_method = router.match(request_for("POST", "/m/7"));
  EXPECT_FALSE(wrong_method.route);
  EXPECT_EQ(wrong_method.allowed, (std::vector<std::string>{"GET", "DELETE"}));
  for (const auto* const path : {"/m", "/m/", "/m/7/x", "/"}) {
    const auto unknown = router.match(request_for("GET", path));
    EXPECT_FALSE(unknown.route) << path;
    EXPECT_TRUE(unknown.allowed.empty()) << path;
  }
}

}  // namespace
}  // namespace ptarmigan::net
