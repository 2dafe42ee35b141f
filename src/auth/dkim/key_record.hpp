// auth/dkim/key_record.hpp - a public key as DNS publishes it (RFC 6376#3.6.1, RFC 8301#3.2, RFC 8463#4).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/dkim/crypto.hpp"
#include "dns/name.hpp"

namespace ptarmigan::dkim {

struct KeyRecord {
  KeyType type = KeyType::rsa;
  /// Absent where p= is empty: the key was revoked.
  std::optional<PublicKey> key = {};
  /// t=y: the domain is trying DKIM out. It changes nothing in verification.
  bool testing = false;
  /// t=s: i= must be of the signing domain itself.
  bool strict_domain = false;
  /// h= allows SHA-256 (or is absent), s= allows mail (or is absent).
  bool allows_sha256 = true;
  bool allows_email = true;

  /// `text` is the TXT record's strings joined. An error says which tag is wrong: such a record verifies nothing.
  static Result<KeyRecord> parse(std::string_view text);
};

/// selector._domainkey.domain (RFC 6376#3.6.2.1); an error where that is no name. U-labels become A-labels (RFC
/// 8616#4).
[[nodiscard]] Result<dns::DomainName> key_name(std::string_view selector, const dns::DomainName& domain);

/// The record to publish for a key: "v=DKIM1; k=rsa; p=...".
[[nodiscard]] std::string public_record(const PrivateKey& key);
/// True where the record holds the private key's public key.
[[nodiscard]] bool matches(const KeyRecord& record, const PrivateKey& key);

}  // namespace ptarmigan::dkim
