// auth/dmarc/discovery.hpp - the DNS tree walk, and what it finds: the policy for an author domain (RFC 9989#4.10.1)
// and the organizational domain of any name (RFC 9989#4.10.2). Pure: the whole walk of a name is asked for at once, at
// most 8 queries; what lies behind its end is never used. Several records at one name: they are all discarded; at the
// author domain itself that ends discovery without a policy. Errors: none. Threads: free functions on values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/dmarc/public_suffix.hpp"
#include "auth/dmarc/record.hpp"
#include "facts/facts.hpp"

namespace ptarmigan::dmarc {

inline constexpr std::size_t max_walk_queries = 8;

/// The records at one name.
struct WalkStep {
  dns::DomainName name;  ///< without _dmarc
  AnswerStatus status = AnswerStatus::no_such_name;
  /// CNAMEs stood between _dmarc.name and the answer: _dmarc.name exists even where the answer is "no such name".
  bool aliased = false;
  std::size_t records = 0;            ///< that are DMARC records
  std::string text = {};              ///< of the single one
  std::optional<Record> record = {};  ///< where there is exactly one
  friend bool operator==(const WalkStep&, const WalkStep&) = default;
};

/// From the start upwards, up to and with the step that ended it.
struct Walk {
  dns::DomainName start;
  std::vector<WalkStep> steps;

  /// The first step that failed temporarily; nullptr where every query was answered.
  [[nodiscard]] const WalkStep* failed_step() const;
  /// Of `start`; nothing where a query failed, so that it cannot be told.
  [[nodiscard]] std::optional<dns::DomainName> organizational_domain() const;
  friend bool operator==(const Walk&, const Walk&) = default;
};

[[nodiscard]] Known<Walk> walk_tree(const dns::DomainName& start, const Facts& facts);

/// Whose record it is.
enum class PolicySource : std::uint8_t { author, organizational, public_suffix };
/// Which tag the policy was taken from. `fallback`: the record is usable only as p=none (Usability::as_none).
enum class PolicyTag : std::uint8_t { p, sp, np, fallback };
[[nodiscard]] std::string_view to_string(PolicySource source);
[[nodiscard]] std::string_view to_string(PolicyTag tag);

struct AppliedPolicy {
  Record record;
  std::string text;        ///< of the record, as published
  dns::DomainName domain;  ///< where it was found, without _dmarc
  PolicySource source = PolicySource::author;
  PolicyTag tag = PolicyTag::p;
  Policy published = Policy::none;
  /// What the domain's owner asks for: `published`, one step weaker in test mode (RFC 9989#4.7, tag t).
  Policy effective = Policy::none;
  friend bool operator==(const AppliedPolicy&, const AppliedPolicy&) = default;
};

enum class Discovered : std::uint8_t { policy, none, temperror };

struct Discovery {
  Discovered outcome = Discovered::none;
  /// The author domain as a name. Where a label is too long for DNS, its nearest ancestor that is a name.
  dns::DomainName author;
  /// False where `author` is only an ancestor: the author domain itself cannot exist.
  bool author_is_exact = true;
  std::optional<AppliedPolicy> policy;
  /// Nothing where a failed query hides it.
  std::optional<dns::DomainName> organizational_domain;
  /// It could not be told whether the author domain exists, and np and sp differ: `policy` holds the weaker of the two.
  bool existence_unknown = false;
  Walk walk;
  /// Why there is no policy, or which policy applies; a sentence without a full stop.
  std::string reason;
  friend bool operator==(const Discovery&, const Discovery&) = default;
};

/// How policies and organizational domains are found. Empty: by the tree walk of RFC 9989. With a list, which must
/// outlive every use: as RFC 7489#6.6.3 did, by the author domain and its registered domain; tag pct is ignored even
/// then.
struct Method {
  const PublicSuffixList* public_suffixes = nullptr;
};

/// `author_domain` is the domain of From's mailbox as written; U-labels become A-labels. No policy for an address
/// literal and for what is no domain name.
[[nodiscard]] Known<Discovery> discover_policy(std::string_view author_domain, const Facts& facts, Method method = {});

}  // namespace ptarmigan::dmarc
