// examples/arc.cpp - a forwarder seals what it found, changes nothing more, and the next hop validates the chain.
#include <cstdio>

#include "auth/arc/chain.hpp"
#include "auth/arc/seal.hpp"
#include "dns/zone.hpp"
#include "facts/zone_facts.hpp"

using namespace ptarmigan;

constexpr std::string_view body = "Hello, list.\r\n";
constexpr WallTime now = WallTime(std::chrono::seconds(1795435200));

int main() {
  const auto key = dkim::PrivateKey::parse("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=");
  const dkim::SigningKey signing{*key, dns::name("lists.example.org"), "arc"};
  const ZoneFacts dns(
      *dns::parse_zone("arc._domainkey.lists.example.org. IN TXT "
                       "\"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"\n"));
  std::string message =
      "From: Alice <alice@example.com>\r\nSubject: Hello\r\nMessage-ID: <1@example.com>\r\n\r\n" + std::string(body);

  const auto validate = [&](std::string_view text) {
    const auto chain = arc::validate_message(text);
    const auto result = settle_with(dns, [&](const Facts& facts) { return chain->judge(facts, now); });
    std::printf("%zu sets: %s%s%s\n", chain->sets().size(), std::string(to_string(result.outcome)).c_str(),
                result.reason.empty() ? "" : ", ", result.reason.c_str());
    return result.outcome;
  };
  for (int hop = 1; hop <= 2; ++hop) {
    const auto chain = validate(message);  // what the chain was when the message came
    const auto header = message::HeaderSection::parse(message);
    arc::Sealer sealer;
    sealer.feed(body);
    const auto fields = sealer.finish(
        *header, signing,
        {.authentication_results = "lists.example.org; spf=pass smtp.mailfrom=example.com", .chain = chain}, now);
    if (!fields) {
      std::fprintf(stderr, "not sealed: %s\n", fields.error().text().c_str());
      return 1;
    }
    message.insert(0, *fields);
  }
  validate(message);
  message.replace(message.rfind("list"), 4, "LIST");
  validate(message);
}
