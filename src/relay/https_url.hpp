// relay/https_url.hpp - the address of a web service that is posted to. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dns/name.hpp"

namespace ptarmigan::relay {

struct HttpsUrl {
  dns::DomainName host;
  std::uint16_t port = 443;
  std::string path = "/";  ///< with the query

  /// "https://host[:port][/path]" in printable ASCII; nothing where it is something else.
  static std::optional<HttpsUrl> parse(std::string_view text);
};

}  // namespace ptarmigan::relay
