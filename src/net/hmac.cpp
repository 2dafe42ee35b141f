// net/hmac.cpp - see hmac.hpp.
#include "net/hmac.hpp"

#include <array>

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace ptarmigan::net {

std::string hmac_sha256_hex(std::string_view key, std::string_view octets) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(octets.data()),
       octets.size(), digest.data(), &length);
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (unsigned at = 0; at < length; ++at) {
    out += digits[digest.at(at) >> 4U];
    out += digits[digest.at(at) & 15U];
  }
  return out;
}

}  // namespace ptarmigan::net
