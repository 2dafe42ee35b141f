// examples/authenticate.cpp - every check of a message in one call, and what a receiver writes into its header.
#include "auth/authenticate.hpp"

#include <cstdio>

#include "auth/json.hpp"
#include "dns/zone.hpp"
#include "facts/zone_facts.hpp"

using namespace ptarmigan;

constexpr std::string_view zone = R"(
1.2.0.192.in-addr.arpa.    IN PTR mail.football.example.com.
mail.football.example.com. IN A   192.0.2.1
mail.football.example.com. IN TXT "v=spf1 a -all"
football.example.com.      IN TXT "v=spf1 ip4:192.0.2.1 -all"
_dmarc.example.com.        IN TXT "v=DMARC1; p=reject"
brisbane._domainkey.football.example.com. IN TXT "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
)";

constexpr std::string_view sent =  // of RFC 8463#A.2
    "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
    " d=football.example.com; i=@football.example.com;\r\n"
    " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
    " subject : date : message-id : from : subject : date;\r\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
    " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
    "From: Joe SixPack <joe@football.example.com>\r\n"
    "To: Suzie Q <suzie@shopping.example.net>\r\n"
    "Subject: Is dinner ready?\r\n"
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
    "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
    "\r\n"
    "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";

int main() {
  const auth::Connection connection{.client = *IpAddress::parse("192.0.2.1"),
                                    .helo = "mail.football.example.com",
                                    .mail_from = "joe@football.example.com",
                                    .received_at = WallTime(std::chrono::seconds(1528637909))};
  auth::Authenticator authenticator;
  authenticator.feed(sent.substr(0, 100));  // in chunks of any size
  authenticator.feed(sent.substr(100));
  const auto ready = std::move(authenticator).finish();  // hashed once; judge() may be called again and again

  const ZoneFacts dns(*dns::parse_zone(zone));
  Facts facts;
  auto judged = ready.judge(connection, facts);
  for (int round = 1; !judged.known(); ++round) {
    std::printf("round %d asks %zu questions\n", round, judged.need().questions().size());
    for (const auto& question : judged.need().questions()) facts.add(question, dns.answer(question));
    judged = ready.judge(connection, facts);
  }
  std::printf("%s", auth::authentication_results(*judged, "mx.example.org")->c_str());
  std::printf("dmarc: %s\n", std::string(to_string(judged->dmarc.outcome)).c_str());
  std::printf("iprev as JSON: %s\n", auth::to_json(*judged->iprev).c_str());
}
