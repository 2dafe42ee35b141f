// rulebook/rules/microsoft.cpp - what Microsoft's consumer mail (Outlook.com, Hotmail, Live, MSN) requires.
// Organisations' mail is judged by exchange_online.cpp; where both say the same words only the host that speaks tells
// them apart.
#include "rulebook/fixes.hpp"
#include "rulebook/requirements.hpp"
#include "rulebook/rules/rules.hpp"

namespace ptarmigan::rulebook {
namespace {

constexpr Source policies{"Outlook.com Postmaster, Policies",
                          "https://sendersupport.olc.protection.outlook.com/pm/policies.aspx", "2026-06-15"};
constexpr Source troubleshooting{"Outlook.com Postmaster, Troubleshooting",
                                 "https://sendersupport.olc.protection.outlook.com/pm/troubleshooting.aspx",
                                 "2026-06-15"};
constexpr Source high_volume{
    "Microsoft, Outlook's new requirements for high-volume senders",
    "https://techcommunity.microsoft.com/blog/microsoftdefenderforoffice365blog/"
    "strengthening-email-ecosystem-outlook%E2%80%99s-new-requirements-for-high%E2%80%90volume-senders/4399730",
    "2025-08-02"};
constexpr Source delivery_reports{"Microsoft Learn, Email non-delivery reports and SMTP errors in Exchange Online",
                                  "https://learn.microsoft.com/en-us/troubleshoot/exchange/email-delivery/ndr/"
                                  "non-delivery-reports-in-exchange-online",
                                  "2026-11-23"};

constexpr Rule rules[] = {
    {.id = "outlook.ptr",
     .title = "The sending address has a PTR record whose name leads back to the address",
     .consequence = "Mail is refused or goes to the junk folder.",
     .remedy = "Have the owner of the address (your hoster) publish a PTR record for it, and publish an A (IPv4) or "
               "AAAA (IPv6) record for the name in the PTR record that holds the same address.",
     .stage = Stage::mail,
     .judge = requirements::reverse_name_is_confirmed,
     .fix = fixes::reverse_name,
     .shapes = {{550, "", "must have a valid reverse dns record"}},
     .refusals =
         {{Families::both,
           550,
           {5, 7, 1},
           "Unfortunately, messages from [{ip}] weren't sent: the address must have a valid reverse DNS record. "
           "[{id}]",
           Wording::composed}},
     .source = policies},

    {.id = "outlook.dynamic-address",
     .title = "The reverse name is the sender's own, not a provider's",
     .consequence = "Mail from a dynamic address is refused with 550 DY-001.",
     .remedy = "Have the PTR record changed to a name within your own domain; from an end user's connection, send "
               "through the provider's relay.",
     .stage = Stage::mail,
     .effect = Effect::spam,
     .judge = requirements::reverse_name_is_own,
     .fix = fixes::own_reverse_name,
     .shapes = {{550, "", "dy-001"}, {0, "", "do not accept email from dynamic ip"}},
     .source = troubleshooting},

    {.id = "outlook.rate",
     .title = "The rate of mail and of connections is what Outlook.com expects",
     .consequence = "Mail is deferred with 421 RP-001, RP-002 or RP-003, or with 451 4.7.650.",
     .remedy = "Send more slowly over fewer connections (never more than 500 at once), and raise the rate of a new "
               "address step by step.",
     .stage = Stage::mail,
     .effect = Effect::defer,
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{421, "", "rp-001"},
                {421, "", "rp-002"},
                {421, "", "rp-003"},
                {0, "4.7.650", "temporarily rate limited"},
                {0, "4.7.650", ""}},
     .source = troubleshooting},

    {.id = "outlook.reputation",
     .title = "Content and reputation of the sending address are good",
     .consequence = "Mail is refused with 550 SC-001 or OU-002.",
     .remedy = "Look at complaints and spam traps in SNDS, end the mail that causes them, then ask for mitigation at "
               "https://olcsupport.office.com.",
     .stage = Stage::mail,
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{550, "", "sc-001"}, {550, "", "ou-002"}},
     .source = troubleshooting},

    {.id = "outlook.unknown-recipients",
     .title = "Mail goes to addresses that exist",
     .consequence = "Mail is refused with 550 SC-002, as if addresses were being guessed.",
     .remedy = "Remove addresses that were refused before; send only to those who asked for it.",
     .stage = Stage::mail,
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{550, "", "sc-002"}},
     .source = troubleshooting},

    {.id = "outlook.compromised",
     .title = "The sending host is no open proxy and not taken over",
     .consequence = "Mail is refused with 550 SC-003 or DY-002.",
     .remedy = "Look for malware, open relays and hacked accounts behind the address; other hosts may share it.",
     .stage = Stage::mail,
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{550, "", "sc-003"}, {550, "", "dy-002"}},
     .source = troubleshooting},

    {.id = "outlook.complaints",
     .title = "Few people mark the mail as junk",
     .consequence = "Mail is refused with 550 SC-004.",
     .remedy = "Join the Junk Mail Reporting Program, take people off the list who complain, and send only what was "
               "asked for.",
     .stage = Stage::mail,
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{550, "", "sc-004"}},
     .source = troubleshooting},

    {.id = "outlook.block-list",
     .title = "The sending address is on no block list that Outlook.com reads",
     .consequence = "Mail is refused with 550 OU-001 (Spamhaus), or with 550 5.7.1 (S3140) or (S3150) (its own).",
     .remedy = "For OU-001 look the address up at https://check.spamhaus.org; for S3140 and S3150, which stand for a "
               "whole network, ask Microsoft at https://olcsupport.office.com.",
     .stage = Stage::mail,
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{550, "", "ou-001"},
                {0, "5.7.1", "part of their network is on our block list"},
                {0, "", "(s3140)"},
                {0, "", "(s3150)"}},
     .source = troubleshooting},

    {.id = "outlook.banned-address",
     .title = "The sending address is not banned",
     .consequence = "Mail is refused with 550 5.7.606 to 5.7.649 or 5.7.511.",
     .remedy = "Ask for removal at https://sender.office.com with the whole reply.",
     .stage = Stage::mail,
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{550, "", "access denied, banned sending ip"}, {550, "5.7.511", "access denied, banned sender"}},
     .source = delivery_reports},

    {.id = "outlook.dmarc-policy",
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

    {.id = "outlook.dmarc-quarantine",
     .title = "The author domain's DMARC policy does not ask for quarantine of the message",
     .consequence = "The message goes to the junk folder.",
     .remedy = "Make SPF or DKIM pass for the domain in From (or a domain aligned with it): sign with d= of that "
               "domain.",
     .effect = Effect::spam,
     .judge = requirements::dmarc_does_not_quarantine,
     .fix = fixes::alignment,
     .source = policies},

    {.id = "outlook.bulk-authentication",
     .title = "SPF and DKIM pass, and DMARC is published and aligned (senders of 5,000 messages a day)",
     .consequence = "The message is refused after DATA with 550 5.7.515.",
     .remedy = "Name every address that sends in the SPF record of the MAIL FROM domain, sign with d= of the domain in "
               "From, and publish a DMARC record; p=none is enough. A place on the recipient's list of safe senders "
               "does not help.",
     .scope = Scope::bulk_senders,
     .judge = requirements::fully_authenticated,
     .fix = fixes::full_authentication,
     .shapes = {{0, "", "meet the required authentication level"}, {0, "5.7.515", ""}},
     .refusals = {{Families::both,
                   550,
                   {5, 7, 515},
                   "Access denied, sending domain [{header_from_domain}] doesn't meet the required authentication "
                   "level. [{id}]"}},
     .source = high_volume},

    {.id = "outlook.bulk-unsubscribe",
     .title = "Mail to subscribers can be unsubscribed from by its header (senders of 5,000 messages a day)",
     .consequence = "Complaints rise, and mail may be filtered or blocked.",
     .remedy = "Add List-Unsubscribe with an HTTPS URI and List-Unsubscribe-Post (RFC 8058), and a visible link.",
     .scope = Scope::bulk_senders,
     .effect = Effect::advice,
     .about = About::message,
     .judge = requirements::unsubscribe_is_offered,
     .fix = fixes::unsubscribe,
     .source = high_volume},
};

}  // namespace

std::span<const Rule> outlook_rules() {
  return rules;
}

}  // namespace ptarmigan::rulebook
