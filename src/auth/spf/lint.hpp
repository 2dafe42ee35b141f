// auth/spf/lint.hpp - what is wrong with a published SPF policy, whoever sends: a static look at the whole tree of
// includes and redirects (RFC 7208#4.6.4, RFC 7208#10.1.1), and what it authorises in each family. Pure: asks for DNS
// through Need; questions of one level are asked together. Terms with macros depend on the message: they are counted,
// not followed. Limits: max_lint_records. Errors: none. Threads: free functions on values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/spf/check_host.hpp"
#include "base/ip_address.hpp"
#include "facts/facts.hpp"

namespace ptarmigan::spf {

/// Records that one lint looks at; a tree that needs more is far beyond every limit.
inline constexpr std::size_t max_lint_records = 60;
/// RFC 7208#3.4: such a record still fits a 512-octet answer.
inline constexpr std::size_t wanted_record_octets = 450;
/// Answers beyond this are asked for again over TCP (RFC 6891#6.2.3, with the size that resolvers announce today).
inline constexpr std::size_t max_udp_answer_octets = 1232;
/// Networks shorter than this are more than one organization's own: receivers distrust them.
inline constexpr unsigned shortest_prefix_v4 = 12;
inline constexpr unsigned shortest_prefix_v6 = 28;

enum class Severity : std::uint8_t {
  error,    ///< evaluation ends in permerror or temperror, for some senders or all
  warning,  ///< mail can be refused or forged
  advice,
};
[[nodiscard]] std::string_view to_string(Severity severity);

enum class Problem : std::uint8_t {
  no_record,
  several_records,
  syntax_error,
  dns_failure,     ///< a query failed: temperror
  too_many_terms,  ///< more than 10 terms with look-ups
  too_many_voids,  ///< more than 2 void look-ups
  too_many_mx,     ///< more than 10 MX records
  include_without_record,
  loop,              ///< a record that includes or redirects to itself
  void_lookup,       ///< a term that finds nothing
  permissive_all,    ///< +all
  neutral_all,       ///< ?all
  no_all,            ///< no all and no redirect: neutral by default
  unreachable_term,  ///< behind all
  ptr_mechanism,     ///< RFC 7208#5.5: SHOULD NOT be published
  wide_network,
  private_network,  ///< authorises addresses that never arrive from the Internet
  host_bits,        ///< ip4:192.0.2.1/24
  repeated_term,
  unknown_modifier,
  long_record,
  long_answer,
  ipv4_only,  ///< authorises IPv4 addresses, and no IPv6 address
  ipv6_only,
};
/// "too_many_terms"
[[nodiscard]] std::string_view to_string(Problem problem);

struct Finding {
  Problem problem = Problem::no_record;
  Severity severity = Severity::advice;
  dns::DomainName domain;  ///< whose record
  std::string term;        ///< as published; "" for the record as a whole
  std::string text;        ///< a sentence without a full stop
  std::string remedy;      ///< what to do; may be ""
  friend bool operator==(const Finding&, const Finding&) = default;
};

struct LintReport {
  /// In the order of evaluation, the domain's own record first.
  std::vector<Finding> findings;
  /// Terms with look-ups that an evaluation needs when nothing matches, and void look-ups for a client of the worse
  /// family.
  unsigned terms = 0;
  unsigned voids = 0;
  /// The domain's own record; "" where there is none.
  std::string record;
  /// What a pass is given to, mechanisms of a and mx resolved, in the order of evaluation; a fail before it is not
  /// subtracted.
  std::vector<IpNetwork> authorised;
  /// False where terms with macros or ptr authorise more than can be told here.
  bool complete = true;

  [[nodiscard]] bool authorises(Family family) const;
  /// The gravest finding is an error.
  [[nodiscard]] bool broken() const;
  friend bool operator==(const LintReport&, const LintReport&) = default;
};

[[nodiscard]] Known<LintReport> lint(const dns::DomainName& domain, const Facts& facts, const Limits& limits = {});

}  // namespace ptarmigan::spf
