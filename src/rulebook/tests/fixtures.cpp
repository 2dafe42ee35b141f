// rulebook/tests/fixtures.cpp - the worlds of all rules.
#include "rulebook/tests/fixtures.hpp"

#include <stdexcept>

namespace ptarmigan::rulebook::fixtures {
namespace {

constexpr std::string_view v4 = "192.0.2.1";
constexpr std::string_view v6 = "2001:db8::1";

// RFC 8463#A.2: a public key that nobody in this project made.
constexpr std::string_view ed25519_key = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

constexpr std::string_view forward =
    "mail.example.com. A 192.0.2.1\nmail.example.com. AAAA 2001:db8::1\nexample.com. MX 10 mail.example.com.\n";
constexpr std::string_view reverse_v4 = "1.2.0.192.in-addr.arpa. PTR mail.example.com.\n";
constexpr std::string_view reverse_v6 =
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR mail.example.com.\n";
constexpr std::string_view spf = "example.com. TXT \"v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 -all\"\n";
constexpr std::string_view helo_spf = "mail.example.com. TXT \"v=spf1 a -all\"\n";
constexpr std::string_view dmarc = "_dmarc.example.com. TXT \"v=DMARC1; p=none; rua=mailto:dmarc@example.com\"\n";

std::string key() {
  return "mail._domainkey.example.com. TXT \"v=DKIM1; k=ed25519; p=" + std::string(ed25519_key) + "\"\n";
}

template <typename... Parts>
std::string zone(Parts... parts) {
  return (std::string(parts) + ...);
}

Subject bulk(Subject subject) {
  subject.stream = Stream::bulk;
  return subject;
}
Subject unsigned_mail(Subject subject) {
  subject.signatures = std::vector<Signature>{};
  return subject;
}
template <typename Change>
Subject with(Change change, std::string_view address = v4) {
  auto subject = good_subject(address);
  change(subject);
  return subject;
}

using enum State;

const auto good = good_zone();
const auto no_spf = zone(forward, reverse_v4, reverse_v6, key(), dmarc);
const auto no_key = zone(forward, reverse_v4, reverse_v6, spf, dmarc);
const auto no_dmarc = zone(forward, reverse_v4, reverse_v6, spf, key());
const auto foreign_spf =
    zone(forward, reverse_v4, reverse_v6, key(), dmarc, "example.com. TXT \"v=spf1 ip4:198.51.100.7 -all\"\n");
const auto no_auth =
    zone(forward, reverse_v4, reverse_v6, dmarc, "example.com. TXT \"v=spf1 ip4:198.51.100.7 -all\"\n");
const auto example_com = dns::name("example.com");

/// Nothing passes, and the author domain's policy is `p`.
std::string policy(std::string_view p) {
  return zone(forward, reverse_v4, reverse_v6, "example.com. TXT \"v=spf1 -all\"\n",
              "_dmarc.example.com. TXT \"v=DMARC1; p=", p, "\"\n");
}

using Fixtures = std::vector<Fixture>;

void add_identity(Fixtures& out) {
  out.push_back({"gmail.ehlo", holds, "host name", good_subject(v4), good});
  out.push_back(
      {"gmail.ehlo", holds, "address literal", with([](Subject& s) { s.ehlo_name = "[IPv6:2001:db8::1]"; }), good});
  out.push_back({"gmail.ehlo", broken, "localhost", with([](Subject& s) { s.ehlo_name = "localhost"; }), good});
  out.push_back({"gmail.ehlo", broken, "empty", with([](Subject& s) { s.ehlo_name = ""; }), good});
  out.push_back(
      {"gmail.ehlo", broken, "underscore", with([](Subject& s) { s.ehlo_name = "my_mail.example.com"; }), good});
  out.push_back({"gmail.ehlo", unknown, "not said yet", with([](Subject& s) { s.ehlo_name.reset(); }), good});

  out.push_back({"gmail.ptr", holds, "confirmed over IPv4", good_subject(v4), good});
  out.push_back({"gmail.ptr", holds, "confirmed over IPv6", good_subject(v6), good});
  out.push_back({"gmail.ptr", broken, "no PTR over IPv6", good_subject(v6),
                 zone(forward, reverse_v4, spf, key(), dmarc, helo_spf)});
  out.push_back({"gmail.ptr", broken, "no PTR over IPv4", good_subject(v4),
                 zone(forward, reverse_v6, spf, key(), dmarc, helo_spf)});
  out.push_back({"gmail.ptr", broken, "the name has only the other family", good_subject(v6),
                 zone("mail.example.com. A 192.0.2.1\n", reverse_v4, reverse_v6, spf, key(), dmarc)});
  out.push_back({"gmail.ptr", broken, "the name has another address", good_subject(v4),
                 zone("mail.example.com. A 192.0.2.99\n", reverse_v4, spf, key(), dmarc)});
  out.push_back(
      {"gmail.ptr", unknown, "the reverse zone does not answer", good_subject(v6), good, {dns::name("ip6.arpa")}});
  out.push_back({"gmail.ptr", unknown, "no address", with([](Subject& s) { s.sending_address.reset(); }), good});
}

void add_authentication(Fixtures& out) {
  out.push_back({"gmail.authentication", holds, "SPF alone", unsigned_mail(good_subject(v6)), no_key});
  out.push_back({"gmail.authentication", holds, "DKIM alone", good_subject(v6), no_spf});
  out.push_back({"gmail.authentication", holds, "a bounce, by the EHLO name's SPF",
                 with(
                     [](Subject& s) {
                       s.mail_from = smtp::ReversePath{};
                       s.signatures = std::vector<Signature>{};
                     },
                     v6),
                 good});
  out.push_back(
      {"gmail.authentication", broken, "SPF without the address, unsigned", unsigned_mail(good_subject(v6)), no_auth});
  out.push_back(
      {"gmail.authentication", broken, "SPF without the address, key not published", good_subject(v4), no_auth});
  out.push_back({"gmail.authentication", broken, "signature does not verify", with([](Subject& s) {
                   s.signatures = std::vector<Signature>{ObservedSignature{dns::name("example.com"), "mail",
                                                                           ObservedSignature::Result::fail,
                                                                           "the body was changed after signing"}};
                 }),
                 foreign_spf});
  out.push_back(
      {"gmail.authentication", unknown, "DNS does not answer", unsigned_mail(good_subject(v4)), good, {example_com}});
}

void add_policy(Fixtures& out) {
  out.push_back({"gmail.dmarc-policy", holds, "aligned under p=reject", good_subject(v4),
                 zone(forward, reverse_v4, spf, key(), "_dmarc.example.com. TXT \"v=DMARC1; p=reject\"\n")});
  out.push_back(
      {"gmail.dmarc-policy", holds, "not aligned under p=none", unsigned_mail(good_subject(v4)), policy("none")});
  out.push_back({"gmail.dmarc-policy", broken, "nothing passes under p=reject", unsigned_mail(good_subject(v4)),
                 policy("reject")});
  out.push_back({"gmail.dmarc-policy", unknown, "DNS does not answer", good_subject(v4), good, {example_com}});
  out.push_back({"gmail.dmarc-quarantine", holds, "aligned", good_subject(v4), good});
  out.push_back({"gmail.dmarc-quarantine", broken, "nothing passes under p=quarantine", unsigned_mail(good_subject(v4)),
                 policy("quarantine")});
  out.push_back({"gmail.dmarc-quarantine", unknown, "DNS does not answer", good_subject(v4), good, {example_com}});

  out.push_back({"gmail.impersonation", holds, "own domain", good_subject(v4), good});
  out.push_back({"gmail.impersonation", broken, "From at gmail.com",
                 with([](Subject& s) { s.header_from = std::vector{dns::name("gmail.com")}; }),
                 zone(good, "_dmarc.gmail.com. TXT \"v=DMARC1; p=none; sp=quarantine\"\n")});
  out.push_back({"gmail.impersonation", unknown, "no From", with([](Subject& s) { s.header_from.reset(); }), good});
}

void add_header(Fixtures& out) {
  const auto header = [](auto change) {
    return with([&](Subject& s) {
      s.header = HeaderFacts{.from_fields = 1,
                             .from_mailboxes = 1,
                             .from_problem = {},
                             .message_ids = {"<1@example.com>"},
                             .date_fields = 1,
                             .repeated = {}};
      change(s, *s.header);
    });
  };
  out.push_back({"gmail.from", holds, "one address", header([](Subject&, HeaderFacts&) {}), good});
  out.push_back({"gmail.from", broken, "no From", header([](Subject& s, HeaderFacts& h) {
                   h.from_fields = h.from_mailboxes = 0;
                   s.header_from->clear();
                 }),
                 good});
  out.push_back({"gmail.from", broken, "two From fields",
                 header([](Subject&, HeaderFacts& h) { h.from_fields = h.from_mailboxes = 2; }), good});
  out.push_back(
      {"gmail.from", broken, "two addresses", header([](Subject&, HeaderFacts& h) { h.from_mailboxes = 2; }), good});
  out.push_back({"gmail.from", unknown, "no message", with([](Subject& s) { s.header.reset(); }), good});
  out.push_back({"gmail.message-id", holds, "valid", header([](Subject&, HeaderFacts&) {}), good});
  out.push_back(
      {"gmail.message-id", broken, "absent", header([](Subject&, HeaderFacts& h) { h.message_ids.clear(); }), good});
  out.push_back({"gmail.message-id", broken, "without brackets",
                 header([](Subject&, HeaderFacts& h) { h.message_ids = {"1@example.com"}; }), good});
  out.push_back({"gmail.message-id", broken, "without domain",
                 header([](Subject&, HeaderFacts& h) { h.message_ids = {"<1>"}; }), good});
  out.push_back({"gmail.message-id", unknown, "no message", with([](Subject& s) { s.header.reset(); }), good});
  out.push_back({"gmail.single-fields", holds, "each once", header([](Subject&, HeaderFacts&) {}), good});
  out.push_back({"gmail.single-fields", broken, "two Subjects",
                 header([](Subject&, HeaderFacts& h) { h.repeated = {"Subject"}; }), good});
  out.push_back({"gmail.single-fields", unknown, "no message", with([](Subject& s) { s.header.reset(); }), good});
}

void add_transport(Fixtures& out) {
  const auto clear_hop = [](Subject s) {
    s.hop = Hop::clear;
    return s;
  };
  const auto no_hop = [](Subject s) {
    s.hop.reset();
    return s;
  };
  out.push_back({"gmail.tls", holds, "encrypted", good_subject(v4), good});
  out.push_back({"gmail.tls", broken, "clear", clear_hop(good_subject(v4)), good});
  out.push_back({"gmail.tls", unknown, "not known", no_hop(good_subject(v4)), good});
  out.push_back({"gmail.bulk-tls", holds, "encrypted", bulk(good_subject(v4)), good});
  out.push_back({"gmail.bulk-tls", broken, "clear", bulk(clear_hop(good_subject(v4))), good});
  out.push_back({"gmail.bulk-tls", unknown, "not known", bulk(no_hop(good_subject(v4))), good});

  out.push_back({"gmail.spf-entries", holds, "narrow", good_subject(v4), good});
  out.push_back({"gmail.spf-entries", broken, "+all", good_subject(v4),
                 zone(forward, reverse_v4, key(), dmarc, "example.com. TXT \"v=spf1 +all\"\n")});
  out.push_back({"gmail.spf-entries", broken, "a quarter of the Internet", good_subject(v4),
                 zone(forward, reverse_v4, key(), dmarc, "example.com. TXT \"v=spf1 ip4:192.0.0.0/2 -all\"\n")});
  out.push_back({"gmail.spf-entries", unknown, "DNS does not answer", good_subject(v4), good, {example_com}});
}

void add_bulk_senders(Fixtures& out) {
  out.push_back({"gmail.bulk-spf", holds, "covered", bulk(good_subject(v6)), good});
  out.push_back(
      {"gmail.bulk-spf", broken, "IPv6 not covered", bulk(good_subject(v6)),
       zone(forward, reverse_v4, reverse_v6, key(), dmarc, "example.com. TXT \"v=spf1 ip4:192.0.2.1 -all\"\n")});
  out.push_back({"gmail.bulk-spf", unknown, "DNS does not answer", bulk(good_subject(v4)), good, {example_com}});
  out.push_back({"gmail.bulk-dkim", holds, "key published", bulk(good_subject(v4)), good});
  out.push_back({"gmail.bulk-dkim", broken, "unsigned", bulk(unsigned_mail(good_subject(v4))), good});
  out.push_back({"gmail.bulk-dkim", broken, "another key published", bulk(good_subject(v4)),
                 zone(forward, reverse_v4, spf, dmarc,
                      "mail._domainkey.example.com. TXT \"v=DKIM1; k=ed25519; "
                      "p=OTn9dDAIwLgYvcKQvKPQ2ZtbBCDbbL1bbx7b9qjUJcA=\"\n")});
  out.push_back({"gmail.bulk-dkim", unknown, "DNS does not answer", bulk(good_subject(v4)), good, {example_com}});
  out.push_back({"gmail.bulk-dmarc", holds, "p=none", bulk(good_subject(v4)), good});
  out.push_back({"gmail.bulk-dmarc", broken, "no record", bulk(good_subject(v4)), no_dmarc});
  out.push_back({"gmail.bulk-dmarc",
                 unknown,
                 "DNS does not answer",
                 bulk(good_subject(v4)),
                 good,
                 {dns::name("_dmarc.example.com")}});
  out.push_back({"gmail.bulk-alignment", holds, "d= of From", bulk(good_subject(v4)), good});
  out.push_back({"gmail.bulk-alignment", broken, "passes for another domain", bulk(with([](Subject& s) {
                   s.mail_from = smtp::ReversePath{smtp::Mailbox{"bounce", "relay.example.net"}};
                   s.signatures = std::vector<Signature>{
                       ObservedSignature{dns::name("relay.example.net"), "s", ObservedSignature::Result::pass}};
                 })),
                 zone(good, "relay.example.net. TXT \"v=spf1 ip4:192.0.2.1 -all\"\n")});
  out.push_back(
      {"gmail.bulk-alignment", unknown, "no From", bulk(with([](Subject& s) { s.header_from.reset(); })), good});
}

void add_receiver_only(Fixtures& out) {
  for (const auto& receiver : receivers())
    for (const auto& rule : receiver.rules)
      if (rule.visibility == Visibility::receiver_only)
        out.push_back({rule.id, unknown, "only the receiver knows", good_subject(v4), good});
}

/// Rules of other receivers that ask what a Gmail rule asks: its worlds are theirs.
struct Like {
  std::string_view rule;
  std::string_view gmail;
};
constexpr Like alike[] = {
    {"apple.authentication", "gmail.authentication"},
    {"apple.bulk-ptr", "gmail.ptr"},
    {"apple.dmarc-policy", "gmail.dmarc-policy"},
    {"apple.dmarc-quarantine", "gmail.dmarc-quarantine"},
    {"exchange-online.dmarc-policy", "gmail.dmarc-policy"},
    {"exchange-online.dmarc-quarantine", "gmail.dmarc-quarantine"},
    {"exchange-online.from", "gmail.from"},
    {"exchange-online.ipv6-authentication", "gmail.authentication"},
    {"gmx.ehlo", "gmail.ehlo"},
    {"gmx.ptr", "gmail.ptr"},
    {"outlook.dmarc-policy", "gmail.dmarc-policy"},
    {"outlook.dmarc-quarantine", "gmail.dmarc-quarantine"},
    {"outlook.ptr", "gmail.ptr"},
    {"yahoo.authentication", "gmail.authentication"},
    {"yahoo.dmarc-policy", "gmail.dmarc-policy"},
    {"yahoo.dmarc-quarantine", "gmail.dmarc-quarantine"},
    {"yahoo.header", "gmail.from"},
    {"yahoo.ptr", "gmail.ptr"},
};

void add_alike(Fixtures& out) {
  const auto written = out;
  for (const auto& like : alike) {
    const auto& rule = *find_rule(like.rule);
    for (auto fixture : written) {
      const auto& address = fixture.subject.sending_address;
      if (fixture.rule != like.gmail || (address && !covers(rule.families, address->family()))) continue;
      fixture.rule = like.rule;
      if (rule.scope == Scope::bulk_senders) fixture.subject = bulk(fixture.subject);
      out.push_back(fixture);
    }
  }
}

void add_names(Fixtures& out) {
  const auto no_v6_ptr = zone(forward, reverse_v4, spf, key(), dmarc, helo_spf);
  out.push_back({"exchange-online.ptr", holds, "there is one", good_subject(v6), good});
  out.push_back({"exchange-online.ptr", holds, "its name leads elsewhere", good_subject(v6),
                 zone("mail.example.com. A 192.0.2.1\n", reverse_v6, spf, key(), dmarc)});
  out.push_back({"exchange-online.ptr", broken, "no PTR over IPv6", good_subject(v6), no_v6_ptr});
  out.push_back({"exchange-online.ptr",
                 unknown,
                 "the reverse zone does not answer",
                 good_subject(v6),
                 good,
                 {dns::name("ip6.arpa")}});

  out.push_back({"exchange-online.ipv6-authentication",
                 unknown,
                 "DNS does not answer",
                 unsigned_mail(good_subject(v6)),
                 good,
                 {example_com}});

  for (const auto* id : {"gmx.generic-ptr", "outlook.dynamic-address", "yahoo.generic-ptr"}) {
    out.push_back({id, holds, "own name", good_subject(v4), good});
    out.push_back({id, broken, "the provider's name", good_subject(v4),
                   zone(forward, spf, key(), dmarc, "1.2.0.192.in-addr.arpa. PTR 192-0-2-1.hosts.example.net.\n",
                        "192-0-2-1.hosts.example.net. A 192.0.2.1\n")});
    out.push_back({id, broken, "no PTR over IPv6", good_subject(v6), no_v6_ptr});
    out.push_back({id, unknown, "the reverse zone does not answer", good_subject(v6), good, {dns::name("ip6.arpa")}});
  }
  out.push_back({"outlook.dynamic-address", broken, "the provider's name is also said",
                 with([](Subject& s) { s.ehlo_name = "192-0-2-1.dyn.example.net"; }),
                 zone(forward, spf, key(), dmarc, "1.2.0.192.in-addr.arpa. PTR 192-0-2-1.dyn.example.net.\n",
                      "192-0-2-1.dyn.example.net. A 192.0.2.1\n")});

  out.push_back({"gmx.ehlo-is-ptr", holds, "the same", good_subject(v4), good});
  out.push_back({"gmx.ehlo-is-ptr", broken, "another name", with([](Subject& s) { s.ehlo_name = "mx.example.com"; }),
                 zone(good, "mx.example.com. A 192.0.2.1\n")});
  out.push_back({"gmx.ehlo-is-ptr", unknown, "not said yet", with([](Subject& s) { s.ehlo_name.reset(); }), good});

  const auto mail_from = [](std::string_view domain) {
    return with([&](Subject& s) { s.mail_from = smtp::ReversePath{smtp::Mailbox{"user", std::string(domain)}}; });
  };
  for (const auto* id : {"apple.mail-from-domain", "yahoo.mail-from-domain"}) {
    out.push_back({id, holds, "it takes mail", good_subject(v4), good});
    out.push_back({id, holds, "a bounce has none", with([](Subject& s) { s.mail_from = smtp::ReversePath{}; }), good});
    out.push_back({id, broken, "no such domain", mail_from("nowhere.example"), good});
    out.push_back({id, broken, "null MX", mail_from("null.example.net"), zone(good, "null.example.net. MX 0 .\n")});
    out.push_back({id, unknown, "DNS does not answer", good_subject(v4), good, {example_com}});
  }
  out.push_back({"yahoo.from-domain", holds, "it takes mail", good_subject(v4), good});
  out.push_back({"yahoo.from-domain", broken, "no such domain",
                 with([](Subject& s) { s.header_from = std::vector{dns::name("nowhere.example")}; }), good});
  out.push_back({"yahoo.from-domain", unknown, "no From", with([](Subject& s) { s.header_from.reset(); }), good});
}

void add_spf_and_dkim(Fixtures& out) {
  const auto no_v6 =
      zone(forward, reverse_v4, reverse_v6, key(), dmarc, "example.com. TXT \"v=spf1 ip4:192.0.2.1 -all\"\n");
  for (const auto* id : {"exchange-online.spf", "gmx.spf"}) {
    out.push_back({id, holds, "covered", good_subject(v6), good});
    out.push_back({id, holds, "no record", good_subject(v6), no_spf});
    out.push_back({id, broken, "IPv6 not covered", good_subject(v6), no_v6});
    out.push_back({id, unknown, "DNS does not answer", good_subject(v4), good, {example_com}});
  }

  const auto foreign = with([](Subject& s) {
    s.signatures =
        std::vector<Signature>{ObservedSignature{dns::name("relay.example.net"), "s", ObservedSignature::Result::pass}};
  });
  const auto below = with([](Subject& s) {
    s.signatures =
        std::vector<Signature>{ObservedSignature{dns::name("news.example.com"), "s", ObservedSignature::Result::pass}};
  });
  out.push_back({"gmx.bulk-dkim", holds, "d= of From", bulk(good_subject(v4)), good});
  out.push_back({"gmx.bulk-dkim", holds, "d= below From", bulk(below), good});
  out.push_back({"gmx.bulk-dkim", broken, "unsigned", bulk(unsigned_mail(good_subject(v4))), good});
  out.push_back({"gmx.bulk-dkim", broken, "d= of another domain", bulk(foreign), good});
  out.push_back({"gmx.bulk-dkim", unknown, "DNS does not answer", bulk(good_subject(v4)), good, {example_com}});

  for (const auto* id : {"apple.bulk-authentication", "outlook.bulk-authentication", "yahoo.bulk-authentication"}) {
    out.push_back({id, holds, "all pass", bulk(good_subject(v6)), good});
    out.push_back({id, broken, "SPF does not cover IPv6", bulk(good_subject(v6)), no_v6});
    out.push_back({id, broken, "unsigned", bulk(unsigned_mail(good_subject(v4))), good});
    out.push_back({id, broken, "no DMARC record", bulk(good_subject(v4)), no_dmarc});
    auto other = bulk(foreign);
    other.mail_from = smtp::ReversePath{smtp::Mailbox{"bounce", "relay.example.net"}};
    out.push_back({id, broken, "all of another domain", other,
                   zone(good, "relay.example.net. TXT \"v=spf1 ip4:192.0.2.1 -all\"\n",
                        "relay.example.net. MX 10 mail.example.com.\n")});
    out.push_back({id, unknown, "DNS does not answer", bulk(good_subject(v4)), good, {example_com}});
  }
}

void add_unsubscribe(Fixtures& out) {
  const auto header = [](auto change) {
    return bulk(with([&](Subject& s) {
      s.header = HeaderFacts{.from_fields = 1,
                             .from_mailboxes = 1,
                             .message_ids = {"<1@example.com>"},
                             .date_fields = 1,
                             .list_unsubscribe = {"<https://example.com/u?1>, <mailto:u@example.com>"},
                             .list_unsubscribe_post = {"List-Unsubscribe=One-Click"}};
      change(*s.header);
    }));
  };
  for (const auto* id :
       {"gmail.bulk-unsubscribe", "gmx.bulk-unsubscribe", "outlook.bulk-unsubscribe", "yahoo.bulk-unsubscribe"}) {
    out.push_back({id, holds, "one click", header([](HeaderFacts&) {}), good});
    out.push_back({id, broken, "none", header([](HeaderFacts& h) { h.list_unsubscribe.clear(); }), good});
    out.push_back({id, broken, "a page to visit", header([](HeaderFacts& h) {
                     h.list_unsubscribe = {"<https://example.com/u>"};
                     h.list_unsubscribe_post.clear();
                   }),
                   good});
    out.push_back({id, unknown, "no message", bulk(good_subject(v4)), good});
  }
  out.push_back({"gmail.bulk-unsubscribe", broken, "another word",
                 header([](HeaderFacts& h) { h.list_unsubscribe_post = {"List-Unsubscribe=OneClick"}; }), good});
  // RFC 8058#3.1: one HTTPS URI; a mailto may stand beside it.
  for (const auto* uris : {"<https://example.com/u?1>, <https://example.com/u?2>",
                           "<http://example.com/u?1>, <https://example.com/u?1>", "<http://example.com/u?1>"})
    out.push_back(
        {"gmail.bulk-unsubscribe", broken, uris, header([&](HeaderFacts& h) { h.list_unsubscribe = {uris}; }), good});
  const auto by_mail = header([](HeaderFacts& h) { h.list_unsubscribe = {"<mailto:u@example.com>"}; });
  out.push_back({"yahoo.bulk-unsubscribe", holds, "by mail", by_mail, good});
  out.push_back({"gmail.bulk-unsubscribe", broken, "by mail", by_mail, good});
}

Fixtures make() {
  Fixtures out;
  add_identity(out);
  add_authentication(out);
  add_policy(out);
  add_header(out);
  add_transport(out);
  add_bulk_senders(out);
  add_alike(out);
  add_names(out);
  add_spf_and_dkim(out);
  add_unsubscribe(out);
  add_receiver_only(out);
  return out;
}

}  // namespace

World::World(const Fixture& fixture) : broken_(fixture.broken_names) {
  const auto records = dns::parse_zone(fixture.zone);
  if (!records) throw std::invalid_argument(records.error().text());
  zone_ = ZoneFacts(*records);
}

Answer World::answer(const Question& question) const {
  for (const auto& name : broken_)
    if (question.name.is_at_or_below(name)) return {.status = AnswerStatus::timed_out, .source = "zone file"};
  return zone_.answer(question);
}

const Receiver& receiver_of(const Fixture& fixture) {
  return *find_receiver(find_rule(fixture.rule)->receiver());
}

Facts facts_of(const Fixture& fixture, const Receiver& receiver) {
  const World world(fixture);
  Facts facts;
  while (true) {
    const auto judged = judge(receiver, fixture.subject, facts);
    if (judged.known()) return facts;
    for (const auto& question : judged.need().questions()) facts.add(question, world.answer(question));
  }
}

Fix fix_of(const Fixture& fixture) {
  return settle_with(World(fixture),
                     [&](const Facts& facts) { return fix_for(*find_rule(fixture.rule), fixture.subject, facts); });
}

Subject good_subject(std::string_view address) {
  Subject subject;
  subject.sending_address = *IpAddress::parse(address);
  subject.ehlo_name = "mail.example.com";
  subject.mail_from = smtp::ReversePath{smtp::Mailbox{"user", "example.com"}};
  subject.header_from = std::vector{dns::name("example.com")};
  subject.signatures =
      std::vector<Signature>{IntendedSignature{dns::name("example.com"), "mail", "ed25519", std::string(ed25519_key)}};
  subject.hop = Hop::tls;
  return subject;
}

std::string good_zone() {
  return zone(forward, reverse_v4, reverse_v6, spf, helo_spf, key(), dmarc);
}

const std::vector<Fixture>& all() {
  static const auto fixtures = make();
  return fixtures;
}

}  // namespace ptarmigan::rulebook::fixtures
