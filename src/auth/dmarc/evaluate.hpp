// auth/dmarc/evaluate.hpp - does a message pass DMARC (RFC 9989#4.4, RFC 9989#5.3), and what does its author domain ask
// for? Pure: asks for DNS through Need; call again with the answers. SPF and DKIM results come in as values: SPF of the
// MAIL FROM identity only (with the HELO name for a null sender), DKIM signatures that cover the whole body only. A
// temporary error never becomes a fail: where an identifier that could not be judged might have been aligned, the
// outcome is temperror. Several author domains give no DMARC result; the outcome is then permerror, never none, so that
// such mail does not pass for unprotected (RFC 9989#11.5). Limits: max_identifier_walks. Errors: none. Threads: free
// functions on values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/dmarc/discovery.hpp"
#include "facts/facts.hpp"

namespace ptarmigan::dmarc {

/// Identifiers for which a tree walk is made for one message; beyond it an undecided message is temperror.
inline constexpr std::size_t max_identifier_walks = 10;

/// RFC 8601#2.7.
enum class Outcome : std::uint8_t { none, pass, fail, temperror, permerror };
/// "temperror"
[[nodiscard]] std::string_view to_string(Outcome outcome);

/// What SPF or DKIM said of an identifier, as far as DMARC cares.
enum class Authenticated : std::uint8_t { pass, fail, temperror };

/// A domain that SPF (the MAIL FROM identity) or DKIM (d= of one signature) speaks for.
struct Identifier {
  dns::DomainName domain;
  Authenticated outcome = Authenticated::fail;
  friend bool operator==(const Identifier&, const Identifier&) = default;
};

struct Query {
  /// The domain of each mailbox in each From field, as written, in order.
  std::vector<std::string> author_domains;
  std::optional<Identifier> spf = std::nullopt;
  std::vector<Identifier> dkim = {};
  Method method = {};
};

/// Is an identifier in the author's organization (RFC 9989#4.10.2)?
enum class Alignment : std::uint8_t { aligned, not_aligned, unknown };
[[nodiscard]] std::string_view to_string(Alignment alignment);

struct Result {
  Outcome outcome = Outcome::none;
  /// The policy and how it was found; see its `policy` for what the author domain asks for on a fail.
  Discovery discovery;
  /// Of `spf`, and of each of `dkim`; not_aligned where there is no policy. Tells nothing about pass or fail.
  Alignment spf = Alignment::not_aligned;
  std::vector<Alignment> dkim;
  /// An identifier that passed and is aligned.
  bool spf_aligned = false;
  bool dkim_aligned = false;
  /// Why, as a sentence without a full stop.
  std::string reason;

  /// What to do with the message: the domain's policy for a fail, none for every other outcome.
  [[nodiscard]] Policy disposition() const;
  friend bool operator==(const Result&, const Result&) = default;
};

[[nodiscard]] Known<Result> evaluate(const Query& query, const Facts& facts);

/// Is `identifier` aligned with the author domain of `discovery`?
[[nodiscard]] Known<Alignment> align(const dns::DomainName& identifier, const Discovery& discovery, AlignmentMode mode,
                                     const Facts& facts, Method method = {});

}  // namespace ptarmigan::dmarc
