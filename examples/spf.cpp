// examples/spf.cpp - may this address send for this domain? SPF's check_host() with its trace, on DNS given as text.
#include <cstdio>

#include "auth/spf/check_host.hpp"
#include "dns/zone.hpp"
#include "facts/zone_facts.hpp"

using namespace ptarmigan;

// What a resolver would answer.
constexpr std::string_view zone = R"(
example.com.      IN TXT "v=spf1 include:_spf.example.net mx -all"
_spf.example.net. IN TXT "v=spf1 ip4:198.51.100.0/24 ~all"
example.com.      IN MX  10 mail.example.com.
mail.example.com. IN A   192.0.2.1
mail.example.com. IN AAAA 2001:db8::1
)";

int main() {
  const ZoneFacts dns(*dns::parse_zone(zone));
  for (const auto* client : {"192.0.2.1", "2001:db8::2"}) {
    const spf::Query query{.client = *IpAddress::parse(client),
                           .helo = "mail.example.com",
                           .mail_from = "alice@example.com",
                           .trace = spf::Trace::on};
    // Restart: a judgement returns its result, or the DNS questions that would take it further. Whoever calls gets the
    // answers, from a resolver or, as here, from a zone, and calls again.
    Facts facts;
    auto judged = spf::check_host(query, facts);
    while (!judged.known()) {
      for (const auto& question : judged.need().questions()) {
        std::printf("asks %s\n", question.text().c_str());
        facts.add(question, dns.answer(question));
      }
      judged = spf::check_host(query, facts);
    }
    std::printf("%s: %s by %s, %u look-ups\n", client, std::string(to_string(judged->outcome)).c_str(),
                judged->mechanism.c_str(), judged->terms);
    for (const auto& step : judged->trace)
      std::printf("  %*s%s %s: %s\n", static_cast<int>(2 * step.depth), "", step.domain.c_str(), step.term.c_str(),
                  std::string(to_string(step.outcome)).c_str());
  }
}
