// tls/hop_policy.hpp - what TLS a connection to one receiving host must have, from DANE (RFC 7672), MTA-STS (RFC 8461)
// and REQUIRETLS (RFC 8689). DANE goes first, and MTA-STS never overrides it (RFC 8461#2). Pure. Threads: free
// functions on values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "facts/facts.hpp"
#include "tls/mta_sts.hpp"
#include "tls/result_type.hpp"

namespace ptarmigan::tls {

enum class HopTls : std::uint8_t {
  opportunistic,  ///< TLS where it is offered and works, else in the clear (RFC 7435#3)
  encrypt,        ///< TLS with whoever answers
  dane,           ///< TLS with a certificate that `associations` match
  pkix,           ///< TLS with a certificate that an authority vouches for, in the host's name
  refuse,         ///< no mail to this host now
};
/// As stored with an attempt: "opportunistic", "encrypt", "dane", "pkix", "refuse".
[[nodiscard]] std::string_view to_string(HopTls tls);

enum class HopAuthority : std::uint8_t { none, dane, mta_sts, requiretls };
[[nodiscard]] std::string_view to_string(HopAuthority authority);

struct HopPolicy {
  HopTls tls = HopTls::opportunistic;
  HopAuthority authority = HopAuthority::none;    ///< who demands it
  std::string reason = {};                        ///< one sentence without a full stop
  dns::DomainName server_name = {};               ///< the SNI, and the name to verify; the root: neither
  std::vector<dns::DomainName> other_names = {};  ///< dane: further names that a DANE-TA certificate may have
  std::vector<dns::Tlsa> associations = {};       ///< dane: at least one
  /// That this very host receives the domain's mail is proved, by DNSSEC or by an MTA-STS policy.
  bool host_proved = false;
  /// For TLS reports: what is wrong with the policies, also where mail goes on.
  std::optional<ResultType> finding = {};
  friend bool operator==(const HopPolicy&, const HopPolicy&) = default;

  /// A session opened under this policy is as good under `other`: they demand the same of the peer.
  [[nodiscard]] bool demands_as(const HopPolicy& other) const;
};

enum class DaneUse : std::uint8_t { off, on };

struct HopQuery {
  dns::DomainName domain;  ///< of the recipients, or of the smart host
  dns::DomainName host;    ///< one of its MX hosts
  std::uint16_t port = 25;
  DaneUse dane = DaneUse::on;
  /// The MTA-STS policy to apply now (current_policy()).
  std::optional<StsPolicy> sts = {};
  /// Why there is an MTA-STS record and no policy, for TLS reports.
  std::optional<ResultType> sts_problem = {};
};

[[nodiscard]] Known<HopPolicy> decide_hop(const HopQuery& query, const Facts& facts);

/// For a message with REQUIRETLS (RFC 8689#4.2.1): only to a proved host, and only to a verified peer.
[[nodiscard]] HopPolicy with_requiretls(HopPolicy policy);

}  // namespace ptarmigan::tls
