// auth/dkim/tests/by_hand.hpp - signatures with tags that we never write, made with the key of RFC 8463#A.2.
#pragma once

#include <string>
#include <string_view>

#include "auth/dkim/canonical.hpp"
#include "auth/dkim/crypto.hpp"
#include "auth/dkim/signature.hpp"
#include "auth/dkim/tests/vectors.hpp"
#include "base/encoding.hpp"
#include "message/header.hpp"

namespace ptarmigan::dkim::test {

inline std::string base64_hash(std::string_view octets) {
  const auto digest = sha256(octets);
  return base64_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

/// `field` ends with "b="; it comes back with the signature of `covered` and of itself, and CRLF.
inline std::string signed_field(const std::string& field, std::string covered, Canonicalization form) {
  static const PrivateKey key = PrivateKey::parse(rfc8463_ed25519_seed).value();
  const auto own = message::HeaderSection::parse(field);
  append_canonical(form, own->fields().at(0), covered);
  if (covered.ends_with("\r\n")) covered.resize(covered.size() - 2);
  return field + base64_encode(key.sign(sha256(covered)).value()) + "\r\n";
}

/// `message` with a DKIM-Signature of From on top; `tags` lack only b=.
inline std::string sign_by_hand(const std::string& tags, std::string_view message,
                                Canonicalization form = Canonicalization::simple) {
  const auto header = message::HeaderSection::parse(message);
  std::string covered;
  FieldPicker(*header).append(form, {"From"}, covered);
  return signed_field("DKIM-Signature: " + tags + " b=", std::move(covered), form) + std::string(message);
}

/// Of a signature by d=`domain`, s=ed over From and the body whose canonical form is `hashed`.
inline std::string tags_with(std::string_view more, std::string_view hashed, std::string_view domain = "example.com") {
  return "v=1; a=ed25519-sha256; d=" + std::string(domain) + "; s=ed; h=From; bh=" + base64_hash(hashed) + "; " +
         std::string(more);
}

/// PKCS#1 (RFC 8017#A.1.1) with an odd modulus of so many bits, and exponent 65537: it belongs to no private key.
inline std::string rsa_key_of(unsigned bits) {
  const auto length = [](std::size_t octets) {
    if (octets < 0x80) return std::string(1, static_cast<char>(octets));
    return std::string("\x82") + static_cast<char>(octets >> 8) + static_cast<char>(octets & 0xff);
  };
  const auto integer = [&](std::string octets) {
    if (static_cast<unsigned char>(octets.front()) >= 0x80) octets.insert(0, 1, '\0');
    return "\x02" + length(octets.size()) + octets;
  };
  std::string modulus((bits + 7) / 8, '\xff');
  modulus.front() = static_cast<char>(0xff >> (modulus.size() * 8 - bits));
  const auto numbers = integer(modulus) + integer(std::string("\1\0\1", 3));
  return "\x30" + length(numbers.size()) + numbers;
}

}  // namespace ptarmigan::dkim::test
