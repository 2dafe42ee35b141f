// rulebook/subject.hpp - what is being judged: one delivery, planned or seen. Every field may be absent: a rule that
// needs an absent field is "unknown", never "broken". The doctor fills it from configuration, the relay from the
// attempt being planned, the rehearsal from the SMTP session as the receiver sees it, watch from a saved attempt.
// Threads: values.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ip_address.hpp"
#include "dns/name.hpp"
#include "smtp/path.hpp"

namespace ptarmigan::rulebook {

/// What kind of mail the sender's domain sends. Rules for bulk senders bind for `bulk`, are advice for `unknown` and
/// are left out for `transactional`.
enum class Stream { unknown, transactional, bulk };
[[nodiscard]] std::string_view to_string(Stream stream);

/// Whether the SMTP hop to the receiver is encrypted.
enum class Hop { clear, tls };

/// A signature that will be made: it passes where the key record at the selector holds `public_key`.
struct IntendedSignature {
  dns::DomainName domain;  ///< d=
  std::string selector;    ///< s=
  std::string key_type;    ///< "rsa" or "ed25519", as in k= (RFC 6376#3.6.1, RFC 8463#4)
  std::string public_key;  ///< base64 as in p=, without blanks
  friend bool operator==(const IntendedSignature&, const IntendedSignature&) = default;
};

/// A signature that was verified on the real message.
struct ObservedSignature {
  enum class Result { pass, fail, temporary_error };
  dns::DomainName domain;
  std::string selector;
  Result result = Result::fail;
  std::string detail = {};  ///< the verifier's own words: "body hash did not verify"
  friend bool operator==(const ObservedSignature&, const ObservedSignature&) = default;
};

using Signature = std::variant<IntendedSignature, ObservedSignature>;

/// What the rules ask of the header section (RFC 5322#3.6).
struct HeaderFacts {
  std::size_t from_fields = 0;
  std::size_t from_mailboxes = 0;             ///< in all From fields
  std::string from_problem = {};              ///< why From could not be read; "" where it could
  std::vector<std::string> message_ids = {};  ///< values of the Message-ID fields
  std::size_t date_fields = 0;
  std::vector<std::string> list_unsubscribe = {};       ///< values of List-Unsubscribe (RFC 2369#3.2)
  std::vector<std::string> list_unsubscribe_post = {};  ///< values of List-Unsubscribe-Post (RFC 8058#3.1)
  std::vector<std::string> repeated = {};  ///< names of single-instance fields that occur more than once (From apart)
  friend bool operator==(const HeaderFacts&, const HeaderFacts&) = default;
};

struct Subject {
  std::optional<IpAddress> sending_address = {};
  std::optional<std::string> ehlo_name = {};  ///< as said on the wire
  std::optional<smtp::ReversePath> mail_from = {};
  std::optional<std::vector<dns::DomainName>> header_from = {};  ///< the domains of From's mailboxes
  std::optional<std::vector<Signature>> signatures = {};         ///< empty: known to be unsigned
  std::optional<Hop> hop = {};
  std::optional<HeaderFacts> header = {};
  Stream stream = Stream::unknown;

  /// The single domain of From; nothing where it is absent or there are several.
  [[nodiscard]] std::optional<dns::DomainName> author_domain() const;
  /// The domain that SPF is asked for: MAIL FROM's, or the EHLO name for a null sender (RFC 7208#2.4); "" where neither
  /// is known.
  [[nodiscard]] std::string spf_domain() const;

  friend bool operator==(const Subject&, const Subject&) = default;
};

}  // namespace ptarmigan::rulebook
