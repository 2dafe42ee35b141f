// rulebook/rules/gmx.cpp - what GMX, WEB.DE and mail.com (one platform) require, from their postmaster pages. Their
// replies have several lines, no enhanced status code, and a link whose c= names the reason.
#include "rulebook/fixes.hpp"
#include "rulebook/requirements.hpp"
#include "rulebook/rules/rules.hpp"

namespace ptarmigan::rulebook {
namespace {

constexpr Source policy{"GMX Postmaster, Email policy", "https://postmaster.gmx.net/en/email-policy", "2026-11-23"};
constexpr Source bulk{"GMX Postmaster, Best practices", "https://postmaster.gmx.net/en/best-practices", "2026-11-23"};
constexpr Source errors{"GMX Postmaster, Error messages", "https://postmaster.gmx.net/en/error-messages", "2026-11-23"};

constexpr Rule rules[] = {
    {.id = "gmx.ptr",
     .title = "The sending address has a PTR record whose name leads back to the address",
     .consequence = "The connection is refused with 554 \"Bad DNS PTR resource record\" before anything is said.",
     .remedy = "Have the owner of the address (your hoster) publish a PTR record for it, and publish an A (IPv4) or "
               "AAAA (IPv6) record for the name in the PTR record that holds the same address.",
     .stage = Stage::connect,
     .judge = requirements::reverse_name_is_confirmed,
     .fix = fixes::reverse_name,
     .shapes = {{0, "", "bad dns ptr resource record"}},
     .refusals = {{Families::both,
                   554,
                   {},
                   "gmx.net (mxgmx009) Nemesis ESMTP Service not available\n"
                   "No SMTP service\n"
                   "Bad DNS PTR resource record.\n"
                   "For explanation visit https://postmaster.gmx.net/en/case?c=r0601&i=ip&v={ip}&r={id}"}},
     .source = policy},

    {.id = "gmx.generic-ptr",
     .title = "The reverse name is the sender's own, not a provider's",
     .consequence = "The connection may be refused with 554 \"Bad DNS PTR resource record\".",
     .remedy = "Have the PTR record changed to a name within your own domain, such as mail.example.com.",
     .stage = Stage::connect,
     .effect = Effect::spam,
     .judge = requirements::reverse_name_is_own,
     .fix = fixes::own_reverse_name,
     .shapes = {{0, "", "bad dns ptr resource record"}},
     .source = policy},

    {.id = "gmx.block-list",
     .title = "The sending address is on no block list that GMX reads",
     .consequence = "The connection is refused with 554 \"IP address is block listed\".",
     .remedy = "The link in the reply says which list; look the address up there, end the cause, and ask for removal.",
     .stage = Stage::connect,
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{554, "", "ip address is block listed"}, {554, "", "ip address is black listed"}},
     .source = errors},

    {.id = "gmx.ehlo",
     .title = "The EHLO name is a fully qualified host name",
     .consequence = "The session is refused with 501.",
     .remedy = "Set the host name that the server says in EHLO to a name such as mail.example.com, the same name as in "
               "the PTR record.",
     .stage = Stage::ehlo,
     .judge = requirements::ehlo_name_is_valid,
     .fix = fixes::ehlo,
     .shapes = {{501, "", "syntax error in parameters or arguments", Phrase::common}},
     .refusals = {{Families::both,
                   501,
                   {},
                   "Syntax error in parameters or arguments\n"
                   "For explanation visit https://postmaster.gmx.net/en/case?c=hi&i=ip&v={ip}&r={id}"}},
     .source = policy},

    {.id = "gmx.ehlo-is-ptr",
     .title = "The EHLO name is the name in the PTR record",
     .consequence = "The mail looks less trustworthy.",
     .remedy = "Say the PTR record's name in EHLO, or have the PTR record changed to the EHLO name.",
     .stage = Stage::ehlo,
     .effect = Effect::advice,
     .judge = requirements::ehlo_name_is_reverse_name,
     .fix = fixes::reverse_name,
     .source = policy},

    {.id = "gmx.rate",
     .title = "The rate of mail, and the share of recipients that do not exist, are what GMX expects",
     .consequence = "Mail is deferred with 421 or 450.",
     .remedy = "Wait some hours, then send more slowly; remove addresses that were refused before.",
     .stage = Stage::mail,
     .effect = Effect::defer,
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{421, "", "rate limit reached", Phrase::common},
                {421, "", "reject due to policy violations", Phrase::common},
                {450, "", "reject due to policy violations", Phrase::common}},
     .source = errors},

    {.id = "gmx.spf",
     .title = "SPF does not fail",
     .consequence = "The message is refused with 550 \"Reject due to SPF policy\".",
     .remedy = "Name every address that sends, of both families, in the SPF record of the MAIL FROM domain. Whoever "
               "forwards mail must rewrite the envelope sender.",
     .stage = Stage::rcpt,
     .judge = requirements::spf_does_not_fail,
     .fix = fixes::spf,
     .shapes = {{550, "", "reject due to spf policy"},
                {550, "", "the originating ip of the message is not permitted by the domain owner"}},
     .refusals = {{Families::both,
                   550,
                   {},
                   "Requested action not taken: mailbox unavailable\n"
                   "Reject due to SPF policy.\n"
                   "The originating IP of the message is not permitted by the domain owner.\n"
                   "For explanation visit https://postmaster.gmx.net/en/case?c=hi&i=ip&v={ip}&r={id}"}},
     .source = errors},

    {.id = "gmx.policy",
     .title = "GMX's policy lets the message through",
     .consequence = "The message is refused with 554 \"Reject due to policy restrictions\".",
     .remedy = "Make sure that the message has an aligned DKIM signature and a complete header (From, Date, "
               "Message-ID); the link in the reply says more.",
     .visibility = Visibility::receiver_only,
     .judge = requirements::known_to_receiver_only,
     .shapes = {{554, "", "reject due to policy restrictions"}},
     .source = errors},

    {.id = "gmx.bulk-dkim",
     .title = "A DKIM signature passes whose domain is aligned with From (bulk senders)",
     .consequence = "The message is refused or goes to the spam folder; SPF alone is not enough.",
     .remedy = "Sign with d= of the domain in From, or of one in the same organisation.",
     .scope = Scope::bulk_senders,
     .judge = requirements::dkim_is_aligned,
     .fix = fixes::alignment,
     .shapes = {{554, "", "reject due to policy restrictions. no aligned dkim signature"}},
     .refusals = {{Families::both,
                   554,
                   {},
                   "Transaction failed\n"
                   "Reject due to policy restrictions.\n"
                   "No aligned DKIM signature.\n"
                   "For explanation visit https://postmaster.gmx.net/en/case?c=hi&i=ip&v={ip}&r={id}",
                   Wording::composed}},
     .source = bulk},

    {.id = "gmx.bulk-unsubscribe",
     .title = "Mail to subscribers can be unsubscribed from with one click (bulk senders)",
     .consequence = "Complaints rise, and mail goes to the spam folder.",
     .remedy = "Add List-Unsubscribe with an HTTPS URI and List-Unsubscribe-Post (RFC 8058), and an imprint.",
     .scope = Scope::bulk_senders,
     .effect = Effect::advice,
     .about = About::message,
     .judge = requirements::unsubscribe_is_one_click,
     .fix = fixes::unsubscribe,
     .source = bulk},
};

}  // namespace

std::span<const Rule> gmx_rules() {
  return rules;
}

}  // namespace ptarmigan::rulebook
