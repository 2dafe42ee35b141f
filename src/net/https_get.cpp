// net/https_get.cpp - see https_get.hpp.
#include "net/https_get.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "net/settle.hpp"
#include "net/stream.hpp"

namespace ptarmigan::net {
namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

using Reply = std::expected<HttpsReply, HttpsError>;

constexpr std::uint32_t max_header = 8'192;
/// Of a host with many addresses.
constexpr std::size_t max_addresses = 4;

std::unexpected<HttpsError> error(HttpsFault fault, std::string message) {
  return std::unexpected(HttpsError{.fault = fault, .message = std::move(message)});
}

std::unexpected<HttpsError> error(const HttpsRequest& request, const StreamError& from) {
  return error(from.fault == Fault::tls ? HttpsFault::tls : HttpsFault::unreachable,
               request.host.text() + ": " + from.message);
}

std::string head_of(const HttpsRequest& request) {
  std::string out = (request.post ? "POST " : "GET ") + request.path + " HTTP/1.1\r\nHost: " + request.host.text() +
                    "\r\nConnection: close\r\nCache-Control: no-cache\r\nUser-Agent: Ptarmigan\r\n";
  if (request.post) {
    out += "Content-Type: " + request.post->content_type +
           "\r\nContent-Length: " + std::to_string(request.post->body.size()) + "\r\n";
  }
  for (const auto& [name, value] : request.fields) out += name + ": " + value + "\r\n";
  return out + "\r\n";
}

asio::awaitable<Reply> exchange(std::unique_ptr<Stream> stream, HttpsRequest request, SteadyTime deadline) {
  const std::string text = head_of(request) + (request.post ? request.post->body : "");
  if (const auto written = co_await stream->write(text, deadline); !written) co_return error(request, written.error());
  http::response_parser<http::string_body> parser;
  parser.eager(true);
  parser.header_limit(max_header);
  parser.body_limit(request.max_body);
  std::string unparsed;
  while (!parser.is_done()) {
    const auto octets = co_await stream->read(deadline);
    boost::system::error_code code;
    if (!octets) {
      // A body without a length ends where the connection does.
      if (octets.error().fault == Fault::closed && unparsed.empty()) parser.put_eof(code);
      if (parser.is_done() && !code) break;
      co_return error(request, octets.error());
    }
    unparsed += *octets;
    const auto taken = parser.put(asio::buffer(unparsed), code);
    unparsed.erase(0, taken);
    if (code && code != http::error::need_more)
      co_return error(HttpsFault::malformed, request.host.text() + ": the reply is not usable: " + code.message());
  }
  auto message = parser.release();
  co_return HttpsReply{.status = message.result_int(),
                       .content_type = std::string(message[http::field::content_type]),
                       .body = std::move(message.body())};
}

asio::awaitable<Reply> get_from(IpAddress address, std::shared_ptr<const TlsContext> tls, HttpsRequest request,
                                SteadyTime deadline) {
  auto stream = co_await connect({.address = address, .port = request.port}, std::nullopt, deadline);
  if (!stream) co_return error(request, stream.error());
  const auto info = co_await (*stream)->start_tls_client(std::move(tls), request.host.text(), deadline);
  if (!info) co_return error(request, info.error());
  if (info->trust != PeerTrust::verified)
    co_return error(HttpsFault::tls, request.host.text() + ": the certificate is not verified");
  co_return co_await exchange(*std::move(stream), std::move(request), deadline);
}

}  // namespace

asio::awaitable<Reply> https_get(AnswerSource& dns, std::shared_ptr<const TlsContext> tls, HttpsRequest request,
                                 SteadyTime deadline) {
  const std::vector<Question> questions{{request.host, dns::RecordType::aaaa}, {request.host, dns::RecordType::a}};
  const auto answers = co_await answer_all(dns, questions, deadline);
  Reply reply = error(HttpsFault::unreachable, request.host.text() + " has no address");
  std::size_t tried = 0;
  for (const auto& answer : answers) {
    for (const auto& address : answer.all<IpAddress>()) {
      if (++tried > max_addresses) co_return reply;
      reply = co_await get_from(address, tls, request, deadline);
      // A host that answered has answered; only one that cannot be reached is tried elsewhere.
      if (reply || reply.error().fault != HttpsFault::unreachable || co_await cancelled()) co_return reply;
    }
  }
  co_return reply;
}

}  // namespace ptarmigan::net
