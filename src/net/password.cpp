// net/password.cpp - see password.hpp.
#include "net/password.hpp"

#include <array>
#include <optional>
#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "base/encoding.hpp"
#include "base/text.hpp"

namespace ptarmigan::net {
namespace {

constexpr std::string_view scheme = "SCRAM-SHA-256";
constexpr std::size_t digest_octets = 32;
constexpr std::size_t salt_octets = 16;
constexpr std::size_t nonce_octets = 18;
constexpr unsigned least_iterations = 4'096;
constexpr unsigned most_iterations = 10'000'000;

using Digest = std::array<unsigned char, digest_octets>;

std::string random_octets(std::size_t count) {
  std::string out(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(count)) != 1)
    throw std::runtime_error("the system gave no random octets");
  return out;
}

std::optional<Digest> salted_password(const Secret& password, std::string_view salt, unsigned iterations) {
  Digest out{};
  const auto text = password.reveal();
  const int done = PKCS5_PBKDF2_HMAC(text.data(), static_cast<int>(text.size()),
                                     reinterpret_cast<const unsigned char*>(salt.data()), static_cast<int>(salt.size()),
                                     static_cast<int>(iterations), EVP_sha256(), out.size(), out.data());
  if (done != 1) return std::nullopt;
  return out;
}

std::string octets(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

Digest sha256(std::string_view text) {
  Digest out{};
  unsigned size = out.size();
  EVP_Digest(text.data(), text.size(), out.data(), &size, EVP_sha256(), nullptr);
  return out;
}

Digest hmac(std::string_view key, std::string_view text) {
  Digest out{};
  unsigned size = out.size();
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), out.data(), &size);
  return out;
}

/// StoredKey and ServerKey of RFC 5802#3.
std::pair<std::string, std::string> keys_of(const Digest& salted) {
  const auto key = octets(salted);
  return {octets(sha256(octets(hmac(key, "Client Key")))), octets(hmac(key, "Server Key"))};
}

std::optional<smtp::ScramVerifier> parse(std::string_view text) {
  const auto parts = split(text, '$');
  if (parts.size() != 3 || parts[0] != scheme) return std::nullopt;
  const auto work = split(parts[1], ':');
  const auto keys = split(parts[2], ':');
  if (work.size() != 2 || keys.size() != 2) return std::nullopt;
  const auto iterations = parse_number<unsigned>(work[0]);
  auto salt = base64_decode(work[1]);
  auto stored = base64_decode(keys[0]);
  auto server = base64_decode(keys[1]);
  if (!iterations || *iterations < least_iterations || *iterations > most_iterations) return std::nullopt;
  if (!salt || salt->empty() || !stored || stored->size() != digest_octets || !server ||
      server->size() != digest_octets)
    return std::nullopt;
  return smtp::ScramVerifier{*iterations, *std::move(salt), *std::move(stored), *std::move(server)};
}

}  // namespace

Result<std::string> password_verifier(const Secret& password, unsigned iterations) {
  if (password.empty()) return failure("the password is empty");
  const auto salt = random_octets(salt_octets);
  const auto salted = salted_password(password, salt, iterations);
  if (!salted) return failure("the password could not be hashed");
  const auto [stored, server] = keys_of(*salted);
  return std::string(scheme) + "$" + std::to_string(iterations) + ":" + base64_encode(salt) + "$" +
         base64_encode(stored) + ":" + base64_encode(server);
}

bool password_matches(const Secret& password, std::string_view verifier) {
  const auto known = parse(verifier);
  if (!known || password.empty()) return false;
  const auto salted = salted_password(password, known->salt, known->iterations);
  return salted && constant_time_equal(keys_of(*salted).first, known->stored_key);
}

bool is_password_verifier(std::string_view text) {
  return parse(text).has_value();
}

std::optional<smtp::ScramVerifier> scram_verifier(std::string_view text) {
  return parse(text);
}

smtp::ScramVerifier scram_decoy(std::string_view user) {
  static const std::string secret = random_octets(digest_octets);
  const auto keyed = [&](char purpose) { return octets(hmac(secret, std::string(1, purpose) + std::string(user))); };
  return {password_iterations, keyed('s').substr(0, salt_octets), keyed('c'), keyed('v')};
}

smtp::ScramDigest scram_sha256() {
  return {.hash = [](std::string_view text) { return octets(sha256(text)); },
          .hmac = [](std::string_view key, std::string_view text) { return octets(hmac(key, text)); },
          .derive =
              [](std::string_view password, std::string_view salt, unsigned iterations) {
                const auto salted = salted_password(Secret(std::string(password)), salt, iterations);
                if (!salted) throw std::runtime_error("the password could not be hashed");
                return octets(*salted);
              }};
}

std::string scram_nonce() {
  return base64_encode(random_octets(nonce_octets));
}

}  // namespace ptarmigan::net
