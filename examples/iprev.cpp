// examples/iprev.cpp - does the address's name lead back to the address? The four outcomes of RFC 8601#2.7.3.
#include "auth/iprev/iprev.hpp"

#include <cstdio>

#include "dns/zone.hpp"
#include "facts/zone_facts.hpp"

using namespace ptarmigan;

constexpr std::string_view zone = R"(
1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. IN PTR mail.example.com.
mail.example.com.       IN AAAA 2001:db8::1
mail.example.com.       IN A    192.0.2.1
1.2.0.192.in-addr.arpa. IN PTR  mail.example.com.
2.2.0.192.in-addr.arpa. IN PTR  mail.example.com.
)";

int main() {
  const ZoneFacts dns(*dns::parse_zone(zone));
  const auto show = [](const iprev::Result& result) {
    std::printf("%s: %s%s%s\n", result.address.text().c_str(), std::string(to_string(result.outcome)).c_str(),
                result.problem.empty() ? "" : ", ", result.problem.c_str());
  };
  for (const auto* address : {"2001:db8::1", "192.0.2.1", "192.0.2.2", "192.0.2.3"})
    show(settle_with(dns, [&](const Facts& facts) { return iprev::check_iprev(*IpAddress::parse(address), facts); }));

  // A server that did not answer is a fact like others, and never a fail.
  Facts facts;
  facts.add({dns::name("4.2.0.192.in-addr.arpa"), dns::RecordType::ptr}, {.status = AnswerStatus::timed_out});
  show(*iprev::check_iprev(*IpAddress::parse("192.0.2.4"), facts));
}
