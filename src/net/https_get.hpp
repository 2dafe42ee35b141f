// net/https_get.hpp - one HTTPS GET, as MTA-STS fetches policies (RFC 8461#3.3), or POST: a verified certificate, no
// redirects, no cache, a bounded body. Limits: HttpsRequest::max_body, 8 KiB of header. Errors: where nothing whole
// came back; any whole reply is a value, whatever its status.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>

#include "base/result.hpp"
#include "net/answer_source.hpp"
#include "net/tls.hpp"

namespace ptarmigan::net {

struct HttpsRequest {
  dns::DomainName host;
  std::string path;  ///< "/.well-known/mta-sts.txt"
  std::uint16_t port = 443;
  std::size_t max_body = 65'536;
  struct Post {
    std::string content_type;
    std::string body;
  };
  std::optional<Post> post = {};                                 ///< nothing: GET
  std::vector<std::pair<std::string, std::string>> fields = {};  ///< more of the header; no line ends in them
};

struct HttpsReply {
  unsigned status = 0;
  std::string content_type;
  std::string body;
};

enum class HttpsFault {
  unreachable,  ///< no address, no connection, no answer in time, broken off
  tls,          ///< the certificate, or the handshake
  malformed,    ///< not HTTP, or larger than allowed
};
struct HttpsError {
  HttpsFault fault = HttpsFault::unreachable;
  std::string message;
};

/// Asks `dns` for the host's addresses and tries them in turn. `tls`: a context of client_verified().
[[nodiscard]] boost::asio::awaitable<std::expected<HttpsReply, HttpsError>> https_get(
    AnswerSource& dns, std::shared_ptr<const TlsContext> tls, HttpsRequest request, SteadyTime deadline);

}  // namespace ptarmigan::net
