// auth/spf/check_host.hpp - SPF evaluation: check_host() of RFC 7208#4.
// Pure: asks for DNS through Need; call again with the answers (facts/facts.hpp). The result depends only on the
// answers, never on the order in which they came. Limits: 10 terms with look-ups, 2 void look-ups, 10 MX and 10 PTR
// names, 20 seconds (RFC 7208#4.6.4). A term is void when its own query finds nothing, and an mx also when none of its
// hosts has an address; PTR and exp queries never count as void, since the domain's owner does not publish them for
// evaluation. Errors: none; bad records are Outcome::permerror (RFC 7208#8.7). Threads: free functions on values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.hpp"
#include "base/time.hpp"
#include "facts/facts.hpp"

namespace ptarmigan::spf {

/// RFC 7208#2.6.
enum class Outcome : std::uint8_t { none, neutral, pass, fail, softfail, temperror, permerror };
/// "softfail"
[[nodiscard]] std::string_view to_string(Outcome outcome);

/// Which name is checked (RFC 7208#2.3, RFC 7208#2.4).
enum class Identity : std::uint8_t { mail_from, helo };
/// "mailfrom" or "helo" (RFC 7208#9.1)
[[nodiscard]] std::string_view to_string(Identity identity);

struct Limits {
  unsigned max_terms = 10;
  unsigned max_void_lookups = 2;
  unsigned max_mx_names = 10;
  unsigned max_ptr_names = 10;
  /// Of the whole evaluation, by Query::elapsed. RFC 7208#4.6.4 wants it to be 20 seconds at least.
  seconds max_time = seconds(20);
};

enum class Explanation : std::uint8_t {
  fetch,  ///< a fail asks for the explanation text of `exp`
  leave,
};
enum class Trace : std::uint8_t { off, on };

struct Query {
  /// The connecting address; an IPv4-mapped one counts as IPv4 (RFC 7208#5).
  IpAddress client;
  /// As the client said it.
  std::string helo;
  /// The reverse-path without angle brackets; empty for the null reverse-path, whose identity is postmaster@HELO.
  std::string mail_from;
  Identity identity = Identity::mail_from;
  /// For %{r}: who evaluates.
  std::string receiver = "unknown";
  /// For %{t}.
  std::optional<WallTime> now = std::nullopt;
  /// How long the evaluation has taken when this call is made: a driver that asks in rounds says it again in each. From
  /// Limits::max_time on, a question without an answer, or one that was given up, makes the outcome temperror.
  milliseconds elapsed = {};
  Limits limits = {};
  Explanation explanation = Explanation::fetch;
  Trace trace = Trace::off;
};

/// What came of one term.
enum class TermOutcome : std::uint8_t { match, no_match, temperror, permerror };
[[nodiscard]] std::string_view to_string(TermOutcome outcome);

/// One line of the trace, in the order of evaluation. An include's own line comes after the lines of its record.
struct Step {
  unsigned depth = 0;  ///< of include
  std::string domain;  ///< whose record
  std::string term;    ///< as published; "" for the record itself, found or not
  TermOutcome outcome = TermOutcome::no_match;
  std::string detail;  ///< what was asked and found
  unsigned terms = 0;  ///< with look-ups, so far
  unsigned voids = 0;  ///< so far
  friend bool operator==(const Step&, const Step&) = default;
};

struct Result {
  Outcome outcome = Outcome::none;
  Identity identity = Identity::mail_from;
  /// <sender> of RFC 7208#4.1, the domain as A-labels where it is one: "postmaster@mail.example.com".
  std::string sender;
  /// The initial <domain>; the root where the identity holds none.
  dns::DomainName domain;
  /// The term that decided, as published: "-all"; "" where none did.
  std::string mechanism;
  /// The domain whose record holds that term: after a redirect another than `domain`.
  dns::DomainName record_domain;
  /// The expanded text of `exp` for a fail, printable ASCII; "" where there is none (RFC 7208#6.2).
  std::string explanation;
  /// For none, temperror and permerror: what is wrong, as a sentence without a full stop.
  std::string problem;
  unsigned terms = 0;
  unsigned voids = 0;
  std::vector<Step> trace;

  friend bool operator==(const Result&, const Result&) = default;
};

[[nodiscard]] Known<Result> check_host(const Query& query, const Facts& facts);

/// The longest explanation that is passed on, in octets; a longer one is left out.
inline constexpr std::size_t max_explanation_octets = 500;

}  // namespace ptarmigan::spf
