// smtp/credentials.cpp - see credentials.hpp.
#include "smtp/credentials.hpp"

#include "base/encoding.hpp"

namespace ptarmigan::smtp {

std::optional<PlainCredentials> PlainCredentials::decode(std::string_view base64) {
  auto octets = base64_decode(base64);
  if (!octets) return std::nullopt;
  const Secret message(*octets);
  wipe(*octets);
  const auto text = message.reveal();
  const auto first = text.find('\0');
  if (first == std::string_view::npos) return std::nullopt;
  const auto second = text.find('\0', first + 1);
  if (second == std::string_view::npos || text.find('\0', second + 1) != std::string_view::npos) return std::nullopt;
  PlainCredentials out{std::string(text.substr(0, first)), std::string(text.substr(first + 1, second - first - 1)),
                       Secret(std::string(text.substr(second + 1)))};
  if (out.user.empty() || out.password.empty()) return std::nullopt;
  return out;
}

Secret PlainCredentials::encode() const {
  std::string message = authorization_id;
  message += '\0';
  message += user;
  message += '\0';
  message += password.reveal();
  Secret out(base64_encode(message));
  wipe(message);
  return out;
}

}  // namespace ptarmigan::smtp
