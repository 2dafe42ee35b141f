// examples/dkim_verify.cpp - verify the signatures of a message that comes in chunks: the example of RFC 8463#A.2.
#include <cstdio>

#include "auth/dkim/verify.hpp"
#include "dns/zone.hpp"
#include "facts/zone_facts.hpp"

using namespace ptarmigan;

constexpr std::string_view header_text =
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
    "\r\n";

constexpr std::string_view zone =
    "brisbane._domainkey.football.example.com. IN TXT "
    "\"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"\n";

void verify(const char* title, std::string_view last_line) {
  const auto header = message::HeaderSection::parse(header_text);
  dkim::Verifier verifier(*header);
  verifier.feed("Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\n");
  verifier.feed(last_line);
  const auto verification = std::move(verifier).finish();  // everything but the keys

  const auto results = settle_with(ZoneFacts(*dns::parse_zone(zone)), [&](const Facts& facts) {
    return verification.judge(facts, WallTime(std::chrono::seconds(1528637909)));
  });
  for (const auto& result : results)
    std::printf("%s: %s d=%s s=%s %s%s\n", title, std::string(to_string(result.outcome)).c_str(),
                result.signature->domain.text().c_str(), result.signature->selector.c_str(),
                result.counts() ? "(counts for DMARC)" : "", result.reason.c_str());
}

int main() {
  verify("as sent", "Joe.\r\n");
  verify("changed", "Jim.\r\n");
}
