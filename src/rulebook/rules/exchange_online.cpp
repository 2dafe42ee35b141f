// rulebook/rules/exchange_online.cpp - what Exchange Online (Microsoft 365) requires of mail for organisations. Over
// IPv6 it defers what it would take over IPv4, so that a sender with both families falls back by itself.
#include "rulebook/fixes.hpp"
#include "rulebook/requirements.hpp"
#include "rulebook/rules/rules.hpp"

namespace ptarmigan::rulebook {
namespace {

constexpr Source ipv6{"Microsoft Learn, Support for anonymous inbound email over IPv6",
                      "https://learn.microsoft.com/en-us/defender-office-365/"
                      "mail-flow-inbound-mail-over-ipv6",
                      "2026-11-23"};
constexpr Source delivery_reports{"Microsoft Learn, Email non-delivery reports and SMTP errors in Exchange Online",
                                  "https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/"
                                  "non-delivery-reports-in-exchange-online",
                                  "2026-11-23"};
constexpr Source replies{"Sisimai, replies of Microsoft", "https://libsisimai.org/en/code/", "2026-11-23",
                         Confidence::secondary};

constexpr Rule rules[] = {
    {.id = "exchange-online.ehlo",
     .title = "The EHLO name is not the recipient's own server's",
     .consequence = "The connection is refused with 5.7.506 \"Bad HELO\".",
     .remedy = "Say this server's own full host name in EHLO, the one in its PTR record.",
     .stage = Stage::ehlo,
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{0, "", "access denied, bad helo"}, {0, "x.7.506", ""}},
     .source = delivery_reports},

    {.id = "exchange-online.ptr",
     .title = "The sending IPv6 address has a PTR record",
     .consequence = "Over IPv6 the message is deferred with 450 4.7.25; over IPv4 it is taken.",
     .remedy = "Have the owner of the address (your hoster) publish a PTR record for the IPv6 address, all 32 nibbles; "
               "until then send over IPv4.",
     .families = Families::ipv6,
     .stage = Stage::rcpt,
     .effect = Effect::defer,
     .judge = requirements::reverse_name_exists,
     .fix = fixes::reverse_name,
     .shapes = {{0, "x.7.25", "must have reverse dns record"},
                {0, "", "sending ipv6 address"},
                {450, "4.7.25", ""},
                {550, "5.7.25", ""}},
     .refusals = {{Families::ipv6,
                   450,
                   {4, 7, 25},
                   "Service unavailable, sending IPv6 address [{ip}] must have reverse DNS record. [{id}]"}},
     .source = ipv6},

    {.id = "exchange-online.ipv6-recipient",
     .title = "The recipient's organisation takes mail over IPv6",
     .consequence = "Over IPv6 the message is refused with 550 5.7.510 or 5.2.1; over IPv4 it is taken.",
     .remedy = "Send to this domain over IPv4.",
     .families = Families::ipv6,
     .stage = Stage::rcpt,
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{0, "", "does not accept email over ipv6"}, {0, "x.7.510", ""}},
     .source = delivery_reports},

    {.id = "exchange-online.ipv6-rate",
     .title = "The sending IPv6 network keeps within its limits",
     .consequence = "Over IPv6 the message is refused with 5.7.508.",
     .remedy = "Send more slowly over IPv6, or over IPv4; neighbours in the same range count as well.",
     .families = Families::ipv6,
     .stage = Stage::rcpt,
     .effect = Effect::defer,
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{0, "", "has exceeded permitted limits within"}, {0, "x.7.508", ""}},
     .source = delivery_reports},

    {.id = "exchange-online.rate",
     .title = "The rate of mail is what the sending address's reputation bears",
     .consequence = "Mail is deferred with 451 4.7.500 (server busy) or 4.7.650.",
     .remedy = "Send more slowly, and raise the rate of a new address step by step.",
     .stage = Stage::rcpt,
     .effect = Effect::defer,
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{451, "4.7.500", "server busy"},
                {0, "4.7.650", "temporarily rate limited"},
                {451, "4.7.500", ""},
                {0, "4.7.650", ""}},
     .source = replies},

    {.id = "exchange-online.block-list",
     .title = "The sending network is not on Microsoft's block list",
     .consequence = "Mail is refused with 550 5.7.1 (S3140) or (S3150).",
     .remedy = "The list holds whole networks: ask your hoster, or ask for removal at https://sender.office.com.",
     .stage = Stage::rcpt,
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{0, "5.7.1", "part of their network is on our block list"},
                {0, "", "(s3140)"},
                {0, "", "(s3150)"},
                {0, "", "(as3140)"},
                {0, "", "(as3150)"}},
     .source = replies},

    {.id = "exchange-online.banned-address",
     .title = "The sending address is not banned",
     .consequence = "Mail is refused with 550 5.7.606 to 5.7.649 or 5.7.511.",
     .remedy = "Ask for removal at https://sender.office.com with the whole reply.",
     .stage = Stage::rcpt,
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{550, "", "access denied, banned sending ip"},
                {550, "5.7.511", "access denied, banned sender"},
                {0, "5.7.511", ""}},
     .source = delivery_reports},

    {.id = "exchange-online.customer-policy",
     .title = "The receiving organisation's own lists let the sender through",
     .consequence = "Mail is refused with 5.7.507 or 5.7.513.",
     .remedy = "Ask the recipient's administrator; nothing in your DNS or server decides this.",
     .stage = Stage::rcpt,
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{0, "", "access denied, rejected by recipient"},
                {0, "", "using customer block list"},
                {0, "x.7.507", ""},
                {0, "x.7.513", ""}},
     .source = delivery_reports},

    {.id = "exchange-online.ipv6-authentication",
     .title = "SPF or DKIM passes over IPv6",
     .consequence = "Over IPv6 the message is deferred with 450 4.7.26; over IPv4 it is taken.",
     .remedy = "Sign every message with DKIM, or name the IPv6 address in the SPF record of the MAIL FROM domain, as "
               "ip6: or by the AAAA record of a name in it.",
     .families = Families::ipv6,
     .effect = Effect::defer,
     .judge = requirements::spf_or_dkim_passes,
     .fix = fixes::authentication,
     .shapes = {{0, "x.7.26", "must pass either spf or dkim validation"},
                {0, "", "message sent over ipv6"},
                {450, "4.7.26", ""},
                {554, "5.7.26", ""}},
     .refusals = {{Families::ipv6,
                   450,
                   {4, 7, 26},
                   "Service unavailable, message sent over IPv6 [{ip}] must pass either SPF or DKIM validation. "
                   "[{id}]"}},
     .source = ipv6},

    {.id = "exchange-online.dmarc-policy",
     .title = "The author domain's DMARC policy does not ask for rejection of the message",
     .consequence = "The message is refused after DATA with 550 5.7.509.",
     .remedy = "Make SPF or DKIM pass for the domain in From (or a domain aligned with it): sign with d= of that "
               "domain.",
     .judge = requirements::dmarc_does_not_reject,
     .fix = fixes::alignment,
     .shapes = {{0, "", "does not pass dmarc verification and has a dmarc policy of reject"}, {0, "5.7.509", ""}},
     .refusals = {{Families::both,
                   550,
                   {5, 7, 509},
                   "Access denied, sending domain [{header_from_domain}] does not pass DMARC verification and has a "
                   "DMARC policy of reject. [{id}]"}},
     .source = delivery_reports},

    {.id = "exchange-online.dmarc-quarantine",
     .title = "The author domain's DMARC policy does not ask for quarantine of the message",
     .consequence = "The message goes to the junk folder or into quarantine.",
     .remedy = "Make SPF or DKIM pass for the domain in From (or a domain aligned with it): sign with d= of that "
               "domain.",
     .effect = Effect::spam,
     .judge = requirements::dmarc_does_not_quarantine,
     .fix = fixes::alignment,
     .source = delivery_reports},

    {.id = "exchange-online.spf",
     .title = "SPF does not fail",
     .consequence = "The message goes to the junk folder; organisations can have it refused with 550 5.7.23.",
     .remedy = "Name every address that sends, of both families, in the SPF record of the MAIL FROM domain.",
     .effect = Effect::spam,
     .judge = requirements::spf_does_not_fail,
     .fix = fixes::spf,
     .shapes = {{0, "", "because of sender policy framework violation"}, {0, "x.7.23", ""}},
     .source = delivery_reports},

    {.id = "exchange-online.from",
     .title = "There is one From field with one address",
     .consequence = "The message is refused after DATA with 550 5.7.512.",
     .remedy = "Write exactly one From field with exactly one address, in angle brackets.",
     .about = About::message,
     .judge = requirements::one_author,
     .fix = fixes::author,
     .shapes = {{0, "", "message must be rfc 5322 section 3.6.2 compliant"}, {0, "x.7.512", ""}},
     .refusals =
         {{Families::both, 550, {5, 7, 512}, "Access denied, message must be RFC 5322 section 3.6.2 compliant [{id}]"}},
     .source = delivery_reports},

    {.id = "exchange-online.onward-tls",
     .title = "The server to which Exchange Online hands the mail on offers the TLS that its domain publishes",
     .consequence = "Exchange Online bounces the mail with 4.7.321 to 5.7.325.",
     .remedy = "The receiving domain's operator must offer STARTTLS with a valid certificate for the MX host, and "
               "TLSA and DNSSEC records that fit it.",
     .effect = Effect::defer,
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{0, "", "starttls-not-supported:"},
                {0, "", "certificate-expired:"},
                {0, "", "tlsa-invalid:"},
                {0, "", "dnssec-invalid:"},
                {0, "", "certificate-host-mismatch:"},
                {0, "x.7.321", ""},
                {0, "x.7.322", ""},
                {0, "x.7.323", ""},
                {0, "x.7.324", ""},
                {0, "x.7.325", ""}},
     .source = delivery_reports},
};

}  // namespace

std::span<const Rule> exchange_online_rules() {
  return rules;
}

}  // namespace ptarmigan::rulebook
