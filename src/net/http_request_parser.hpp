// net/http_request_parser.hpp - octets to an HttpRequest, in two steps: the head, then a body of at most what the
// caller allows for that head (RFC 9112). Feeding octets one by one or all at once gives the same.
//
//   HttpRequestParser parser;
//   parser.put(octets);
//   if (parser.state() == State::body_wanted) parser.allow_body(limit);
//
// Refused: anything that two parsers could read differently (both lengths, two Hosts, blanks before a colon), HTTP
// other than 1.x, methods that nobody here serves. Limits: max_http_head; the body's is the caller's.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "net/http_message.hpp"

namespace ptarmigan::net {

inline constexpr std::size_t max_http_head = 16'384;

class HttpRequestParser {
 public:
  enum class State {
    head,         ///< the header section is not complete
    body_wanted,  ///< allow_body() must be called
    body,
    done,
    failed,  ///< see error()
  };

  HttpRequestParser();
  HttpRequestParser(const HttpRequestParser&) = delete;
  HttpRequestParser& operator=(const HttpRequestParser&) = delete;
  ~HttpRequestParser();

  /// Octets behind the end of the request stay for the next one.
  void put(std::string_view octets);
  void allow_body(std::size_t limit);
  /// After done: begins the next request with what is left.
  void next();

  [[nodiscard]] State state() const;
  /// True from the first octet of a request on.
  [[nodiscard]] bool begun() const;
  /// From body_wanted on until take(); its body as far as it was read.
  [[nodiscard]] const HttpRequest& head() const;
  /// Declared by Content-Length; nothing where chunked or without a body.
  [[nodiscard]] std::optional<std::uint64_t> declared_length() const;
  [[nodiscard]] std::size_t body_octets() const;
  [[nodiscard]] bool expects_continue() const;
  [[nodiscard]] HttpConnection connection() const;
  /// After done, once.
  [[nodiscard]] HttpRequest take();
  /// After failed: the reply that says why.
  [[nodiscard]] const HttpReply& error() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ptarmigan::net
