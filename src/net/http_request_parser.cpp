// net/http_request_parser.cpp - see http_request_parser.hpp.
#include "net/http_request_parser.hpp"

#include <algorithm>
#include <array>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "base/text.hpp"
#include "net/http_chunks.hpp"

namespace ptarmigan::net {
namespace http = boost::beast::http;
namespace {

constexpr std::array<std::string_view, 7> methods{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
/// "HTTP/1.1" as Beast says it.
constexpr unsigned http_1_0 = 10;
constexpr unsigned http_1_1 = 11;

std::string text_of(boost::beast::string_view view) {
  return {view.data(), view.size()};
}

}  // namespace

class HttpRequestParser::Impl {
 public:
  Impl() { begin(); }

  void begin() {
    parser_.emplace();
    parser_->header_limit(max_http_head + 1);
    // The body is read here: what the library says of one depends on how it was split.
    parser_->body_limit(boost::none);
    head_ = {};
    chunks_ = {};
    scanned_ = 0;
    state_ = State::head;
    parse();
  }

  void put(std::string_view octets) {
    unparsed_ += octets;
    parse();
  }

  void allow_body(std::size_t limit) {
    if (state_ != State::body_wanted) return;
    limit_ = limit;
    if (declared_length().value_or(0) > limit) return too_large();
    state_ = State::body;
    parse();
  }

  HttpRequest take() { return std::move(head_); }

  [[nodiscard]] std::optional<std::uint64_t> declared_length() const {
    const auto length = parser_->content_length();
    return length ? std::optional<std::uint64_t>(*length) : std::nullopt;
  }
  [[nodiscard]] bool begun() const { return state_ != State::head || !unparsed_.empty(); }
  [[nodiscard]] const HttpRequest& head() const { return head_; }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const HttpReply& error() const { return error_; }
  [[nodiscard]] std::size_t body_octets() const { return head_.body.size(); }
  [[nodiscard]] bool keep_alive() const { return state_ != State::failed && parser_->keep_alive(); }

 private:
  void parse() {
    if (state_ == State::head) find_head();
    if (state_ != State::body) return;
    parser_->chunked() ? read_chunks() : read_counted();
  }

  /// Gives the library the head only when all of it is here.
  void find_head() {
    while (scanned_ == 0 && unparsed_.starts_with("\r\n")) unparsed_.erase(0, 2);  // RFC 9112#2.2
    if (scanned_ == 0 && unparsed_ == "\r") return;
    for (; scanned_ < unparsed_.size(); ++scanned_) {
      if (scanned_ >= max_http_head) return refuse(431, "the header section is too large");
      if (unparsed_[scanned_] != '\n') continue;
      const auto head = std::string_view(unparsed_).substr(0, scanned_ + 1);
      if (!head.ends_with("\r\n")) return refuse(400, "not HTTP: a line ends without a carriage return");
      if (head.ends_with("\r\n\r\n")) return parse_head(head);
    }
  }

  void parse_head(std::string_view head) {
    boost::system::error_code code;
    parser_->put(boost::asio::buffer(head), code);
    if (code) return fail(code, head);
    if (!parser_->is_header_done()) return refuse(400, "not HTTP");
    unparsed_.erase(0, head.size());
    read_head();
  }

  void read_counted() {
    const auto length = static_cast<std::size_t>(declared_length().value_or(0));  // allow_body() has bounded it
    const auto taken = std::min(length - head_.body.size(), unparsed_.size());
    head_.body.append(unparsed_, 0, taken);
    unparsed_.erase(0, taken);
    if (head_.body.size() == length) state_ = State::done;
  }

  void read_chunks() {
    unparsed_.erase(0, chunks_.put(unparsed_, head_.body, limit_));
    if (chunks_.state() == HttpChunks::State::done) state_ = State::done;
    if (chunks_.state() == HttpChunks::State::too_large) too_large();
    if (chunks_.state() == HttpChunks::State::failed) refuse(400, "not HTTP: the chunks of the body are broken");
  }

  void read_head() {
    const auto& message = parser_->get();
    head_.method = text_of(message.method_string());
    if (message.version() != http_1_0 && message.version() != http_1_1) return refuse(505, "only HTTP/1.1 is spoken");
    if (std::ranges::find(methods, head_.method) == methods.end()) return refuse(501, "that method is not known here");
    if (!read_target(text_of(message.target()), head_)) return refuse(400, "the request target is not usable");
    for (const auto& field : message)
      head_.headers.emplace_back(to_lower(text_of(field.name_string())), trim_value(field.value()));
    const auto count = [&](std::string_view name) {
      return std::ranges::count_if(head_.headers, [&](const auto& field) { return field.first == name; });
    };
    if (count("host") > 1 || (message.version() == http_1_1 && count("host") == 0))
      return refuse(400, "exactly one Host field is needed");
    if (count("transfer-encoding") > 0 &&
        (count("content-length") > 0 || !parser_->chunked() || message.version() == http_1_0))  // RFC 9112#6.1
      return refuse(400, "the body's length is not clear");
    state_ = State::body_wanted;
  }

  static std::string_view trim_value(boost::beast::string_view view) {
    return trim(std::string_view(view.data(), view.size()), " \t");
  }

  void fail(const boost::system::error_code& code, std::string_view head) {
    // The library says the same of "GET /a b HTTP/1.1" and of another version.
    const auto line = head.substr(0, head.find('\r'));
    if (code == http::error::bad_version && split(line, ' ').size() == 3) return refuse(505, "only HTTP/1.1 is spoken");
    refuse(400, "not HTTP: " + code.message());
  }
  void too_large() { refuse(413, "the body is larger than the " + std::to_string(limit_) + " octets allowed here"); }
  void refuse(unsigned status, std::string why) {
    state_ = State::failed;
    error_ = text_reply(status, std::move(why));
  }

  std::optional<http::request_parser<http::empty_body>> parser_;
  std::string unparsed_;
  std::size_t scanned_ = 0;  ///< of unparsed_, in search of the head's end
  HttpRequest head_;         ///< with its body as far as it came
  HttpChunks chunks_;
  HttpReply error_;
  std::size_t limit_ = 0;
  State state_ = State::head;
};

HttpRequestParser::HttpRequestParser() : impl_(std::make_unique<Impl>()) {}
HttpRequestParser::~HttpRequestParser() = default;

void HttpRequestParser::put(std::string_view octets) {
  impl_->put(octets);
}
void HttpRequestParser::allow_body(std::size_t limit) {
  impl_->allow_body(limit);
}
void HttpRequestParser::next() {
  impl_->begin();
}
HttpRequestParser::State HttpRequestParser::state() const {
  return impl_->state();
}
bool HttpRequestParser::begun() const {
  return impl_->begun();
}
const HttpRequest& HttpRequestParser::head() const {
  return impl_->head();
}
std::optional<std::uint64_t> HttpRequestParser::declared_length() const {
  return impl_->declared_length();
}
std::size_t HttpRequestParser::body_octets() const {
  return impl_->body_octets();
}
bool HttpRequestParser::expects_continue() const {
  const auto expect = impl_->head().header("expect");
  return expect && iequals(*expect, "100-continue");
}
HttpConnection HttpRequestParser::connection() const {
  return impl_->keep_alive() ? HttpConnection::keep : HttpConnection::close;
}
HttpRequest HttpRequestParser::take() {
  return impl_->take();
}
const HttpReply& HttpRequestParser::error() const {
  return impl_->error();
}

}  // namespace ptarmigan::net
