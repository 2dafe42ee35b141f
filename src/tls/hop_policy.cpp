// tls/hop_policy.cpp - see hop_policy.hpp.
#include "tls/hop_policy.hpp"

#include <algorithm>
#include <utility>

#include "tls/dane.hpp"

namespace ptarmigan::tls {
namespace {

HopPolicy refuse(HopAuthority authority, std::string reason, ResultType finding) {
  return {.tls = HopTls::refuse, .authority = authority, .reason = std::move(reason), .finding = finding};
}

HopPolicy from_dane(const Dane& dane) {
  // A DANE-EE key is matched whatever its certificate's names: without them, sessions serve more domains.
  const bool by_name =
      std::ranges::any_of(dane.associations, [](const dns::Tlsa& record) { return record.usage == usage_dane_ta; });
  std::vector<dns::DomainName> others;
  for (const auto& name : dane.names)
    if (by_name && name != dane.base_domain) others.push_back(name);
  return {.tls = HopTls::dane,
          .authority = HopAuthority::dane,
          .reason = dane.reason,
          .server_name = dane.base_domain,
          .other_names = std::move(others),
          .associations = dane.associations,
          .host_proved = true};
}

/// What MTA-STS and unusable TLSA records leave to say.
HopPolicy without_dane(const HopQuery& query, const Dane& dane) {
  HopPolicy policy{.reason = "no policy demands TLS of " + query.host.text(),
                   .server_name = query.host,
                   .host_proved = dane.mx_proved,
                   .finding = query.sts_problem};
  if (dane.status == DaneStatus::encrypt) {
    policy.tls = HopTls::encrypt;
    policy.authority = HopAuthority::dane;
    policy.reason = dane.reason;
    policy.finding = ResultType::tlsa_invalid;
  }
  if (!query.sts || query.sts->mode == StsMode::none) return policy;
  const bool allowed = query.sts->allows(query.host);
  policy.host_proved |= allowed;
  const std::string whose = "the MTA-STS policy of " + query.domain.text();
  if (query.sts->mode == StsMode::testing) {
    if (!allowed) policy.finding = ResultType::validation_failure;
    if (policy.tls == HopTls::opportunistic) policy.reason = whose + " is in testing";
    return policy;
  }
  if (!allowed)
    return refuse(HopAuthority::mta_sts, whose + " does not name " + query.host.text(), ResultType::validation_failure);
  policy.tls = HopTls::pkix;
  policy.authority = HopAuthority::mta_sts;
  policy.reason = whose + " demands a verified certificate";
  return policy;
}

}  // namespace

std::string_view to_string(HopTls tls) {
  switch (tls) {
    case HopTls::opportunistic: return "opportunistic";
    case HopTls::encrypt: return "encrypt";
    case HopTls::dane: return "dane";
    case HopTls::pkix: return "pkix";
    case HopTls::refuse: return "refuse";
  }
  return "";
}

std::string_view to_string(HopAuthority authority) {
  switch (authority) {
    case HopAuthority::none: return "none";
    case HopAuthority::dane: return "dane";
    case HopAuthority::mta_sts: return "mta-sts";
    case HopAuthority::requiretls: return "requiretls";
  }
  return "";
}

bool HopPolicy::demands_as(const HopPolicy& other) const {
  return tls == other.tls && server_name == other.server_name && other_names == other.other_names &&
         associations == other.associations;
}

Known<HopPolicy> decide_hop(const HopQuery& query, const Facts& facts) {
  Dane dane;
  if (query.dane == DaneUse::on) {
    auto found = find_dane(query.domain, query.host, query.port, facts);
    if (!found.known()) return found.need();
    dane = std::move(found).value();
  }
  if (dane.status == DaneStatus::failed) return refuse(HopAuthority::dane, dane.reason, ResultType::dnssec_invalid);
  if (dane.status == DaneStatus::required) return from_dane(dane);
  return without_dane(query, dane);
}

HopPolicy with_requiretls(HopPolicy policy) {
  if (policy.tls == HopTls::refuse || policy.tls == HopTls::dane || policy.tls == HopTls::pkix) return policy;
  if (!policy.host_proved)
    return refuse(HopAuthority::requiretls,
                  "REQUIRETLS was asked for, and neither DNSSEC nor MTA-STS proves that this host takes the mail",
                  ResultType::validation_failure);
  policy.tls = HopTls::pkix;
  policy.authority = HopAuthority::requiretls;
  policy.reason = "REQUIRETLS was asked for";
  return policy;
}

}  // namespace ptarmigan::tls
