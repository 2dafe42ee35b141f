// examples/dmarc.cpp - what does a domain ask for, does a message pass, and may its reports go where it says?
#include <cstdio>

#include "auth/dmarc/destinations.hpp"
#include "auth/dmarc/evaluate.hpp"
#include "dns/zone.hpp"
#include "facts/zone_facts.hpp"

using namespace ptarmigan;

constexpr std::string_view zone = R"(
_dmarc.example.com. IN TXT "v=DMARC1; p=reject; sp=quarantine; rua=mailto:d@example.com,mailto:x@reports.example"
news.example.com.   IN A   192.0.2.1
example.com._report._dmarc.reports.example. IN TXT "v=DMARC1"
)";

int main() {
  const ZoneFacts dns(*dns::parse_zone(zone));
  dmarc::Query query{.author_domains = {"news.example.com"},
                     .spf = dmarc::Identifier{dns::name("bounces.other.example"), dmarc::Authenticated::pass}};
  const auto evaluate = [&](const char* title) {
    const auto result = settle_with(dns, [&](const Facts& facts) { return dmarc::evaluate(query, facts); });
    const auto& policy = *result.discovery.policy;
    std::printf("%s: %s; %s asks by %s= for %s\n  %s\n", title, std::string(to_string(result.outcome)).c_str(),
                policy.domain.text().c_str(), std::string(to_string(policy.tag)).c_str(),
                std::string(to_string(policy.effective)).c_str(), result.reason.c_str());
    return policy;
  };
  evaluate("SPF of another domain");
  query.dkim = {{dns::name("example.com"), dmarc::Authenticated::pass}};
  const auto policy = evaluate("and a signature of example.com");

  const auto destinations = settle_with(
      dns, [&](const Facts& facts) { return dmarc::check_destinations(policy.domain, policy.record.rua, facts); });
  for (const auto& one : destinations)
    std::printf("reports to %s: %s\n", one.uri.address.c_str(), std::string(to_string(one.permission)).c_str());
}
