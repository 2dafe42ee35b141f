// auth/iprev/iprev.hpp - is the sending address's name confirmed by that name's addresses (RFC 8601#3)?
// The PTR query follows CNAMEs, as in classless delegation (RFC 2317#4). The names are looked up in the address's own
// family only: an AAAA record confirms nothing for an IPv4 address. The EHLO name plays no part.
// Limits: max_names. Errors: none. Threads: free functions on values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.hpp"
#include "facts/facts.hpp"

namespace ptarmigan::iprev {

/// PTR names that are looked up, in answer order; the rest are ignored.
inline constexpr std::size_t max_names = 10;

/// RFC 8601#2.7.3.
enum class Outcome : std::uint8_t {
  pass,       ///< a name that the address points to has the address
  fail,       ///< there are names, none has it
  temperror,  ///< a query failed, and nothing else passed
  permerror,  ///< the address has no PTR record
};
/// "temperror"
[[nodiscard]] std::string_view to_string(Outcome outcome);

/// What the addresses of one PTR name say.
struct Candidate {
  dns::DomainName name;
  AnswerStatus status = AnswerStatus::no_such_name;  ///< of its address query
  std::vector<IpAddress> addresses;                  ///< of the client's family
  bool confirmed = false;
  friend bool operator==(const Candidate&, const Candidate&) = default;
};

struct Result {
  Outcome outcome = Outcome::permerror;
  /// The address that was checked: IPv4 for an IPv4-mapped one.
  IpAddress address;
  /// What was asked: "1.2.0.192.in-addr.arpa".
  dns::DomainName reverse_name;
  /// The PTR names in answer order, at most max_names.
  std::vector<Candidate> candidates;
  /// The first confirmed name; the root where there is none.
  dns::DomainName name;
  /// Why it is no pass, as a sentence without a full stop; "" for a pass.
  std::string problem;

  friend bool operator==(const Result&, const Result&) = default;
};

[[nodiscard]] Known<Result> check_iprev(const IpAddress& address, const Facts& facts);

}  // namespace ptarmigan::iprev
