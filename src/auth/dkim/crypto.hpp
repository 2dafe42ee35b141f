// auth/dkim/crypto.hpp - the cryptography of DKIM and ARC over OpenSSL's EVP: SHA-256, RSA (RFC 8017#8.2) and Ed25519
// (RFC 8032#5.1) signatures of a SHA-256 digest (RFC 8463#3). The only files of this folder that know OpenSSL. Limits:
// RSA 1024 to 8192 bits to be believed (RFC 8301#3.2), public exponent odd, 3 to 64 bits. Threads: keys are immutable
// values that threads may share; a Sha256 belongs to one thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

struct evp_md_ctx_st;
struct evp_pkey_st;

namespace ptarmigan::dkim {

/// Below this an RSA key proves nothing (RFC 8301#3.2).
inline constexpr unsigned min_rsa_bits = 1024;
/// Below this it is weak: signers should use at least so many (RFC 8301#3.2).
inline constexpr unsigned strong_rsa_bits = 2048;
/// Above this a verification costs too much.
inline constexpr unsigned max_rsa_bits = 8192;

using Digest = std::array<unsigned char, 32>;

/// SHA-256 in pieces; finish() makes it ready for the next message.
class Sha256 {
 public:
  Sha256();
  void update(std::string_view octets);
  [[nodiscard]] Digest finish();

 private:
  struct FreeContext {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, FreeContext> context_;
};
[[nodiscard]] Digest sha256(std::string_view octets);

enum class KeyType { rsa, ed25519 };
/// "rsa", "ed25519": the k= tag (RFC 6376#3.6.1, RFC 8463#4).
[[nodiscard]] std::string_view to_string(KeyType type);

/// A public key as DNS holds it.
class PublicKey {
 public:
  /// RSA: DER of SubjectPublicKeyInfo, or of PKCS#1's RSAPublicKey, lengths in any BER form, nothing after it. Ed25519:
  /// 32 octets that are no point of small order. RSA keys of any size up to max_rsa_bits are read: see weak().
  static Result<PublicKey> parse(KeyType type, std::string_view octets);

  [[nodiscard]] KeyType type() const { return type_; }
  /// Of the modulus; 256 for Ed25519.
  [[nodiscard]] unsigned bits() const { return bits_; }
  /// Too small to be believed at all (RFC 8301#3.2).
  [[nodiscard]] bool too_small() const { return type_ == KeyType::rsa && bits_ < min_rsa_bits; }
  /// True where `signature` is this key's for the digest.
  [[nodiscard]] bool verify(const Digest& digest, std::string_view signature) const;
  friend bool operator==(const PublicKey& a, const PublicKey& b);

 private:
  struct Numbers;  ///< of an RSA key
  PublicKey(KeyType type, unsigned bits) : type_(type), bits_(bits) {}
  KeyType type_;
  unsigned bits_;
  std::shared_ptr<const Numbers> numbers_;  ///< RSA
  std::shared_ptr<evp_pkey_st> key_;        ///< Ed25519
};

/// A signing key, parsed once and kept. Copies share it.
class PrivateKey {
 public:
  /// PEM of PKCS#1 or PKCS#8 (RSA of 1024 to 8192 bits, Ed25519), not encrypted; or the base64 of an Ed25519 seed (RFC
  /// 8463#A.1).
  static Result<PrivateKey> parse(std::string_view text);
  /// A new key from the system's random source. `rsa_bits` is 2048 to 8192 and is not used for Ed25519.
  static Result<PrivateKey> generate(KeyType type, unsigned rsa_bits = strong_rsa_bits);

  [[nodiscard]] KeyType type() const { return type_; }
  [[nodiscard]] unsigned bits() const { return bits_; }
  /// Raw signature octets.
  [[nodiscard]] Result<std::string> sign(const Digest& digest) const;
  /// What p= holds before base64: SubjectPublicKeyInfo for RSA (RFC 6376#3.6.1), 32 octets for Ed25519 (RFC 8463#4.2).
  [[nodiscard]] std::string public_octets() const;
  /// PKCS#8, for a file that only its owner may read.
  [[nodiscard]] std::string pem() const;

 private:
  PrivateKey(KeyType type, unsigned bits, std::shared_ptr<evp_pkey_st> key)
      : type_(type), bits_(bits), key_(std::move(key)) {}
  static Result<PrivateKey> accept(std::shared_ptr<evp_pkey_st> key);
  KeyType type_;
  unsigned bits_;
  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace ptarmigan::dkim
