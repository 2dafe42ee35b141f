// net/hmac.hpp - HMAC-SHA-256 (RFC 2104#2), as webhooks are signed with.
#pragma once

#include <string>
#include <string_view>

namespace ptarmigan::net {

/// 64 lower-case hexadecimal digits.
[[nodiscard]] std::string hmac_sha256_hex(std::string_view key, std::string_view octets);

}  // namespace ptarmigan::net
