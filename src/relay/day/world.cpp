// relay/day/world.cpp - see world.hpp.
#include "relay/day/world.hpp"

#include <algorithm>

#include "dns/zone.hpp"
#include "facts/zone_facts.hpp"
#include "rehearsal/decide.hpp"
#include "rulebook/registry.hpp"

namespace ptarmigan::relay::day {
namespace {

constexpr std::array source_texts{"2001:db8::2", "2001:db8::1", "192.0.2.1"};
constexpr std::array ehlo_names{"new.example.com", "mail.example.com", "mail.example.com"};

/// Everything in order; `main_ptr` without: our known IPv6 address has lost its reverse name.
constexpr std::string_view zone_text =
    "mail.example.com. A 192.0.2.1\nmail.example.com. AAAA 2001:db8::1\nnew.example.com. AAAA 2001:db8::2\n"
    "1.2.0.192.in-addr.arpa. PTR mail.example.com.\n"
    "2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR new.example.com.\n"
    "example.com. MX 10 mail.example.com.\n"
    "example.com. TXT \"v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 ip6:2001:db8::2 -all\"\n"
    "mail.example.com. TXT \"v=spf1 a -all\"\nnew.example.com. TXT \"v=spf1 a -all\"\n"
    "_dmarc.example.com. TXT \"v=DMARC1; p=none; rua=mailto:dmarc@example.com\"\n"
    // The key of RFC 8463#A.2.
    "mail._domainkey.example.com. TXT \"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"\n";
constexpr std::string_view main_ptr =
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR mail.example.com.\n";

// Google's words (error table, 2026-02-15).
constexpr std::string_view gmail_rate =
    "421-4.7.28 Gmail has detected an unusual rate of unsolicited mail originating\r\n"
    "421-4.7.28 from your IP address. To protect our users from spam, mail sent from\r\n"
    "421-4.7.28 your IP address has been temporarily rate limited. For more\r\n"
    "421-4.7.28 information, go to\r\n"
    "421 4.7.28  https://support.google.com/mail/answer/81126 - gsmtp";
constexpr std::string_view narrow_rate = "451 4.7.1 Too many messages from your IP address, slow down";
/// How long Gmail's patience is gone after each message above what it bears.
constexpr milliseconds anger{5 * 60'000};
constexpr milliseconds one_minute{60'000};
constexpr milliseconds no_answer{30'000};

const ZoneFacts& zone_with_ptr(bool ptr) {
  static const auto read = [](bool with) {
    const auto text = std::string(zone_text) + (with ? std::string(main_ptr) : std::string());
    return ZoneFacts(dns::parse_zone(text, dns::DomainName()).value());
  };
  static const ZoneFacts with = read(true);
  static const ZoneFacts without = read(false);
  return ptr ? with : without;
}

bool has_ptr(milliseconds now) {
  return now < clock_time(6, 30) || now >= clock_time(9);
}

rulebook::Subject subject_of(SourceName source) {
  rulebook::Subject subject;
  subject.sending_address = address_of(source);
  subject.ehlo_name = ehlo_names.at(static_cast<std::size_t>(source));
  subject.mail_from = smtp::ReversePath{smtp::Mailbox{"news", "example.com"}};
  subject.header_from = std::vector{dns::name("example.com")};
  subject.signatures = std::vector<rulebook::Signature>{rulebook::IntendedSignature{
      dns::name("example.com"), "mail", "ed25519", "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="}};
  subject.hop = rulebook::Hop::tls;
  return subject;
}

const rulebook::Receiver* rules_of(SiteName site) {
  return site == SiteName::gmail || site == SiteName::outlook ? rulebook::find_receiver(to_string(site)) : nullptr;
}

std::string host_of(SiteName site) {
  if (site == SiteName::gmail) return "gmail-smtp-in.l.google.com";
  if (site == SiteName::outlook) return "outlook-com.olc.protection.outlook.com";
  return "mx." + domain_of(site);
}

}  // namespace

std::string_view to_string(SiteName site) {
  constexpr std::array<std::string_view, site_count> names{"gmail", "outlook", "slow", "dead", "narrow"};
  return names.at(static_cast<std::size_t>(site));
}

std::string_view to_string(SourceName source) {
  constexpr std::array<std::string_view, source_count> names{"new-ipv6", "main-ipv6", "main-ipv4"};
  return names.at(static_cast<std::size_t>(source));
}

IpAddress address_of(SourceName source) {
  return IpAddress::parse(source_texts.at(static_cast<std::size_t>(source))).value();
}

std::optional<SourceName> source_of(const std::optional<IpAddress>& address) {
  for (const auto source : {SourceName::new_ipv6, SourceName::main_ipv6, SourceName::main_ipv4})
    if (address == address_of(source)) return source;
  return std::nullopt;
}

std::string domain_of(SiteName site) {
  if (site == SiteName::gmail) return "gmail.com";
  if (site == SiteName::outlook) return "outlook.com";
  return std::string(to_string(site)) + ".example.net";
}

route::Destination destination_of(SiteName site) {
  const auto host = dns::name(host_of(site));
  const auto key = rules_of(site) != nullptr ? std::string(to_string(site)) : host_of(site);
  return {.status = route::Destination::Status::found,
          .site = {key, rules_of(site)},
          .targets = {{host, IpAddress::parse("2001:db8:feed::25").value()},
                      {host, IpAddress::parse("203.0.113.25").value()}},
          .why = {}};
}

std::uint64_t gmail_a_minute(std::uint64_t messages) {
  return std::max<std::uint64_t>(3, messages / 1'100);
}

unsigned narrow_pace(std::uint64_t messages) {
  return static_cast<unsigned>(std::max<std::uint64_t>(1, messages / 20'000));
}

config::Config configuration(std::uint64_t messages) {
  config::Config config;
  config.hostname = dns::name("mail.example.com");
  config::Source fresh;
  fresh.name = "new";
  fresh.ipv6 = address_of(SourceName::new_ipv6);
  fresh.ehlo = dns::name("new.example.com");
  fresh.warm_up_from = first_day - std::chrono::days(5);
  fresh.warm_up_first = std::max<std::uint64_t>(1, messages / 1'000);
  config::Source known;
  known.name = "main";
  known.ipv4 = address_of(SourceName::main_ipv4);
  known.ipv6 = address_of(SourceName::main_ipv6);
  known.ehlo = dns::name("mail.example.com");
  config.sources = {fresh, known};
  config.paces.push_back({.site = host_of(SiteName::narrow),
                          .connections = 2,
                          .messages_per_connection = 50,
                          .messages_per_minute = narrow_pace(messages)});
  return config;
}

World::World(std::uint64_t messages)
    : gmail_a_minute_(gmail_a_minute(messages)),
      narrow_a_minute_(narrow_pace(messages) + narrow_pace(messages) / 5 + 1) {
  no_rules_ = route::judge_route(nullptr, {}, {});
}

const route::RouteFacts& World::facts(SourceName source, SiteName site, milliseconds now) {
  if (site != SiteName::gmail) return no_rules_;
  const auto [found, fresh] = facts_.try_emplace({source, has_ptr(now)});
  if (!fresh) return found->second;
  Facts known;
  for (;;) {
    found->second = route::judge_route(rules_of(site), subject_of(source), known);
    if (found->second.needed.empty()) return found->second;
    for (const auto& question : found->second.needed) known.add(question, zone_with_ptr(has_ptr(now)).answer(question));
  }
}

const std::optional<smtp::Reply>& World::refusal(SourceName source, milliseconds now) {
  const auto [found, fresh] = refusals_.try_emplace({source, has_ptr(now)});
  if (!fresh) return found->second;
  for (const auto stage :
       {smtp::Stage::connect, smtp::Stage::ehlo, smtp::Stage::mail, smtp::Stage::rcpt, smtp::Stage::end_of_data}) {
    auto decision = settle_with(zone_with_ptr(has_ptr(now)), [&](const Facts& facts) {
      return rehearsal::decide(*rules_of(SiteName::gmail), stage, subject_of(source), facts, "id");
    });
    if (decision.reply) {
      found->second = std::move(decision.reply);
      break;
    }
  }
  return found->second;
}

milliseconds World::duration(SiteName site, milliseconds now, std::uint32_t random) const {
  const milliseconds spread(random % 100);
  if (site == SiteName::dead && now >= clock_time(10) && now < clock_time(14)) return no_answer;
  if (site == SiteName::slow && now >= clock_time(8) && now < clock_time(10)) return one_minute + spread;
  return milliseconds(200) + spread;
}

bool World::too_fast(SiteName site, SourceName source, milliseconds now) {
  auto& window = windows_[{site, source}];
  const auto minute = now / one_minute * one_minute;
  if (minute != window.minute) {
    window.minute = minute;
    window.taken = 0;
  }
  const auto bears = site == SiteName::gmail ? gmail_a_minute_ : narrow_a_minute_;
  if (now >= window.angry_until && ++window.taken <= bears) return false;
  window.angry_until = now + anger;
  return true;
}

smtp::client::Answer World::answer(SiteName site, SourceName source, milliseconds began, milliseconds now) {
  using smtp::Stage;
  const auto says = [](Stage stage, std::string_view text) {
    return smtp::client::Answer{.stage = stage, .reply = smtp::Reply::parse(text).value(), .problem = {}};
  };
  if (site == SiteName::dead && duration(site, began, 0) == no_answer)
    return {.stage = Stage::connect, .reply = {}, .problem = smtp::Problem::timed_out};
  if (site == SiteName::gmail)
    if (const auto& refused = refusal(source, now))
      return {.stage = Stage::end_of_data, .reply = refused, .problem = {}};
  if ((site == SiteName::gmail || site == SiteName::narrow) && too_fast(site, source, now))
    return says(Stage::end_of_data, site == SiteName::gmail ? gmail_rate : narrow_rate);
  return says(Stage::end_of_data, "250 2.0.0 OK");
}

}  // namespace ptarmigan::relay::day
