// smtp/classify.cpp - see failure.hpp. First the words, in the order of the table; then the enhanced code; then the
// code.
#include <array>
#include <optional>
#include <string>

#include "base/text.hpp"
#include "smtp/failure.hpp"

namespace ptarmigan::smtp {
namespace {

/// Both phrases stand in the reply, in lower case, as whole words; "*" at the end lets the word go on.
struct Words {
  Cause cause;
  std::string_view first;
  std::string_view second = "";
};

// The first row that fits decides, so what is particular stands before what is general: a refusal for a missing PTR
// also says "rate limited", a rate limit also says "DKIM domain", and nearly everything says "spam".
constexpr auto words_table = std::to_array<Words>({
    // What is counted (RateAxis is read from the same words).
    {Cause::rate, "unusual rate of"},
    {Cause::rate, "unusual amount of"},
    {Cause::rate, "same message-id"},
    {Cause::rate, "exceeded permitted limits"},
    {Cause::rate, "receiving email too quickly"},
    {Cause::rate, "receiving mail too quickly"},
    {Cause::rate, "at a rate that prevents"},

    // Our address: reverse name, family, lists.
    {Cause::sending_address, "ipv6 sending guidelines"},
    {Cause::sending_address, "p=ipv6autherror"},
    {Cause::sending_address, "accept email over ipv6"},
    {Cause::sending_address, "ptr"},
    {Cause::sending_address, "rdns"},
    {Cause::sending_address, "reverse dns"},
    {Cause::sending_address, "reverse hostname"},
    {Cause::sending_address, "reverse lookup"},
    {Cause::sending_address, "reverse mapping"},
    {Cause::sending_address, "reverse entry"},
    {Cause::sending_address, "no dns reverse"},
    {Cause::sending_address, "reputation of the sending ip"},
    {Cause::sending_address, "not authorized to send email directly"},
    {Cause::sending_address, "not in whitelist"},
    {Cause::sending_address, "banned sending ip"},
    {Cause::sending_address, "helo/ehlo argument"},
    {Cause::sending_address, "helo command rejected"},
    {Cause::sending_address, "(nowl)"},
    {Cause::sending_address, "(bl)"},
    {Cause::sending_address, "s3140"},
    {Cause::sending_address, "s3150"},
    {Cause::sending_address, "dynamic ip*"},
    {Cause::sending_address, "namespace mining"},
    {Cause::sending_address, "open proxy*"},
    {Cause::sending_address, "virus infected server*"},
    {Cause::sending_address, "block has been placed against your ip"},
    {Cause::sending_address, "permanently deferred"},
    {Cause::content, "dbl.spamhaus.org"},
    {Cause::content, "surbl"},
    {Cause::content, "uribl"},
    {Cause::sending_address, "spamhaus"},
    {Cause::sending_address, "spamcop"},
    {Cause::sending_address, "block list"},
    {Cause::sending_address, "blocklist*"},
    {Cause::sending_address, "blacklist*"},
    {Cause::sending_address, "denylist*"},
    {Cause::sending_address, "dnsbl*"},
    {Cause::sending_address, "rbl"},

    // TLS.
    {Cause::tls, "tls required"},
    {Cause::tls, "using a tls connection"},
    {Cause::tls, "over a tls connection"},
    {Cause::tls, "issue a starttls"},
    {Cause::protocol, "pipeline after starttls"},
    {Cause::tls, "starttls"},
    {Cause::tls, "encryption required"},
    {Cause::tls, "tls not available"},

    // Who may use a relay, before SPF and the like: these too speak of authentication.
    {Cause::protocol, "credentials for relay"},
    {Cause::protocol, "unauthenticated commands"},
    {Cause::protocol, "authentication type"},
    {Cause::protocol, "authentication required"},
    {Cause::policy, "relay denied"},
    {Cause::policy, "relaying denied"},
    {Cause::policy, "relay access denied"},
    {Cause::policy, "relaying not allowed"},

    // The form of the message, before DMARC: both speak of the From header.
    {Cause::sender_authentication, "aligned"},
    {Cause::content, "rfc 5322"},
    {Cause::content, "from: header"},
    {Cause::content, "message-id: header"},
    {Cause::content, "disallowed header"},
    {Cause::content, "encoded-word"},
    {Cause::content, "header size"},
    {Cause::content, "malformed"},

    // Sender authentication.
    {Cause::sender_authentication, "spf"},
    {Cause::sender_authentication, "dkim"},
    {Cause::sender_authentication, "dmarc"},
    {Cause::sender_authentication, "sender policy framework"},
    {Cause::sender_authentication, "unauthenticated"},
    {Cause::sender_authentication, "authentication level"},
    {Cause::sender_authentication, "sender address rejected", "domain not found"},
    {Cause::sender_authentication, "sender domain"},
    {Cause::sender_authentication, "null mx", "sender"},

    // The message's words and size.
    {Cause::policy, "reputation of the sending domain"},
    {Cause::policy, "spam-like characteristics or ip"},
    {Cause::content, "nature of the content"},
    {Cause::content, "likely unsolicited"},
    {Cause::content, "spam-like"},
    {Cause::content, "spam message"},
    {Cause::content, "classified as spam"},
    {Cause::content, "considered spam"},
    {Cause::content, "spam content"},
    {Cause::content, "detected as spam"},
    {Cause::content, "looks like spam"},
    {Cause::content, "probability of spam"},
    {Cause::content, "message content rejected"},
    {Cause::content, "virus"},
    {Cause::content, "malware"},
    {Cause::content, "security issue"},
    {Cause::content, "attachment*"},
    {Cause::content, "message size*"},
    {Cause::content, "message too large"},
    {Cause::content, "message too big"},
    {Cause::content, "hops"},
    {Cause::content, "[ph01]"},
    {Cause::content, "ou-002"},

    // Too much. "limit" alone may be any limit, so only the known sentences.
    {Cause::rate, "rate limit*"},
    {Cause::rate, "rate-limit*"},
    {Cause::rate, "limit exceeded"},
    {Cause::rate, "too many connections"},
    {Cause::rate, "too many concurrent"},
    {Cause::rate, "too many messages"},
    {Cause::rate, "too many login attempts"},
    {Cause::rate, "too much mail"},
    {Cause::rate, "too fast"},
    {Cause::rate, "slow down"},
    {Cause::rate, "throttl*"},
    {Cause::rate, "excessive volume"},
    {Cause::rate, "unexpected volume"},
    {Cause::rate, "user complaints"},
    {Cause::rate, "how many messages"},
    {Cause::rate, "rp-00*"},
    {Cause::rate, "rl00*"},
    {Cause::rate, "[tss04]"},
    {Cause::rate, "[ts04]"},

    // The recipient.
    {Cause::policy, "greylist*"},
    {Cause::policy, "graylist*"},
    {Cause::recipient, "user unknown"},
    {Cause::recipient, "unknown user"},
    {Cause::recipient, "unknown recipient"},
    {Cause::recipient, "recipient unknown"},
    {Cause::recipient, "no such user"},
    {Cause::recipient, "no such recipient"},
    {Cause::recipient, "no such mailbox"},
    {Cause::recipient, "no mailbox"},
    {Cause::recipient, "invalid recipient"},
    {Cause::recipient, "invalid mailbox"},
    {Cause::recipient, "recipient not found"},
    {Cause::recipient, "mailbox not found"},
    {Cause::recipient, "mailbox unavailable"},
    {Cause::recipient, "mailbox full"},
    {Cause::recipient, "mailbox is full"},
    {Cause::recipient, "over quota"},
    {Cause::recipient, "overquota"},
    {Cause::recipient, "out of storage"},
    {Cause::recipient, "recipient domain"},
    {Cause::recipient, "account", "does not exist"},
    {Cause::recipient, "mailbox", "does not exist"},
    {Cause::recipient, "address", "does not exist"},
    {Cause::recipient, "account", "inactive"},
    {Cause::recipient, "account", "disabled"},

    // The receiver's own trouble.
    {Cause::site, "system problem"},
    {Cause::site, "server busy"},
    {Cause::site, "connection expired"},
    {Cause::site, "try again later, closing connection"},
    {Cause::site, "resources temporarily"},
    {Cause::site, "insufficient system"},
    {Cause::protocol, "protocol violation"},
});

/// `phrase` (see Words) in `text`.
bool says(std::string_view text, std::string_view phrase) {
  const bool goes_on = phrase.ends_with('*');
  if (goes_on) phrase.remove_suffix(1);
  for (auto at = text.find(phrase); at != std::string_view::npos; at = text.find(phrase, at + 1)) {
    const auto end = at + phrase.size();
    const bool begins = at == 0 || !is_alnum(text[at - 1]) || !is_alnum(phrase.front());
    const bool ends = goes_on || end == text.size() || !is_alnum(text[end]) || !is_alnum(phrase.back());
    if (begins && ends) return true;
  }
  return false;
}

std::optional<Cause> cause_of_words(std::string_view text) {
  for (const auto& row : words_table)
    if (says(text, row.first) && (row.second.empty() || says(text, row.second))) return row.cause;
  return std::nullopt;
}

/// Orange and La Poste end their replies with "OFR004_104" or "LPN007_401": the last number is the reason.
std::optional<Cause> cause_of_family_code(std::string_view text) {
  for (const std::string_view family : {"ofr", "lpn"}) {
    const auto at = text.find(family);
    const auto underscore =
        at == std::string_view::npos ? at : text.find_first_not_of("0123456789", at + family.size());
    if (underscore == std::string_view::npos || text[underscore] != '_') continue;
    const auto reason = parse_number<unsigned>(text.substr(underscore + 1, 3));
    if (!reason) continue;
    if (*reason == 104) return Cause::rate;
    if (*reason > 100 && *reason < 110) return Cause::sending_address;
    if (*reason == 305 || *reason == 401 || *reason == 403 || *reason == 405 || *reason == 415)
      return Cause::sender_authentication;
  }
  return std::nullopt;
}

/// x.7.<detail>: RFC 3463#3.8, RFC 4954#6, RFC 7372#3, RFC 7505#4.2, RFC 8689, and Microsoft's own above 500. Only
/// where the words say nothing, as Gmail has other meanings for 23 and 27 to 30.
std::optional<Cause> cause_of_security_status(int detail, int code) {
  switch (detail) {
    case 4:
    case 5:
    case 6:
    case 7:
    case 8:
    case 11:
    case 12:
    case 13:
    case 14: return Cause::protocol;
    case 9: return code == 534 ? Cause::protocol : Cause::sender_authentication;  // Yahoo's 550 and 554 are DMARC
    case 10: return Cause::tls;
    case 20:
    case 21:
    case 22:
    case 23:
    case 24:
    case 26:
    case 27:
    case 29:
    case 31:
    case 32: return Cause::sender_authentication;
    case 25: return Cause::sending_address;
    case 28: return Cause::rate;
    case 30: return Cause::tls;
    case 40: return code == 504 ? Cause::protocol : Cause::sender_authentication;
    case 80:
    case 90: return Cause::protocol;
    case 321:
    case 322:
    case 323:
    case 324:
    case 325: return Cause::tls;
    case 508: return Cause::rate;
    case 509:
    case 515: return Cause::sender_authentication;
    case 510: return Cause::sending_address;
    case 512: return Cause::content;
    default: return detail >= 606 && detail <= 649 ? Cause::sending_address : Cause::policy;
  }
}

/// RFC 3463#3, RFC 7505#4.2. Nothing where the code says more than the status.
std::optional<Cause> cause_of_status(EnhancedStatus status, int code, Stage stage) {
  switch (status.subject) {
    case 1:
      if (status.detail == 7) return Cause::protocol;
      if (status.detail == 8) return Cause::sender_authentication;
      return stage == Stage::mail ? Cause::protocol : Cause::recipient;
    case 2: return status.detail == 3 ? Cause::content : Cause::recipient;
    case 3: return status.detail == 4 ? Cause::content : Cause::site;
    case 4: return status.detail == 6 ? Cause::content : Cause::site;
    case 5: return status.detail == 0 ? std::nullopt : std::optional(Cause::protocol);
    case 6: return Cause::content;
    case 7: return cause_of_security_status(status.detail, code);
    default: return std::nullopt;
  }
}

/// RFC 5321#4.2.3
Cause cause_of_code(int code, Stage stage) {
  const bool about_recipient = stage == Stage::rcpt;
  switch (code) {
    case 421:
    case 451:
    case 452: return Cause::site;
    case 450: return about_recipient ? Cause::recipient : Cause::site;
    case 454: return stage == Stage::starttls ? Cause::tls : Cause::site;
    case 455:
    case 500:
    case 501:
    case 502:
    case 503:
    case 504:
    case 530:
    case 534:
    case 535:
    case 538:
    case 555: return Cause::protocol;
    case 521: return Cause::site;
    case 523: return Cause::tls;
    case 551:
    case 556: return Cause::recipient;
    case 552: return about_recipient ? Cause::recipient : Cause::content;
    case 553: return about_recipient ? Cause::recipient : Cause::protocol;
    case 550: return about_recipient ? Cause::recipient : Cause::policy;
    case 554: return Cause::policy;
    default: return Cause::unknown;
  }
}

/// What the words of a rate limit say is counted.
RateAxis axis_of(std::string_view text) {
  if (says(text, "user you are trying to contact")) return RateAxis::mailbox;
  if (says(text, "netblock") || says(text, "exceeded permitted limits")) return RateAxis::netblock;
  if (says(text, "dkim domain")) return RateAxis::dkim_domain;
  if (says(text, "spf domain")) return RateAxis::spf_domain;
  if (says(text, "url domain*")) return RateAxis::url_domain;
  if (says(text, "your ip address")) return RateAxis::ip;
  return RateAxis::unspecified;
}

Scope scope_of(Cause cause, Stage stage, RateAxis axis) {
  const bool before_message =
      stage == Stage::connect || stage == Stage::ehlo || stage == Stage::starttls || stage == Stage::auth;
  switch (cause) {
    case Cause::recipient: return Scope::recipient;
    case Cause::rate: return axis == RateAxis::mailbox ? Scope::recipient : Scope::site;
    case Cause::sending_address: return Scope::site;
    case Cause::site:
      if (before_message) return Scope::site;
      return stage == Stage::rcpt ? Scope::recipient : Scope::message;
    case Cause::tls: return before_message ? Scope::site : Scope::message;
    case Cause::content:
    case Cause::sender_authentication: return Scope::message;
    case Cause::protocol:
    case Cause::policy:
    case Cause::unknown: break;
  }
  if (stage == Stage::rcpt) return Scope::recipient;
  return before_message ? Scope::session : Scope::message;
}

Cause cause_of(const Reply& reply, Stage stage, std::string_view text) {
  // Several kinds of destination or recipient in one transaction: it must be split, nobody is at fault.
  if (reply.enhanced && reply.enhanced->subject == 5 && reply.enhanced->detail == 3) return Cause::protocol;
  if (says(text, "multiple destination domains")) return Cause::protocol;
  if (const auto cause = cause_of_family_code(text)) return *cause;
  if (const auto cause = cause_of_words(text)) return *cause;
  if (stage == Stage::auth && reply.permanent()) return Cause::protocol;
  if (reply.enhanced)
    if (const auto cause = cause_of_status(*reply.enhanced, reply.code, stage)) return *cause;
  return cause_of_code(reply.code, stage);
}

}  // namespace

Failure classify(const Reply& reply, Stage stage) {
  const auto text = to_lower(reply.words());
  Failure failure;
  failure.persistence = reply.permanent() ? Persistence::permanent : Persistence::transient;
  failure.cause = cause_of(reply, stage, text);
  if (failure.cause == Cause::rate) failure.axis = axis_of(text);
  failure.scope = scope_of(failure.cause, stage, failure.axis);
  return failure;
}

Failure classify(Problem problem, Stage stage) {
  const auto transient = [&](Cause cause) {
    return Failure{scope_of(cause, stage, RateAxis::unspecified), Persistence::transient, cause, RateAxis::unspecified};
  };
  const auto permanent = [&](Scope scope, Cause cause) {
    return Failure{scope, Persistence::permanent, cause, RateAxis::unspecified};
  };
  switch (problem) {
    case Problem::timed_out:
    case Problem::closed: return transient(Cause::site);
    case Problem::protocol: return transient(Cause::protocol);
    case Problem::tls_not_offered:
    case Problem::tls_failed: return transient(Cause::tls);
    case Problem::auth_not_offered:
    case Problem::auth_needs_tls: return transient(Cause::protocol);
    case Problem::too_large:
    case Problem::needs_8bitmime:
    case Problem::needs_smtputf8:
    case Problem::needs_binarymime: return permanent(Scope::message, Cause::content);
    case Problem::needs_requiretls: return permanent(Scope::message, Cause::tls);
    case Problem::message_unreadable: return {Scope::message, Persistence::transient, Cause::unknown, {}};
  }
  return {};
}

std::string_view to_string(Stage stage) {
  switch (stage) {
    case Stage::connect: return "connect";
    case Stage::ehlo: return "ehlo";
    case Stage::starttls: return "starttls";
    case Stage::auth: return "auth";
    case Stage::mail: return "mail";
    case Stage::rcpt: return "rcpt";
    case Stage::data: return "data";
    case Stage::end_of_data: return "end_of_data";
  }
  return "";
}

std::string_view to_string(Problem problem) {
  switch (problem) {
    case Problem::timed_out: return "timed_out";
    case Problem::closed: return "closed";
    case Problem::protocol: return "protocol";
    case Problem::tls_not_offered: return "tls_not_offered";
    case Problem::tls_failed: return "tls_failed";
    case Problem::auth_not_offered: return "auth_not_offered";
    case Problem::auth_needs_tls: return "auth_needs_tls";
    case Problem::too_large: return "too_large";
    case Problem::needs_8bitmime: return "needs_8bitmime";
    case Problem::needs_smtputf8: return "needs_smtputf8";
    case Problem::needs_binarymime: return "needs_binarymime";
    case Problem::needs_requiretls: return "needs_requiretls";
    case Problem::message_unreadable: return "message_unreadable";
  }
  return "";
}

std::string_view to_string(Scope scope) {
  switch (scope) {
    case Scope::session: return "session";
    case Scope::site: return "site";
    case Scope::message: return "message";
    case Scope::recipient: return "recipient";
  }
  return "";
}

std::string_view to_string(Persistence persistence) {
  return persistence == Persistence::transient ? "transient" : "permanent";
}

std::string_view to_string(Cause cause) {
  switch (cause) {
    case Cause::recipient: return "recipient";
    case Cause::content: return "content";
    case Cause::sender_authentication: return "sender_authentication";
    case Cause::sending_address: return "sending_address";
    case Cause::rate: return "rate";
    case Cause::site: return "site";
    case Cause::protocol: return "protocol";
    case Cause::tls: return "tls";
    case Cause::policy: return "policy";
    case Cause::unknown: return "unknown";
  }
  return "";
}

std::string_view to_string(RateAxis axis) {
  switch (axis) {
    case RateAxis::unspecified: return "unspecified";
    case RateAxis::ip: return "ip";
    case RateAxis::netblock: return "netblock";
    case RateAxis::dkim_domain: return "dkim_domain";
    case RateAxis::spf_domain: return "spf_domain";
    case RateAxis::url_domain: return "url_domain";
    case RateAxis::mailbox: return "mailbox";
  }
  return "";
}

}  // namespace ptarmigan::smtp
