// relay/https_url.cpp - see https_url.hpp.
#include "relay/https_url.hpp"

#include "base/text.hpp"

namespace ptarmigan::relay {

std::optional<HttpsUrl> HttpsUrl::parse(std::string_view text) {
  if (!text.starts_with("https://")) return std::nullopt;
  text.remove_prefix(8);
  for (const char c : text)
    if (!is_printable_ascii(c) || c == ' ') return std::nullopt;
  const auto slash = text.find('/');
  auto authority = text.substr(0, slash);
  std::uint16_t port = 443;
  if (const auto colon = authority.find(':'); colon != std::string_view::npos) {
    const auto number = parse_number<std::uint16_t>(authority.substr(colon + 1));
    if (!number) return std::nullopt;
    port = *number;
    authority = authority.substr(0, colon);
  }
  auto host = dns::DomainName::parse(authority);
  if (!host || host->is_root()) return std::nullopt;
  return HttpsUrl{*std::move(host), port, slash == std::string_view::npos ? "/" : std::string(text.substr(slash))};
}

}  // namespace ptarmigan::relay
