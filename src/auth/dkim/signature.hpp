// auth/dkim/signature.hpp - the DKIM-Signature field as a value (RFC 6376#3.5, RFC 8301#3.1, RFC 8463#3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/dkim/canonical.hpp"
#include "auth/dkim/tag_list.hpp"
#include "base/time.hpp"
#include "dns/name.hpp"
#include "message/header.hpp"

namespace ptarmigan::dkim {

/// Names in h= beyond which a signature is not examined.
inline constexpr std::size_t max_signed_names = 500;

/// Only those that may be believed: rsa-sha1 is an error of parse() (RFC 8301#3.1).
enum class Algorithm { rsa_sha256, ed25519_sha256 };
[[nodiscard]] std::string_view to_string(Algorithm algorithm);
[[nodiscard]] KeyType key_type(Algorithm algorithm);
[[nodiscard]] Algorithm algorithm_for(KeyType type);

/// Which field a tag list comes from. arc_message: ARC-Message-Signature (RFC 8617#4.1.2), without v=, i= being the
/// instance; h= may have empty names, which sign nothing, and must not hold ARC-Seal. arc_seal: ARC-Seal (RFC
/// 8617#4.1.3), without h=, bh=, c= and l=.
enum class Dialect { dkim, arc_message, arc_seal };

struct Signature {
  Algorithm algorithm = Algorithm::rsa_sha256;
  Canonicalization header = Canonicalization::simple;
  Canonicalization body = Canonicalization::simple;
  dns::DomainName domain;                  ///< d=
  std::string selector;                    ///< s=
  std::string identity;                    ///< i=, or "@" and d= as written
  dns::DomainName identity_domain;         ///< what follows the @ of i=
  std::vector<std::string> names;          ///< h= in order, as written
  std::string body_hash;                   ///< bh=, decoded
  std::string octets;                      ///< b=, decoded
  std::uint64_t body_limit = whole_body;   ///< l=
  std::optional<std::uint64_t> signed_at;  ///< t=, seconds since 1970
  std::optional<std::uint64_t> expires;    ///< x=, seconds since 1970

  /// The body of a DKIM-Signature field. An error says which tag is missing or wrong; the signature then is permerror.
  static Result<Signature> parse(std::string_view body);
  static Result<Signature> parse(const TagList& tags, Dialect dialect);
};

/// Picks fields as h= says: for each name the lowest instance that was not taken yet, and nothing once there is none
/// (RFC 6376#5.4.2). Built once for a header and used for each of its signatures.
class FieldPicker {
 public:
  explicit FieldPicker(const message::HeaderSection& header);
  /// Appends the canonical form of what `names` picks.
  void append(Canonicalization canonicalization, const std::vector<std::string>& names, std::string& out) const;

 private:
  const message::HeaderSection* header_;
  std::vector<std::uint32_t> hashes_;  ///< of each field's name without case
};

/// Appends a signature field in canonical form with the value of its b= tag emptied and without the final CRLF (RFC
/// 6376#3.7). `value` is the tag's raw_value within field.body.
void append_unsigned(Canonicalization canonicalization, const message::HeaderField& field, std::string_view value,
                     std::string& out);

}  // namespace ptarmigan::dkim
