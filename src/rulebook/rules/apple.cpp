// rulebook/rules/apple.cpp - what iCloud Mail requires, from Apple's postmaster page; its requirements are for bulk
// mail, and mail that breaks one "will be rejected". The page quotes no replies: quoted words are from published
// bounces.
#include "rulebook/fixes.hpp"
#include "rulebook/requirements.hpp"
#include "rulebook/rules/rules.hpp"

namespace ptarmigan::rulebook {
namespace {

constexpr Source postmaster{"Apple, Postmaster information for iCloud Mail", "https://support.apple.com/en-us/102322",
                            "2025-02-25"};
constexpr Source replies{"Sisimai, replies of Apple", "https://libsisimai.org/en/code/", "2026-11-23",
                         Confidence::secondary};

constexpr Rule rules[] = {
    {.id = "apple.bulk-ptr",
     .title = "The sending address has a reverse name that leads back to the address (bulk senders)",
     .consequence = "The message is refused.",
     .remedy = "Have the owner of the address (your hoster) publish a PTR record with a name within your domain, and "
               "publish an A (IPv4) or AAAA (IPv6) record for that name.",
     .scope = Scope::bulk_senders,
     .stage = Stage::rcpt,
     .judge = requirements::reverse_name_is_confirmed,
     .fix = fixes::reverse_name,
     .shapes = {{550, "5.7.1", "[cs01] message rejected due to local policy: reverse dns"}},
     .refusals = {{Families::both,
                   550,
                   {5, 7, 1},
                   "[CS01] Message rejected due to local policy: reverse DNS of {ip}. Please visit "
                   "https://support.apple.com/en-us/102322",
                   Wording::composed}},
     .source = postmaster},

    {.id = "apple.mail-from-domain",
     .title = "The MAIL FROM domain is in DNS",
     .consequence = "The message is deferred with 450 4.1.8.",
     .remedy = "Publish an MX or A record for the domain of the envelope sender.",
     .stage = Stage::rcpt,
     .effect = Effect::defer,
     .judge = requirements::mail_from_domain_exists,
     .fix = fixes::mail_from_domain,
     .shapes = {{450, "4.1.8", "sender address rejected: domain not found", Phrase::common}, {450, "4.1.8", ""}},
     .refusals = {{Families::both, 450, {4, 1, 8}, "<{mail_from}>: Sender address rejected: Domain not found"}},
     .source = replies},

    {.id = "apple.volume",
     .title = "The volume of mail is what iCloud Mail expects",
     .consequence = "Mail is deferred with 421 4.7.1.",
     .remedy = "Send more slowly, at most five messages over a connection and ten connections at once.",
     .stage = Stage::rcpt,
     .effect = Effect::defer,
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{421, "4.7.1", "deferred due to excessive volume"}},
     .source = replies},

    {.id = "apple.block-list",
     .title = "The sending address and domain are on no block list that iCloud Mail reads",
     .consequence = "Mail is refused with 550 5.7.0 (Proofpoint) or 550 5.7.1 (Spamhaus).",
     .remedy = "Look the address up at https://ipcheck.proofpoint.com and https://check.spamhaus.org, end the cause, "
               "and ask for removal there.",
     .stage = Stage::rcpt,
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{0, "", "blocked - see https://support.proofpoint.com/dnsbl-lookup", Phrase::common},
                {0, "", "blocked - see https://ipcheck.proofpoint.com", Phrase::common},
                {0, "", "was rejected due to having a domain present in the spamhaus dbl"},
                {0, "", "was rejected due to listing in spamhaus"}},
     .source = replies},

    {.id = "apple.authentication",
     .title = "SPF or DKIM passes",
     .consequence = "The message is refused after DATA with 554 5.7.1 [HME1].",
     .remedy = "Sign every message with DKIM and publish the key, and name every address that sends, of both families, "
               "in the SPF record of the MAIL FROM domain. Bulk senders need both.",
     .judge = requirements::spf_or_dkim_passes,
     .fix = fixes::authentication,
     .shapes = {{554, "5.7.1", "[hme1]"}, {0, "", "was blocked for failing both spf and dkim"}},
     .refusals = {{Families::both,
                   554,
                   {5, 7, 1},
                   "[HME1] This message was blocked for failing both SPF and DKIM authentication checks. See "
                   "https://support.apple.com/en-us/HT204137 for mailing best practices"}},
     .source = replies},

    {.id = "apple.dmarc-policy",
     .title = "The author domain's DMARC policy does not ask for rejection of the message",
     .consequence = "The message is refused after DATA with 554 5.7.1.",
     .remedy = "Make SPF or DKIM pass for the domain in From (or a domain aligned with it): sign with d= of that "
               "domain.",
     .judge = requirements::dmarc_does_not_reject,
     .fix = fixes::alignment,
     .shapes = {{554, "5.7.1", "'s dmarc policy. see https://support.apple.com/"},
                {554, "5.7.1", "your message was rejected due to", Phrase::common}},
     .refusals = {{Families::both,
                   554,
                   {5, 7, 1},
                   "Your message was rejected due to {header_from_domain}'s DMARC policy. See "
                   "https://support.apple.com/en-us/HT204137 for"}},
     .source = replies},

    {.id = "apple.dmarc-quarantine",
     .title = "The author domain's DMARC policy does not ask for quarantine of the message",
     .consequence = "The message goes to the junk folder.",
     .remedy = "Make SPF or DKIM pass for the domain in From (or a domain aligned with it): sign with d= of that "
               "domain.",
     .effect = Effect::spam,
     .judge = requirements::dmarc_does_not_quarantine,
     .fix = fixes::alignment,
     .source = postmaster},

    {.id = "apple.local-policy",
     .title = "iCloud Mail does not take the message for spam",
     .consequence = "The message is refused with 550 5.7.1 [CS01].",
     .remedy = "Look at links, attachments and the lists that you send to, then write to icloudadmin@apple.com with "
               "the reply, the domain and the addresses.",
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{0, "", "[cs01]"}},
     .source = replies},

    {.id = "apple.bulk-authentication",
     .title = "SPF and DKIM pass, and DMARC is published and aligned (bulk senders)",
     .consequence = "The message is refused.",
     .remedy = "Name every address that sends in the SPF record of the MAIL FROM domain, sign with d= of the domain in "
               "From, and publish a DMARC record; p=none is enough.",
     .scope = Scope::bulk_senders,
     .judge = requirements::fully_authenticated,
     .fix = fixes::full_authentication,
     .shapes = {{550, "5.7.1", "[cs01] message rejected due to local policy: spf, dkim and dmarc"}},
     .refusals = {{Families::both,
                   550,
                   {5, 7, 1},
                   "[CS01] Message rejected due to local policy: SPF, DKIM and DMARC of bulk mail. Please visit "
                   "https://support.apple.com/en-us/102322",
                   Wording::composed}},
     .source = postmaster},
};

}  // namespace

std::span<const Rule> apple_rules() {
  return rules;
}

}  // namespace ptarmigan::rulebook
