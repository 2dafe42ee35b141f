// base/encoding.hpp - base64 (RFC 4648#4) and hexadecimal.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ptarmigan {

enum class Base64Blanks {
  refuse,  ///< one unbroken word (SASL, RFC 4954)
  ignore,  ///< SP, HTAB, CR, LF anywhere (DKIM tag values, PEM)
};

[[nodiscard]] std::string base64_encode(std::string_view octets);

/// RFC 4648#5, without padding, as JOSE and OAuth write it (RFC 7515#2).
[[nodiscard]] std::string base64url_encode(std::string_view octets);

/// Strict: right alphabet, right padding, zero trailing bits, nothing after the padding; nothing where that fails.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text,
                                                       Base64Blanks blanks = Base64Blanks::refuse);

/// Lower-case hexadecimal, two digits an octet.
[[nodiscard]] std::string hex_encode(std::string_view octets);

}  // namespace ptarmigan
