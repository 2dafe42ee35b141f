// rulebook/rules/gmail.cpp - what Gmail requires, from Google's pages "Email sender guidelines", "Email sender
// guidelines FAQ" and "Gmail SMTP errors and codes". The replies are Google's documented words, their lines cut as in
// published bounces. Order: as Gmail answers.
#include "rulebook/fixes.hpp"
#include "rulebook/requirements.hpp"
#include "rulebook/rules/rules.hpp"

namespace ptarmigan::rulebook {
namespace {

constexpr Source guidelines{"Google, Email sender guidelines", "https://support.google.com/mail/answer/81126",
                            "2026-03-21"};
constexpr Source errors{"Google, Gmail SMTP errors and codes", "https://support.google.com/a/answer/3726730",
                        "2026-02-15"};

/// Mail from outside that claims a Gmail address fails Gmail's own DMARC policy (guidelines: "Don't impersonate Gmail
/// From: headers").
Known<Verdict> author_is_not_gmail(Case& c) {
  const auto author = c.subject().author_domain();
  if (!author) return Verdict{State::unknown, "The domain of From is not known"};
  if (author->text() != "gmail.com" && author->text() != "googlemail.com")
    return Verdict{State::holds, "From is at " + author->text() + ", not at gmail.com"};
  return requirements::from_is_aligned(c);
}

Known<Fix> use_own_domain(Case&) {
  return Fix{.change = {"Send with a From address of a domain of your own, and name the Gmail address in Reply-To"}};
}

constexpr Rule rules[] = {
    {.id = "gmail.ehlo",
     .title = "The EHLO name is a fully qualified host name",
     .consequence = "Gmail closes the connection at EHLO.",
     .remedy = "Set the host name that the server says in EHLO to a name such as mail.example.com, the same name as in "
               "the PTR record.",
     .stage = Stage::ehlo,
     .judge = requirements::ehlo_name_is_valid,
     .fix = fixes::ehlo,
     .shapes = {{501, "5.5.4", "helo/ehlo argument"}, {501, "5.5.4", "empty helo/ehlo argument"}, {501, "5.5.4", ""}},
     .refusals = {{Families::both,
                   501,
                   {5, 5, 4},
                   "HELO/EHLO argument {ehlo} invalid, closing connection.\n https://support.google.com/mail/?p=helo "
                   "{id} - gsmtp"}},
     .source = errors},

    {.id = "gmail.ptr",
     .title = "The sending address has a PTR record whose name leads back to the address",
     .consequence = "Over IPv6 the message is refused after DATA with 550-5.7.1 \"IPv6 sending guidelines\", over IPv4 "
                    "with 550-5.7.25.",
     .remedy = "Have the owner of the address (your hoster) publish a PTR record for it, and publish an A (IPv4) or "
               "AAAA (IPv6) record "
               "for the name in the PTR record that holds the same address. For IPv6 the owner name has all 32 "
               "nibbles. Until then, "
               "send over the address family that is in order.",
     .judge = requirements::reverse_name_is_confirmed,
     .fix = fixes::reverse_name,
     .shapes = {{550, "5.7.1", "does not meet ipv6 sending guidelines"},
                {0, "", "ipv6 sending guidelines regarding ptr records and authentication"},
                {0, "", "ipv6autherror"},
                {0, "", "ipv6_authentication_error"},
                {0, "x.7.25", "does not have a ptr record setup"},
                {0, "x.7.23", "doesn't have a ptr record, or the ptr record's forward dns entry"},
                {0, "x.7.25", "doesn't have a ptr record, or the forwarding dns entry"},
                {421, "4.7.0", "does not have a ptr record"},
                {0, "", "gmail does not accept messages from ips with missing ptr records"},
                {0, "x.7.23", ""},
                {0, "x.7.25", ""}},
     .refusals = {{Families::ipv6,
                   550,
                   {5, 7, 1},
                   "[{ip}] Our system has detected that\n"
                   "this message does not meet IPv6 sending guidelines regarding PTR\n"
                   "records and authentication. Please review\n"
                   " https://support.google.com/mail/?p=IPv6AuthError for more information\n"
                   ". {id} - gsmtp"},
                  {Families::ipv4,
                   550,
                   {5, 7, 25},
                   "[{ip}] The IP address sending this message does not have a\n"
                   "PTR record setup, or the corresponding forward DNS entry does not\n"
                   "point to the sending IP. As a policy, Gmail does not accept messages\n"
                   "from IPs with missing PTR records. Please visit\n"
                   " https://support.google.com/mail/answer/81126#ip-practices for more\n"
                   "information. {id} - gsmtp"}},
     .source = guidelines},

    {.id = "gmail.authentication",
     .title = "SPF or DKIM passes",
     .consequence = "The message is refused after DATA with 550-5.7.26.",
     .remedy = "Sign every message with DKIM and publish the key, and name every address that sends, of both families, "
               "in the SPF record "
               "of the MAIL FROM domain (and of the EHLO name, which bounces use). Either of the two is enough for "
               "this rule; bulk "
               "senders need both.",
     .judge = requirements::spf_or_dkim_passes,
     .fix = fixes::authentication,
     .shapes = {{0, "x.7.26", "requires all senders to authenticate with either spf or dkim"},
                {0, "x.7.26", "has an spf record with a hard fail policy"},
                {0, "", "blocked because the sender is unauthenticated"},
                {0, "", "rate limited because it is unauthenticated"},
                {550, "5.7.1", "does not meet ipv6 sending guidelines"},
                {0, "", "ipv6 sending guidelines regarding ptr records and authentication"},
                {0, "", "ipv6autherror"},
                {0, "", "ipv6_authentication_error"},
                {0, "x.7.26", ""}},
     .refusals = {{Families::both,
                   550,
                   {5, 7, 26},
                   "This mail has been blocked because the sender is unauthenticated.\n"
                   "Gmail requires all senders to authenticate with either SPF or DKIM.\n"
                   "\n"
                   " Authentication results:\n"
                   " DKIM = did not pass\n"
                   " SPF [{mail_from_domain}] with ip: [{ip}] = did not pass\n"
                   "\n"
                   " For instructions on setting up authentication, go to\n"
                   " https://support.google.com/mail/answer/81126#authentication {id} - gsmtp"}},
     .source = guidelines},

    {.id = "gmail.dmarc-policy",
     .title = "The author domain's DMARC policy does not ask for rejection of the message",
     .consequence = "The message is refused after DATA with 550-5.7.26 \"not accepted due to domain's DMARC policy\".",
     .remedy = "Make SPF or DKIM pass for the domain in From (or a domain aligned with it): sign with d= of that "
               "domain. Loosen the policy "
               "only if mail that you cannot sign is legitimate.",
     .judge = requirements::dmarc_does_not_reject,
     .fix = fixes::alignment,
     .shapes = {{0, "x.7.26", "is not accepted due to domain's dmarc policy"},
                {0, "", "is not accepted due to domain's dmarc policy"},
                {0, "", "?p=dmarcrejection"},
                {451, "4.7.26", "but temporary dns failures prevent authentication"}},
     .refusals = {{Families::both,
                   550,
                   {5, 7, 26},
                   "Unauthenticated email from {header_from_domain} is not accepted due to\n"
                   "domain's DMARC policy. Please contact the administrator of\n"
                   "{header_from_domain} domain if this was a legitimate mail. To learn about\n"
                   "the DMARC initiative, go to\n"
                   " https://support.google.com/mail/?p=DmarcRejection {id} - gsmtp"}},
     .source = errors},

    {.id = "gmail.dmarc-quarantine",
     .title = "The author domain's DMARC policy does not ask for quarantine of the message",
     .consequence = "The message goes to the spam folder.",
     .remedy =
         "Make SPF or DKIM pass for the domain in From (or a domain aligned with it): sign with d= of that domain.",
     .effect = Effect::spam,
     .judge = requirements::dmarc_does_not_quarantine,
     .fix = fixes::alignment,
     .source = guidelines},

    {.id = "gmail.impersonation",
     .title = "From does not claim a Gmail address",
     .consequence = "Gmail's own DMARC policy applies: the message goes to the spam folder or is deferred.",
     .remedy = "Send with a From address of a domain of your own; a Gmail address may stand in Reply-To.",
     .effect = Effect::spam,
     .judge = author_is_not_gmail,
     .fix = use_own_domain,
     .source = guidelines},

    {.id = "gmail.from",
     .title = "There is one From field with one address",
     .consequence = "The message is refused after DATA with 550-5.7.1.",
     .remedy = "Write exactly one From field with exactly one address whose domain exists.",
     .about = About::message,
     .judge = requirements::one_author,
     .fix = fixes::author,
     .shapes = {{0, "x.7.1", "missing a valid address in the from: header"},
                {0, "x.7.1", "missing a valid address in from: header"},
                {0, "x.7.1", "multiple addresses in the from: header"},
                {0, "x.7.1", "multiple addresses in from: header"},
                {0, "x.7.1", "because the from: header is missing"},
                {0, "x.7.1", "because it has multiple from: headers"},
                {0, "x.7.1", "there are multiple from headers"},
                {0, "x.7.1", "from: header has a non-compliant domain name"},
                {0, "x.7.1", "'from' header is missing"}},
     .refusals = {{Families::both,
                   550,
                   {5, 7, 1},
                   "Messages missing a valid address in From: header, or having no\n"
                   "From: header, are not accepted. For more information, go to\n"
                   " https://support.google.com/mail/?p=RfcMessageNonCompliant and review RFC 5322\n"
                   "specifications. {id} - gsmtp"}},
     .source = errors},

    {.id = "gmail.message-id",
     .title = "There is one valid Message-ID",
     .consequence = "The message is refused after DATA with 550-5.7.1.",
     .remedy = "Let the sending program or the mail server add a Message-ID of the form <unique@your.domain>, once.",
     .about = About::message,
     .judge = requirements::message_id_is_valid,
     .fix = fixes::message_id,
     .shapes = {{0, "x.7.1", "missing a valid message-id"},
                {0, "", "missing a valid message-id: header are not accepted"}},
     .refusals = {{Families::both,
                   550,
                   {5, 7, 1},
                   "Messages missing a valid Message-ID: header are not\n"
                   "accepted. For more information, go to\n"
                   " https://support.google.com/mail/?p=RfcMessageNonCompliant and review RFC 5322\n"
                   "specifications. {id} - gsmtp"}},
     .source = errors},

    {.id = "gmail.single-fields",
     .title = "Header fields that may occur once occur once",
     .consequence = "The message is refused after DATA with 550-5.7.1 \"not RFC 5322 compliant\".",
     .remedy = "Find the program that adds the field a second time (often a filter or a mailing list) and let it "
               "replace the first.",
     .about = About::message,
     .judge = requirements::header_fields_are_single,
     .fix = fixes::single_fields,
     .shapes = {{0, "x.7.1", "not rfc 5322 compliant. there are multiple"},
                {0, "x.7.1", "compliant because it has duplicate headers"},
                {0, "x.7.1", "not rfc 5322 compliant. there is a malformed"},
                {0, "", "?p=rfcmessagenoncompliant"}},
     .refusals = {{Families::both,
                   550,
                   {5, 7, 1},
                   "This message is not RFC 5322 compliant. There are multiple {field} headers.\n"
                   "To reduce the amount of spam sent to Gmail, this message has been\n"
                   "blocked. Please visit\n"
                   " https://support.google.com/mail/?p=RfcMessageNonCompliant {id} - gsmtp"}},
     .source = errors},

    {.id = "gmail.tls",
     .title = "The connection is encrypted",
     .consequence = "The message counts against the sender, and may be deferred or go to the spam folder.",
     .remedy = "Use STARTTLS for every connection to Google's servers.",
     .effect = Effect::spam,
     .judge = requirements::hop_is_encrypted,
     .fix = fixes::tls,
     .shapes = {{421, "4.7.0", "tls required for rcpt domain"}},
     .source = guidelines},

    {.id = "gmail.spf-entries",
     .title = "The SPF record has no suspicious entries",
     .consequence = "The message is refused with 550-5.7.24 or deferred with 451-4.7.24.",
     .remedy = "Remove +all and networks that are far larger than what you send from; name your own addresses.",
     .judge = requirements::spf_record_is_narrow,
     .fix = fixes::narrow_spf,
     .shapes = {{0, "x.7.24", "spf record of the sending domain has one or more suspicious entries"},
                {0, "", "has one or more suspicious entries"},
                {0, "x.7.24", ""}},
     .refusals = {{Families::both,
                   550,
                   {5, 7, 24},
                   "The SPF record of the sending domain has one or more suspicious\n"
                   "entries. For more information, go to\n"
                   " https://support.google.com/mail/answer/81126 {id} - gsmtp"}},
     .source = errors},

    {.id = "gmail.bulk-spf",
     .title = "SPF passes (senders of 5,000 messages a day)",
     .consequence = "The message is refused with 550-5.7.27 or deferred with 421-4.7.27.",
     .remedy = "Name every address that sends, of both families, in the SPF record of the MAIL FROM domain.",
     .scope = Scope::bulk_senders,
     .judge = requirements::spf_passes,
     .fix = fixes::spf,
     .shapes = {{0, "x.7.27", "spf authentication didn't pass"},
                {0, "x.7.27", "didn't pass spf authentication"},
                {0, "", "bulk email senders to authenticate their email with spf"},
                {0, "x.7.27", ""}},
     .refusals = {{Families::both,
                   550,
                   {5, 7, 27},
                   "This message was blocked because it didn't pass SPF\n"
                   "authentication. Gmail requires bulk email senders to authenticate\n"
                   "their email with SPF. Authentication results:\n"
                   "SPF [{mail_from_domain}] with [{ip}] = did not pass. To set up SPF for your\n"
                   "sending domains, visit\n"
                   " https://support.google.com/a?p=set-up-spf {id} - gsmtp"}},
     .source = errors},

    {.id = "gmail.bulk-dkim",
     .title = "DKIM passes (senders of 5,000 messages a day)",
     .consequence = "The message is refused with 550-5.7.30 or deferred with 421-4.7.30.",
     .remedy = "Sign every message with an RSA key of 2048 bits and publish the key at its selector.",
     .scope = Scope::bulk_senders,
     .judge = requirements::dkim_passes,
     .fix = fixes::dkim,
     .shapes = {{0, "x.7.30", "dkim authentication didn't pass"},
                {0, "x.7.30", "didn't pass dkim authentication"},
                {0, "", "to authenticate their email with dkim"},
                {0, "x.7.30", ""}},
     .refusals = {{Families::both,
                   550,
                   {5, 7, 30},
                   "This message was blocked because it didn't pass DKIM\n"
                   "authentication. Gmail requires bulk email senders to authenticate\n"
                   "their email with DKIM. Authentication results:\n"
                   "DKIM = did not pass. To set up DKIM for your sending domains, visit\n"
                   " https://support.google.com/a?p=turn-on-dkim {id} - gsmtp"}},
     .source = errors},

    {.id = "gmail.bulk-dmarc",
     .title = "The author domain publishes a DMARC record (senders of 5,000 messages a day)",
     .consequence = "The message is refused with 550-5.7.40 or deferred with 421-4.7.40.",
     .remedy = "Publish a DMARC record; p=none is enough for this rule. Add rua= so that reports reach you.",
     .scope = Scope::bulk_senders,
     .judge = requirements::dmarc_record_is_published,
     .fix = fixes::dmarc_record,
     .shapes = {{0, "", "doesn't have a dmarc record, or the dmarc record doesn't specify a dmarc policy"},
                {0, "", "doesn't have a dmarc record or the dmarc record doesn't specify a dmarc policy"},
                {0, "", "senders to add a dmarc record to their sending domain"},
                {421, "x.7.40", ""},
                {451, "x.7.40", ""},
                {550, "x.7.40", ""},
                {0, "4.7.31", ""}},
     .refusals = {{Families::both,
                   550,
                   {5, 7, 40},
                   "Your message was blocked because the sending domain doesn't have a\n"
                   "DMARC record or the DMARC record doesn't specify a DMARC policy.\n"
                   "Gmail requires all bulk email senders to add a DMARC record to\n"
                   "their sending domain. See\n"
                   " https://support.google.com/a?p=dmarc {id} - gsmtp"}},
     .source = errors},

    {.id = "gmail.bulk-alignment",
     .title = "From is aligned with SPF or DKIM (senders of 5,000 messages a day)",
     .consequence = "The message is deferred with 421-4.7.32.",
     .remedy = "Sign with d= of the domain in From, or use a MAIL FROM address of that domain.",
     .scope = Scope::bulk_senders,
     .effect = Effect::defer,
     .judge = requirements::from_is_aligned,
     .fix = fixes::alignment,
     .shapes = {{0, "x.7.32", "isn't aligned with either the authenticated spf or dkim organizational domain"},
                {0, "", "isn't aligned with either the authenticated spf or dkim organizational domain"},
                {0, "x.7.32", ""}},
     .refusals = {{Families::both,
                   421,
                   {4, 7, 32},
                   "Your email has been rate limited because the From: header\n"
                   "(RFC5322) in this message isn't aligned with either the\n"
                   "authenticated SPF or DKIM organizational domain. To learn more\n"
                   "about DMARC alignment, visit\n"
                   " https://support.google.com/a?p=dmarc-alignment {id} - gsmtp"}},
     .source = errors},

    {.id = "gmail.bulk-tls",
     .title = "The connection is encrypted (senders of 5,000 messages a day)",
     .consequence = "The message is refused with 550-5.7.29 or deferred with 421-4.7.29.",
     .remedy = "Use STARTTLS for every connection to Google's servers.",
     .scope = Scope::bulk_senders,
     .judge = requirements::hop_is_encrypted,
     .fix = fixes::tls,
     .shapes = {{0, "x.7.29", "tls connection"}, {0, "", "senders to use tls/ssl for smtp"}, {0, "x.7.29", ""}},
     .refusals = {{Families::both,
                   550,
                   {5, 7, 29},
                   "This message was blocked because it wasn't sent over a TLS\n"
                   "connection. Gmail requires all bulk email senders to use TLS/SSL\n"
                   "for SMTP connections. To set up TLS for email, visit\n"
                   " https://support.google.com/a?p=tls-ssl {id} - gsmtp"}},
     .source = errors},

    {.id = "gmail.bulk-unsubscribe",
     .title = "Mail to subscribers can be unsubscribed from with one click (senders of 5,000 messages a day)",
     .consequence = "Nothing is refused, but Google does not help when other mail of the sender is.",
     .remedy =
         "Add List-Unsubscribe with an HTTPS URI and List-Unsubscribe-Post (RFC 8058) to mail that people "
         "subscribed to; a mailto URI or a page to visit is not enough. Take people off the list within 48 hours.",
     .scope = Scope::bulk_senders,
     .effect = Effect::advice,
     .about = About::message,
     .judge = requirements::unsubscribe_is_one_click,
     .fix = fixes::unsubscribe,
     .source = guidelines},

    // What only Google knows.

    {.id = "gmail.rate",
     .title = "The rate of mail is what Gmail expects",
     .consequence = "Mail is deferred with 421-4.7.28, later refused with 550-5.7.28.",
     .remedy = "Stop for at least ten minutes; then use one connection, and add connections one by one while mail is "
               "accepted. The "
               "limits count per address, per netblock, per DKIM domain, per SPF domain and per domain in links: the "
               "reply names "
               "which.",
     .effect = Effect::defer,
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{0, "x.7.28", "unusual rate of email"},
                {0, "x.7.28", "unusual rate of unsolicited"},
                {0, "x.7.28", "unusual amount of unsolicited email originating from your ip"},
                {0, "x.7.28", "exceeded the quota for sending messages that have the same message-id"},
                {0, "", "unusual rate of unsolicited mail originating from your ip"},
                {550, "5.7.1", "this email has been rate limited"},
                {0, "x.7.28", ""}},
     .source = errors},

    {.id = "gmail.ip-reputation",
     .title = "The sending address has a good reputation",
     .consequence = "Mail is deferred with 421-4.7.0 or refused with 550-5.7.1.",
     .remedy = "Stop the mail that people mark as spam, send steadily, and let the reputation recover; check "
               "Postmaster Tools.",
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{0, "", "very low reputation of the sending ip"}},
     .source = errors},

    {.id = "gmail.domain-reputation",
     .title = "The sending domain has a good reputation",
     .consequence = "Mail is deferred with 421-4.7.0 or refused with 550-5.7.1.",
     .remedy = "Stop the mail that people mark as spam, keep the spam rate below 0.1 %, and let the reputation "
               "recover; check "
               "Postmaster Tools.",
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{0, "", "very low reputation of the sending domain"}},
     .source = errors},

    {.id = "gmail.content",
     .title = "The content does not look like spam",
     .consequence = "Mail is refused with 550-5.7.1 or deferred with 421-4.7.0.",
     .remedy = "Look at links, attachments and the lists that you send to; a message that people asked for, signed "
               "with your own "
               "domain, passes.",
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{0, "", "likely unsolicited mail"},
                {0, "", "likely unsolicited email"},
                {0, "", "likely suspicious due to the nature of the content"},
                {0, "", "suspicious due to the nature of the content or the links within"},
                {552, "5.7.0", "content presents a potential security issue"}},
     .source = errors},

    {.id = "gmail.direct-delivery",
     .title = "The address may deliver mail directly",
     .consequence = "Mail is refused with 550-5.7.1 \"not authorized to send email directly\".",
     .remedy =
         "The address lies in a network of end users: send through your provider's relay, or from a server address.",
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{0, "x.7.1", "not authorized to send email directly to our servers"},
                {421, "4.7.0", "ip not in whitelist for rcpt domain"}},
     .source = errors},

    {.id = "gmail.customer-policy",
     .title = "The receiving organisation's own rules let the message through",
     .consequence = "Mail is refused with 550-5.7.1 by a rule of the Workspace customer (reply ends in \"gcdp\").",
     .remedy = "Ask the recipient's administrator; nothing in your DNS or server decides this.",
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{0, "", "has a policy that prohibits the email that you sent"},
                {0, "", "has a policy that prohibits the mail that you sent"},
                {0, "", "- gcdp"}},
     .source = errors},
};

}  // namespace

std::span<const Rule> gmail_rules() {
  return rules;
}

}  // namespace ptarmigan::rulebook
