// net/http_message.hpp - HTTP requests and replies as values, and their text (RFC 9110, RFC 9112). Pure.
// Limits: HttpRequest comes from HttpRequestParser (http_request_parser.hpp), which bounds all of it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/ip_address.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace ptarmigan::net {

/// Names and values in the order in which they came.
using HttpFields = std::vector<std::pair<std::string, std::string>>;

enum class HttpChannel { clear, tls };

struct HttpRequest {
  std::string method;                 ///< upper case: "GET"
  std::string path;                   ///< as it was sent, without the query: "/a%20b"; begins with "/"
  std::vector<std::string> segments;  ///< of the path, each percent-decoded: {"a b"}; {} for "/"
  HttpFields query = {};              ///< decoded, "+" is a blank
  HttpFields headers = {};            ///< names in lower case, values without surrounding blanks
  std::string body = {};
  Endpoint peer = {};
  HttpChannel channel = HttpChannel::clear;

  /// The only field of that name (lower case); nothing where it is absent or stands there more than once.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
  /// The first of that name.
  [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const;
};

/// One server-sent event. `data` may have several lines.
struct HttpEvent {
  std::string name;
  std::string data;
  std::string id = {};
};

/// Waits for the next events until `deadline`; an empty list at the deadline; nothing when the stream has ended.
using HttpEvents = std::function<boost::asio::awaitable<std::optional<std::vector<HttpEvent>>>(SteadyTime deadline)>;

struct HttpReply {
  unsigned status = 200;
  HttpFields headers = {};  ///< without Content-Length, Date and Connection, which the server writes
  std::string body = {};
  HttpEvents events = {};  ///< where set, the reply is text/event-stream and `body` is not sent
};

/// A reply of one line of text.
[[nodiscard]] HttpReply text_reply(unsigned status, std::string text);
/// "Not Found"; "" for a code that has no phrase here.
[[nodiscard]] std::string_view reason_phrase(unsigned status);

enum class HttpBody { sent, left_out };  ///< left out for HEAD, 204 and 304
enum class HttpConnection { keep, close };
/// Status line and header section with the empty line (RFC 9112#4). A field whose name is no token or whose value has a
/// control character is an error: replies are made by us.
[[nodiscard]] Result<std::string> write_head(const HttpReply& reply, HttpConnection connection, WallTime now);
/// In the form of an event stream: "event: x\ndata: y\n\n". Line ends in name and id are dropped.
[[nodiscard]] std::string write_event(const HttpEvent& event);

/// Percent-decoded; nothing where a "%" is not followed by two hexadecimal digits, or NUL would come out.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);
[[nodiscard]] std::string percent_encode(std::string_view text);
/// Fills path, segments and query from a request target in origin or absolute form (RFC 9112#3.2). False for anything
/// else, for "." and ".." segments, and for broken escapes.
[[nodiscard]] bool read_target(std::string_view target, HttpRequest& request);

}  // namespace ptarmigan::net
