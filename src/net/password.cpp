// net/password.cpp - see password.hpp.
#include "net/password.hpp"

#include <array>
#include <optional>

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
constexpr unsigned least_iterations = 4'096;
constexpr unsigned most_iterations = 10'000'000;

using Digest = std::array<unsigned char, digest_octets>;

struct Verifier {
  unsigned iterations = 0;
  std::string salt;
  std::string stored_key;
  std::string server_key;
};

std::optional<Digest> salted_password(const Secret& password, std::string_view salt, unsigned iterations) {
  Digest out{};
  const auto text = password.reveal();
  const int done = PKCS5_PBKDF2_HMAC(text.data(), static_cast<int>(text.size()),
                                     reinterpret_cast<const unsigned char*>(salt.data()), static_cast<int>(salt.size()),
                                     static_cast<int>(iterations), EVP_sha256(), out.size(), out.data());
  if (done != 1) return std::nullopt;
  return out;
}

Digest hmac(const Digest& key, std::string_view text) {
  Digest out{};
  unsigned size = out.size();
  HMAC(EVP_sha256(), key.data(), key.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
       out.data(), &size);
  return out;
}

std::string octets(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// StoredKey and ServerKey of RFC 5802#3.
std::pair<std::string, std::string> keys_of(const Digest& salted) {
  const auto client_key = hmac(salted, "Client Key");
  Digest stored{};
  unsigned size = stored.size();
  EVP_Digest(client_key.data(), client_key.size(), stored.data(), &size, EVP_sha256(), nullptr);
  return {octets(stored), octets(hmac(salted, "Server Key"))};
}

std::optional<Verifier> parse(std::string_view text) {
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
  return Verifier{*iterations, *std::move(salt), *std::move(stored), *std::move(server)};
}

}  // namespace

Result<std::string> password_verifier(const Secret& password, unsigned iterations) {
  if (password.empty()) return failure("the password is empty");
  std::string salt(salt_octets, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(salt.data()), static_cast<int>(salt.size())) != 1)
    return failure("the system gave no random octets");
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

}  // namespace ptarmigan::net
