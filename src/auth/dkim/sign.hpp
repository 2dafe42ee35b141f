// auth/dkim/sign.hpp - DKIM signing (RFC 6376#5, RFC 8301#3.2, RFC 8463#3): one signature for each key, one pass over
// the body.
//
//   Signer signer(settings);
//   signer.feed(chunk); ...                                       // the body, in chunks of any size
//   auto fields = signer.finish(*header, keys, signed_at);        // "DKIM-Signature: ...CRLF", one for each key
//
// What is returned goes on top of the message, which must not be changed any more. l= is never used; From is always
// signed, and signed fields may be over-signed so that nobody adds another. Threads: a Signer belongs to one thread and
// is used again and again.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "auth/dkim/canonical.hpp"
#include "auth/dkim/crypto.hpp"
#include "base/time.hpp"
#include "dns/name.hpp"
#include "message/header.hpp"

namespace ptarmigan::dkim {

/// Fields that are signed where they are present (RFC 6376#5.4.1, and RFC 8058#4 for one-click unsubscription).
[[nodiscard]] std::vector<std::string> default_signed_fields();
/// Fields that are named once more than they are present.
[[nodiscard]] std::vector<std::string> default_oversigned_fields();

struct SigningSettings {
  Canonicalization header = Canonicalization::relaxed;
  Canonicalization body = Canonicalization::relaxed;
  std::vector<std::string> signed_fields = default_signed_fields();
  std::vector<std::string> oversigned_fields = default_oversigned_fields();
  /// x= is that much after t=; absent: no x=.
  std::optional<seconds> lifetime = {};
};

struct SigningKey {
  PrivateKey key;
  dns::DomainName domain;  ///< d=
  std::string selector;    ///< s=, without blanks or semicolons
};

class Signer {
 public:
  explicit Signer(SigningSettings settings = {});
  void feed(std::string_view body_chunk) { hasher_.feed(body_chunk); }
  /// Ends the body, signs, and is ready for the next message. An error where the header has no From or several, a line
  /// that is no field, or a bare CR or LF: such a message would not verify everywhere.
  [[nodiscard]] Result<std::string> finish(const message::HeaderSection& header, std::span<const SigningKey> keys,
                                           WallTime signed_at);

 private:
  Result<std::string> sign_header(const message::HeaderSection& header, const std::string& body_hash,
                                  const SigningKey& key, WallTime signed_at);

  SigningSettings settings_;
  BodyHasher hasher_;
  Sha256 header_hash_;
  std::string canonical_;
};

/// A whole message in memory: what has to be put on top of it.
[[nodiscard]] Result<std::string> sign_message(std::string_view message, std::span<const SigningKey> keys,
                                               WallTime signed_at, const SigningSettings& settings = {});

}  // namespace ptarmigan::dkim
