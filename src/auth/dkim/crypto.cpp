// auth/dkim/crypto.cpp - see crypto.hpp.
#include "auth/dkim/crypto.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <optional>
#include <vector>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/encoding.hpp"
#include "base/text.hpp"

namespace ptarmigan::dkim {
namespace {

constexpr std::size_t ed25519_octets = 32;
constexpr std::size_t max_exponent_octets = 8;

const unsigned char* octets_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

using Key = std::shared_ptr<EVP_PKEY>;
Key own(EVP_PKEY* key) {
  return {key, EVP_PKEY_free};
}

struct Free {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(BN_CTX* context) const { BN_CTX_free(context); }
  void operator()(BN_MONT_CTX* context) const { BN_MONT_CTX_free(context); }
};
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Free>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Free>;
using Bio = std::unique_ptr<BIO, Free>;
using Number = std::unique_ptr<BIGNUM, Free>;
using NumberContext = std::unique_ptr<BN_CTX, Free>;
using Montgomery = std::unique_ptr<BN_MONT_CTX, Free>;

Number number_of(std::string_view big_endian) {
  return Number(BN_bin2bn(octets_of(big_endian), static_cast<int>(big_endian.size()), nullptr));
}

/// Fetched once: EVP_sha256() would be looked up again at each use.
const EVP_MD* sha256_method() {
  static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return method;
}

/// Allocation is the only thing that fails here.
void must(bool succeeded) {
  if (!succeeded) std::abort();
}

/// BER with definite lengths, as far as a public key needs it.
class DerReader {
 public:
  explicit DerReader(std::string_view octets) : octets_(octets) {}
  [[nodiscard]] bool done() const { return octets_.empty(); }

  /// The content of the next element where it has this tag.
  std::optional<std::string_view> take(unsigned char tag) {
    if (octets_.size() < 2 || static_cast<unsigned char>(octets_[0]) != tag) return std::nullopt;
    std::size_t length = static_cast<unsigned char>(octets_[1]);
    std::size_t header = 2;
    if (length >= 0x80) {
      const auto count = length & 0x7f;
      if (count == 0 || count > 4 || octets_.size() < header + count) return std::nullopt;
      length = 0;
      for (; header < 2 + count; ++header) length = (length << 8) | static_cast<unsigned char>(octets_[header]);
    }
    if (octets_.size() - header < length) return std::nullopt;
    const auto content = octets_.substr(header, length);
    octets_.remove_prefix(header + length);
    return content;
  }

  /// A positive INTEGER without its leading zeros.
  std::optional<std::string_view> take_positive() {
    const auto number = take(0x02);
    if (!number || number->empty() || static_cast<unsigned char>(number->front()) >= 0x80) return std::nullopt;
    return number->substr(std::min(number->find_first_not_of('\0'), number->size()));
  }

 private:
  std::string_view octets_;
};

struct RsaNumbers {
  std::string_view modulus;
  std::string_view exponent;
};

/// RSAPublicKey ::= SEQUENCE { modulus, publicExponent } (RFC 8017#A.1.1)
std::optional<RsaNumbers> parse_pkcs1(std::string_view octets) {
  DerReader outer(octets);
  const auto sequence = outer.take(0x30);
  if (!sequence || !outer.done()) return std::nullopt;
  DerReader inner(*sequence);
  const auto modulus = inner.take_positive();
  const auto exponent = inner.take_positive();
  if (!modulus || !exponent || !inner.done()) return std::nullopt;
  return RsaNumbers{*modulus, *exponent};
}

/// SubjectPublicKeyInfo with rsaEncryption (RFC 3279#2.3.1), or bare PKCS#1.
std::optional<RsaNumbers> parse_rsa(std::string_view octets) {
  static constexpr std::string_view rsa_encryption = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
  if (auto bare = parse_pkcs1(octets)) return bare;
  DerReader outer(octets);
  const auto info = outer.take(0x30);
  if (!info || !outer.done()) return std::nullopt;
  DerReader inner(*info);
  const auto algorithm = inner.take(0x30);
  const auto bits = inner.take(0x03);
  if (!algorithm || !bits || !inner.done() || !bits->starts_with('\0')) return std::nullopt;
  DerReader identifier(*algorithm);
  if (identifier.take(0x06) != rsa_encryption) return std::nullopt;
  return parse_pkcs1(bits->substr(1));
}

unsigned bit_count(std::string_view number) {
  if (number.empty()) return 0;
  return static_cast<unsigned>((number.size() - 1) * 8) +
         static_cast<unsigned>(std::bit_width(static_cast<unsigned char>(number.front())));
}

/// Encodings of the points whose order divides 8, without the sign bit: a signature by such a "key" can hold for any
/// message.
bool is_small_order(std::string_view point) {
  static constexpr std::array<std::string_view, 7> points = {
      std::string_view("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32),
      std::string_view("\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32),
      std::string_view("\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0"
                       "\xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05"),
      std::string_view("\xc7\x17\x6a\x70\x3d\x4d\xd8\x4f\xba\x3c\x0b\x76\x0d\x10\x67\x0f"
                       "\x2a\x20\x53\xfa\x2c\x39\xcc\xc6\x4e\xc7\xfd\x77\x92\xac\x03\x7a"),
      std::string_view("\xec\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
                       "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
      std::string_view("\xed\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
                       "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
      std::string_view("\xee\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
                       "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f")};
  std::string positive(point);
  positive.back() = static_cast<char>(positive.back() & 0x7f);
  return std::ranges::find(points, positive) != points.end();
}

/// EMSA-PKCS1-v1_5 (RFC 8017#9.2) of a SHA-256 digest, `octets` long.
std::string encode_pkcs1(const Digest& digest, std::size_t octets) {
  static constexpr std::string_view digest_info(
      "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20", 19);
  const auto tail = digest_info.size() + digest.size();
  std::string out(octets, '\xff');
  out[0] = '\0';
  out[1] = '\1';
  out[octets - tail - 1] = '\0';
  std::ranges::copy(digest_info, out.end() - static_cast<std::ptrdiff_t>(tail));
  std::ranges::copy(digest, out.end() - static_cast<std::ptrdiff_t>(digest.size()));
  return out;
}

bool verify_ed25519(EVP_PKEY* key, const Digest& digest, std::string_view signature) {
  const DigestContext context(EVP_MD_CTX_new());
  return context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key) > 0 &&
         EVP_DigestVerify(context.get(), octets_of(signature), signature.size(), digest.data(), digest.size()) == 1;
}

std::optional<std::string> sign_rsa(EVP_PKEY* key, const Digest& digest) {
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  std::string out(static_cast<std::size_t>(EVP_PKEY_get_size(key)), '\0');
  auto size = out.size();
  if (!context || EVP_PKEY_sign_init(context.get()) <= 0 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) <= 0 ||
      EVP_PKEY_CTX_set_signature_md(context.get(), sha256_method()) <= 0 ||
      EVP_PKEY_sign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, digest.data(), digest.size()) <=
          0)
    return std::nullopt;
  out.resize(size);
  return out;
}

std::optional<std::string> sign_ed25519(EVP_PKEY* key, const Digest& digest) {
  const DigestContext context(EVP_MD_CTX_new());
  std::string out(2 * ed25519_octets, '\0');
  auto size = out.size();
  if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key) <= 0 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, digest.data(),
                     digest.size()) <= 0)
    return std::nullopt;
  return out;
}

/// Never asks a terminal for a passphrase.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  must(context_ && EVP_DigestInit_ex2(context_.get(), sha256_method(), nullptr) == 1);
}

void Sha256::FreeContext::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

void Sha256::update(std::string_view octets) {
  must(EVP_DigestUpdate(context_.get(), octets.data(), octets.size()) == 1);
}

Digest Sha256::finish() {
  Digest digest;
  must(EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) == 1);
  must(EVP_DigestInit_ex2(context_.get(), nullptr, nullptr) == 1);
  return digest;
}

Digest sha256(std::string_view octets) {
  Sha256 hash;
  hash.update(octets);
  return hash.finish();
}

std::string_view to_string(KeyType type) {
  switch (type) {
    case KeyType::rsa: return "rsa";
    case KeyType::ed25519: return "ed25519";
  }
  return "";
}

struct PublicKey::Numbers {
  Number modulus;
  Number exponent;
  Montgomery montgomery;

  explicit Numbers(const RsaNumbers& numbers)
      : modulus(number_of(numbers.modulus)), exponent(number_of(numbers.exponent)), montgomery(BN_MONT_CTX_new()) {
    const NumberContext context(BN_CTX_new());
    must(modulus && exponent && montgomery && context &&
         BN_MONT_CTX_set(montgomery.get(), modulus.get(), context.get()) == 1);
  }

  /// RSAVP1 (RFC 8017#5.2.2), then comparison with the one encoding that is right: nothing of the signature is parsed.
  [[nodiscard]] bool verify(const Digest& digest, std::string_view signature) const {
    const auto octets = static_cast<std::size_t>(BN_num_bytes(modulus.get()));
    if (signature.size() != octets) return false;
    const Number power = number_of(signature);
    const Number message(BN_new());
    const NumberContext context(BN_CTX_new());
    must(power && message && context);
    if (BN_ucmp(power.get(), modulus.get()) >= 0) return false;
    std::string encoded(octets, '\0');
    return BN_mod_exp_mont(message.get(), power.get(), exponent.get(), modulus.get(), context.get(),
                           montgomery.get()) == 1 &&
           BN_bn2binpad(message.get(), reinterpret_cast<unsigned char*>(encoded.data()), static_cast<int>(octets)) >=
               0 &&
           encoded == encode_pkcs1(digest, octets);
  }
};

Result<PublicKey> PublicKey::parse(KeyType type, std::string_view octets) {
  if (type == KeyType::ed25519) {
    if (octets.size() != ed25519_octets)
      return failure("An Ed25519 public key has 32 octets, this one has " + std::to_string(octets.size()));
    if (is_small_order(octets)) return failure("The Ed25519 public key is a point of small order");
    auto key = own(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets_of(octets), octets.size()));
    if (!key) return failure("The Ed25519 public key is not a point");
    PublicKey out(type, 256);
    out.key_ = std::move(key);
    return out;
  }
  const auto numbers = parse_rsa(octets);
  if (!numbers) return failure("The RSA public key is neither SubjectPublicKeyInfo nor PKCS#1 DER");
  const auto bits = bit_count(numbers->modulus);
  if (bits > max_rsa_bits)
    return failure("The RSA key has " + std::to_string(bits) + " bits, more than " + std::to_string(max_rsa_bits));
  const auto is_odd = [](std::string_view number) { return !number.empty() && (number.back() & 1) != 0; };
  if (!is_odd(numbers->modulus) || bits < 512) return failure("The RSA modulus is even or tiny");
  if (!is_odd(numbers->exponent) || numbers->exponent.size() > max_exponent_octets || bit_count(numbers->exponent) < 2)
    return failure("The RSA public exponent is even, 1 or longer than 64 bits");
  PublicKey out(type, bits);
  out.numbers_ = std::make_shared<const Numbers>(*numbers);
  return out;
}

bool PublicKey::verify(const Digest& digest, std::string_view signature) const {
  const bool holds = numbers_ ? numbers_->verify(digest, signature) : verify_ed25519(key_.get(), digest, signature);
  if (!holds) ERR_clear_error();
  return holds;
}

bool operator==(const PublicKey& a, const PublicKey& b) {
  if (a.type_ != b.type_) return false;
  if (!a.numbers_) return EVP_PKEY_eq(a.key_.get(), b.key_.get()) == 1;
  return BN_cmp(a.numbers_->modulus.get(), b.numbers_->modulus.get()) == 0 &&
         BN_cmp(a.numbers_->exponent.get(), b.numbers_->exponent.get()) == 0;
}

Result<PrivateKey> PrivateKey::accept(std::shared_ptr<evp_pkey_st> key) {
  const auto bits = static_cast<unsigned>(EVP_PKEY_get_bits(key.get()));
  if (EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_ED25519) return PrivateKey(KeyType::ed25519, 256, std::move(key));
  if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA)
    return failure("The private key is neither RSA nor Ed25519", "make one with: ptarmigan dkim keygen");
  if (bits < min_rsa_bits || bits > max_rsa_bits)
    return failure("The RSA key has " + std::to_string(bits) + " bits", "use 2048 bits (RFC 8301)");
  return PrivateKey(KeyType::rsa, bits, std::move(key));
}

Result<PrivateKey> PrivateKey::parse(std::string_view text) {
  if (!text.contains("-----BEGIN")) {
    const auto seed = base64_decode(text, Base64Blanks::ignore);
    if (!seed || seed->size() != ed25519_octets)
      return failure("This is neither a PEM private key nor the base64 of an Ed25519 seed");
    auto key = own(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, octets_of(*seed), seed->size()));
    if (!key) return failure("The Ed25519 seed cannot be used");
    return accept(std::move(key));
  }
  if (text.contains("ENCRYPTED"))
    return failure("The private key is encrypted", "store it without a passphrase: openssl pkey -in KEY -out PLAIN");
  const Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(std::min<std::size_t>(text.size(), 1U << 20))));
  auto key = own(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr) : nullptr);
  if (!key) {
    ERR_clear_error();
    return failure("The private key is not readable PEM (PKCS#1 or PKCS#8)");
  }
  return accept(std::move(key));
}

Result<PrivateKey> PrivateKey::generate(KeyType type, unsigned rsa_bits) {
  if (type == KeyType::rsa && (rsa_bits < strong_rsa_bits || rsa_bits > max_rsa_bits))
    return failure("RSA keys are made with 2048 to 8192 bits, not " + std::to_string(rsa_bits));
  auto key = own(type == KeyType::rsa ? EVP_RSA_gen(rsa_bits) : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  if (!key) {
    ERR_clear_error();
    return failure("No key could be generated: OpenSSL's random source failed");
  }
  return accept(std::move(key));
}

Result<std::string> PrivateKey::sign(const Digest& digest) const {
  auto signature = type_ == KeyType::rsa ? sign_rsa(key_.get(), digest) : sign_ed25519(key_.get(), digest);
  if (signature) return std::move(*signature);
  ERR_clear_error();
  return failure("OpenSSL could not sign with this key", "check the key with: openssl pkey -check -in KEY");
}

std::string PrivateKey::public_octets() const {
  std::string out;
  if (type_ == KeyType::ed25519) {
    out.resize(ed25519_octets);
    auto size = out.size();
    must(EVP_PKEY_get_raw_public_key(key_.get(), reinterpret_cast<unsigned char*>(out.data()), &size) == 1);
    return out;
  }
  const int size = i2d_PUBKEY(key_.get(), nullptr);
  must(size > 0);
  out.resize(static_cast<std::size_t>(size));
  auto* at = reinterpret_cast<unsigned char*>(out.data());
  must(i2d_PUBKEY(key_.get(), &at) == size);
  return out;
}

std::string PrivateKey::pem() const {
  const Bio bio(BIO_new(BIO_s_secmem()));
  must(bio && PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace ptarmigan::dkim
