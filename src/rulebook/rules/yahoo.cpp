// rulebook/rules/yahoo.cpp - what Yahoo and AOL require, from Yahoo's Sender Hub pages. Yahoo documents families of
// replies and few words; words marked as quoted are from published replies.
#include "rulebook/fixes.hpp"
#include "rulebook/requirements.hpp"
#include "rulebook/rules/rules.hpp"

namespace ptarmigan::rulebook {
namespace {

constexpr Source guidelines{"Yahoo Sender Hub, Sender Requirements & Recommendations",
                            "https://senders.yahooinc.com/best-practices/", "2025-04-10"};
constexpr Source errors{"Yahoo Sender Hub, SMTP Error Codes", "https://senders.yahooinc.com/smtp-error-codes/",
                        "2026-02-15"};
constexpr Source replies{"Sisimai, replies of Yahoo Inc.", "https://libsisimai.org/en/code/", "2026-11-23",
                         Confidence::secondary};

/// One author, and no field twice: Yahoo's reply does not tell them apart.
Known<Verdict> header_is_compliant(Case& c) {
  auto author = requirements::one_author(c);
  if (author.known() && author->state != State::holds) return author;
  return requirements::header_fields_are_single(c);
}

Known<Fix> compliant_header(Case& c) {
  const auto author = requirements::one_author(c);
  return author.known() && author->state == State::broken ? fixes::author(c) : fixes::single_fields(c);
}

constexpr Rule rules[] = {
    {.id = "yahoo.mail-from-domain",
     .title = "The MAIL FROM domain is in DNS",
     .consequence = "The message is refused at MAIL FROM with 554, or deferred with 451 where DNS does not answer.",
     .remedy = "Publish an MX or A record for the domain of the envelope sender. Yahoo asks for its SOA record: a "
               "subdomain that is only covered by a wildcard needs a zone of its own.",
     .stage = Stage::mail,
     .judge = requirements::mail_from_domain_exists,
     .fix = fixes::mail_from_domain,
     .shapes = {{0, "", "unresolvable rfc.5321"}},
     .refusals = {{Families::both,
                   554,
                   {},
                   "Message not accepted due to unresolvable RFC.5321 from domain. See "
                   "https://senders.yahooinc.com/smtp-error-codes",
                   Wording::composed}},
     .source = errors},

    {.id = "yahoo.reputation",
     .title = "Volume, complaints and content are what Yahoo expects",
     .consequence = "Mail is deferred with 421 4.7.0 [TSS04] and its kin.",
     .remedy = "Stop for two hours, then send slowly. Keep complaints below 0.3 % of what reaches the inbox, and make "
               "sure that SPF, DKIM and the reverse name are in order: Yahoo answers the same to mail without them.",
     .stage = Stage::mail,
     .effect = Effect::defer,
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{0, "", "temporarily deferred due to unexpected volume or user complaints"},
                {0, "", "temporarily deferred due to user complaints"},
                {421, "", "[tss0"},
                {421, "", "[ts0"},
                {0, "", "excessive unknown recipients - possible open relay"}},
     .source = errors},

    {.id = "yahoo.blocked",
     .title = "Yahoo takes mail from the sending address",
     .consequence = "All mail is refused with 553 5.7.2 [TSS09] or [TSS11].",
     .remedy = "Retrying does not help. Find what made Yahoo block the address (complaints, a hacked account), end it, "
               "and ask Sender Support at senders.yahooinc.com.",
     .stage = Stage::mail,
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{0, "", "will be permanently deferred"}, {0, "", "[tss09]"}, {0, "", "[tss11]"}},
     .source = replies},

    {.id = "yahoo.block-list",
     .title = "The sending address is on no Spamhaus list",
     .consequence = "The connection is refused with 553 5.7.1 [BL21] or [BL23].",
     .remedy = "Look the address up at https://check.spamhaus.org, end the cause, and ask for removal there.",
     .stage = Stage::mail,
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{553, "", "[bl21]"},
                {553, "", "[bl23]"},
                {0, "", "because the ip is in spamhaus's list"},
                {0, "", "not accepted from ip addresses on spamhaus xbl"}},
     .source = errors},

    {.id = "yahoo.ptr",
     .title = "The sending address has a PTR record whose name leads back to the address",
     .consequence = "Mail is deferred.",
     .remedy = "Have the owner of the address (your hoster) publish a PTR record for it, and publish an A (IPv4) or "
               "AAAA (IPv6) record for the name in the PTR record that holds the same address.",
     .stage = Stage::mail,
     .effect = Effect::defer,
     .judge = requirements::reverse_name_is_confirmed,
     .fix = fixes::reverse_name,
     .shapes = {{421, "", "temporarily deferred due to missing reverse dns"},
                {0, "", "temporarily deferred due to unexpected volume or user complaints"}},
     .refusals = {{Families::both,
                   421,
                   {4, 7, 0},
                   "Messages from {ip} temporarily deferred due to missing reverse DNS; see "
                   "https://postmaster.yahooinc.com/error-codes",
                   Wording::composed}},
     .source = guidelines},

    {.id = "yahoo.generic-ptr",
     .title = "The reverse name is the sender's own, not a provider's",
     .consequence = "The mail counts as coming from an end user's connection, and may be deferred or go to spam.",
     .remedy = "Have the PTR record changed to a name within your own domain, such as mail.example.com.",
     .stage = Stage::mail,
     .effect = Effect::spam,
     .judge = requirements::reverse_name_is_own,
     .fix = fixes::own_reverse_name,
     .source = guidelines},

    {.id = "yahoo.from-domain",
     .title = "The domain of From is in DNS",
     .consequence = "The message is refused after DATA with 554, or deferred with 451 where DNS does not answer.",
     .remedy = "Send with a From address of a domain that has an SOA record, and an MX or A record.",
     .judge = requirements::author_domain_exists,
     .fix = fixes::author_domain,
     .shapes = {{0, "", "unresolvable rfc.5322"}},
     .refusals = {{Families::both,
                   554,
                   {},
                   "Message not accepted due to unresolvable RFC.5322 from domain. See "
                   "https://senders.yahooinc.com/smtp-error-codes",
                   Wording::composed}},
     .source = errors},

    {.id = "yahoo.authentication",
     .title = "SPF or DKIM passes",
     .consequence = "The message is refused after DATA with 550 5.7.9.",
     .remedy = "Sign every message with DKIM and publish the key, and name every address that sends, of both families, "
               "in the SPF record of the MAIL FROM domain. Either is enough for this rule; bulk senders need both.",
     .judge = requirements::spf_or_dkim_passes,
     .fix = fixes::authentication,
     .shapes = {{0, "", "yahoo requires all senders to authenticate with either spf or dkim"},
                {0, "", "temporarily deferred due to unexpected volume or user complaints"},
                {550, "5.7.9", ""}},
     .refusals = {{Families::both,
                   550,
                   {5, 7, 9},
                   "This mail has been blocked because the sender is unauthenticated. Yahoo requires all senders to "
                   "authenticate with either SPF or DKIM."}},
     .source = guidelines},

    {.id = "yahoo.dmarc-policy",
     .title = "The author domain's DMARC policy does not ask for rejection of the message",
     .consequence = "The message is refused after DATA with 554 5.7.9.",
     .remedy = "Make SPF or DKIM pass for the domain in From (or a domain aligned with it): sign with d= of that "
               "domain.",
     .judge = requirements::dmarc_does_not_reject,
     .fix = fixes::alignment,
     .shapes = {{554, "5.7.9", "message not accepted for policy reasons"}, {554, "5.7.9", ""}},
     .refusals = {{Families::both,
                   554,
                   {5, 7, 9},
                   "Message not accepted for policy reasons. See https://postmaster.yahooinc.com/error-codes"}},
     .source = errors},

    {.id = "yahoo.dmarc-quarantine",
     .title = "The author domain's DMARC policy does not ask for quarantine of the message",
     .consequence = "The message goes to the spam folder.",
     .remedy = "Make SPF or DKIM pass for the domain in From (or a domain aligned with it): sign with d= of that "
               "domain.",
     .effect = Effect::spam,
     .judge = requirements::dmarc_does_not_quarantine,
     .fix = fixes::alignment,
     .source = guidelines},

    {.id = "yahoo.header",
     .title = "There is one From address, and no field occurs twice",
     .consequence = "The message is refused after DATA with 554.",
     .remedy = "Write each header field that may occur once exactly once (RFC 5322#3.6), and one From address.",
     .about = About::message,
     .judge = header_is_compliant,
     .fix = compliant_header,
     .shapes = {{0, "", "headers are not rfc compliant"}},
     .refusals = {{Families::both, 554, {5, 6, 0}, "Message not allowed - Headers are not RFC compliant"}},
     .source = errors},

    {.id = "yahoo.content",
     .title = "The content is acceptable",
     .consequence = "The message is refused after DATA with 554 [PH01] and its kin.",
     .remedy = "Look for links and attachments that lead to malware or phishing, and for a hacked account or form.",
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{554, "", "[ph0"}, {0, "", "email not accepted for policy reasons"}},
     .source = errors},

    {.id = "yahoo.connection-limit",
     .title = "No more messages are sent over a connection than Yahoo takes",
     .consequence = "The connection is closed with 421; a new one may be opened at once.",
     .remedy = "Open a new connection; send at most 20 messages over one.",
     .effect = Effect::defer,
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{421, "", "max message per connection reached"}},
     .source = replies},

    {.id = "yahoo.bulk-authentication",
     .title = "SPF and DKIM pass, and DMARC is published and passes (bulk senders)",
     .consequence = "The message is refused after DATA, deferred, or goes to the spam folder.",
     .remedy = "Name every address that sends in the SPF record of the MAIL FROM domain, sign with d= of the domain in "
               "From, and publish a DMARC record; p=none is enough. Yahoo tells no number for bulk.",
     .scope = Scope::bulk_senders,
     .judge = requirements::fully_authenticated,
     .fix = fixes::full_authentication,
     .shapes = {{0, "", "message not accepted for policy reasons: spf, dkim or dmarc"}},
     .refusals = {{Families::both,
                   554,
                   {5, 7, 9},
                   "Message not accepted for policy reasons: SPF, DKIM or DMARC of a bulk sender. See "
                   "https://postmaster.yahooinc.com/error-codes",
                   Wording::composed}},
     .source = guidelines},

    {.id = "yahoo.bulk-unsubscribe",
     .title = "Mail to subscribers can be unsubscribed from by its header (bulk senders)",
     .consequence = "Complaints rise, and with them deferrals.",
     .remedy =
         "Add List-Unsubscribe with an HTTPS URI and List-Unsubscribe-Post (RFC 8058); Yahoo accepts a mailto URI "
         "as well. Take people off the list within two days.",
     .scope = Scope::bulk_senders,
     .effect = Effect::advice,
     .about = About::message,
     .judge = requirements::unsubscribe_is_offered,
     .fix = fixes::unsubscribe,
     .source = guidelines},
};

}  // namespace

std::span<const Rule> yahoo_rules() {
  return rules;
}

}  // namespace ptarmigan::rulebook
