// doctor/checks/checks.cpp - the table of named checks, and the run over all groups.
#include "doctor/checks.hpp"

#include <algorithm>
#include <array>

#include "doctor/checks/desk.hpp"

namespace ptarmigan::doctor {
namespace {

using rulebook::Confidence;
using rulebook::Effect;
using rulebook::Source;

constexpr Source gmail_guidelines{"Email sender guidelines", "https://support.google.com/a/answer/81126", "2026-03-21",
                                  Confidence::documented};
constexpr Source yahoo_practices{"Sender best practices", "https://senders.yahooinc.com/best-practices/", "2026-02-15",
                                 Confidence::documented};
constexpr Source rfc(std::string_view title, std::string_view url, std::string_view date) {
  return {title, url, date, Confidence::documented};
}
constexpr Source rfc7208 = rfc("RFC 7208", "https://www.rfc-editor.org/rfc/rfc7208", "2014-04-01");
constexpr Source rfc6376 = rfc("RFC 6376", "https://www.rfc-editor.org/rfc/rfc6376", "2011-09-01");
constexpr Source rfc8301 = rfc("RFC 8301", "https://www.rfc-editor.org/rfc/rfc8301", "2018-01-01");
constexpr Source rfc9989 = rfc("RFC 9989", "https://www.rfc-editor.org/rfc/rfc9989", "2026-05-20");
constexpr Source rfc9990 = rfc("RFC 9990", "https://www.rfc-editor.org/rfc/rfc9990", "2026-05-20");
constexpr Source rfc3596 = rfc("RFC 3596", "https://www.rfc-editor.org/rfc/rfc3596", "2003-10-01");
constexpr Source rfc5321 = rfc("RFC 5321", "https://www.rfc-editor.org/rfc/rfc5321", "2008-10-01");
constexpr Source rfc5322 = rfc("RFC 5322", "https://www.rfc-editor.org/rfc/rfc5322", "2008-10-01");
constexpr Source rfc5782 = rfc("RFC 5782", "https://www.rfc-editor.org/rfc/rfc5782", "2010-02-01");
constexpr Source rfc8058 = rfc("RFC 8058", "https://www.rfc-editor.org/rfc/rfc8058", "2017-01-01");
constexpr Source rfc8461 = rfc("RFC 8461", "https://www.rfc-editor.org/rfc/rfc8461", "2018-09-01");
constexpr Source rfc8460 = rfc("RFC 8460", "https://www.rfc-editor.org/rfc/rfc8460", "2018-09-01");
constexpr Source rfc7672 = rfc("RFC 7672", "https://www.rfc-editor.org/rfc/rfc7672", "2015-10-01");
constexpr Source rfc3207 = rfc("RFC 3207", "https://www.rfc-editor.org/rfc/rfc3207", "2002-02-01");
constexpr Source rfc4033 = rfc("RFC 4033", "https://www.rfc-editor.org/rfc/rfc4033", "2005-03-01");
constexpr Source key_rotation{"M3AAWG DKIM Key Rotation Best Common Practices",
                              "https://www.m3aawg.org/DKIMKeyRotation", "2019-03-01", Confidence::documented};
constexpr Source t_online{"t-online postmaster, rule 4.1", "https://postmaster.t-online.de/", "2025-11-01",
                          Confidence::secondary};
constexpr Source bimi = rfc(
    "BIMI draft", "https://datatracker.ietf.org/doc/draft-brand-indicators-for-message-identification/", "2026-01-01");

constexpr auto advice = Effect::advice;
constexpr auto spam = Effect::spam;
constexpr auto refuse = Effect::refuse;

constexpr std::array all_checks{
    Check{"identity.one-name", "Each address has one PTR record, at its own name or by classless delegation", advice,
          "Yahoo, GMX", yahoo_practices},
    Check{"identity.own-name", "The reverse name is not one that a provider gives to every address", advice,
          "Yahoo, Outlook.com, GMX", yahoo_practices},
    Check{"identity.nibbles", "The PTR record of an IPv6 address stands at a name of 32 nibbles", advice,
          "all that ask for a PTR record", rfc3596},
    Check{"identity.reverse-zone", "It is known who publishes the reverse name", advice, "", rfc3596},
    Check{"identity.ehlo-name", "The EHLO name is a host name with dots", advice, "Gmail 501 5.5.4, GMX", rfc5321},
    Check{"identity.ehlo-addresses", "The EHLO name leads to the address, in each family in use", advice,
          "Gmail, Yahoo, GMX", rfc5321},
    Check{"identity.ehlo-is-ptr", "The EHLO name is the reverse name", advice, "GMX", rfc5321},
    Check{"identity.port-25", "Mail can leave by port 25, from each own address", refuse, "", rfc5321},
    Check{"identity.operator-page", "A web page behind the EHLO name says who runs the host", advice, "t-online 554",
          t_online},
    Check{"identity.sender-domain", "The domain is in DNS and takes mail", advice, "Yahoo 451, 554; Apple 450 4.1.8",
          yahoo_practices},
    Check{"spf.record", "The domain has one SPF record, without mistakes", advice,
          "Gmail 550 5.7.27, Outlook.com 550 5.7.515", rfc7208},
    Check{"spf.own-addresses", "SPF passes for each own address of both families", advice,
          "Gmail 550 5.7.26, GMX, Exchange Online 550 5.7.23", rfc7208},
    Check{"spf.ehlo", "SPF passes for the EHLO name too, which bounces are judged by", advice, "Gmail 550 5.7.26",
          rfc7208},
    Check{"spf.lookups", "The SPF record needs no more than 10 look-ups", advice, "all: permerror", rfc7208},
    Check{"spf.void-lookups", "No more than 2 of SPF's look-ups find nothing", advice, "all: permerror", rfc7208},
    Check{"spf.size", "The SPF record fits an answer by UDP", advice, "", rfc7208},
    Check{"spf.obsolete", "Nothing obsolete is published: ptr, type SPF, Sender ID", advice, "", rfc7208},
    Check{"spf.all", "The SPF record ends in ~all or -all", advice, "Gmail 550 5.7.24", rfc7208},
    Check{"spf.with-dmarc", "The end of the SPF record and the DMARC policy go together", advice, "", rfc9989},
    Check{"spf.width", "The SPF record names own networks only", advice, "Gmail 550 5.7.24", rfc7208},
    Check{"spf.tidy", "No term of the SPF record is repeated or unknown", advice, "", rfc7208},
    Check{"dkim.signed", "Mail is signed with DKIM", advice, "Gmail 550 5.7.26, 5.7.30", gmail_guidelines},
    Check{"dkim.key-record", "The key record at the selector can be used", advice, "Gmail 550 5.7.30", rfc6376},
    Check{"dkim.key-match", "The published key belongs to the private key in use", advice, "Gmail 550 5.7.30", rfc6376},
    Check{"dkim.key-size", "The key is RSA of 2048 bits or more, or Ed25519 beside it", advice,
          "Gmail, Yahoo: less than 1024 bits does not count", rfc8301},
    Check{"dkim.key-flags", "The key is not marked as a trial", advice, "", rfc6376},
    Check{"dkim.aligned", "A signature's domain is the organization of From", advice, "Gmail 4.7.32, GMX",
          gmail_guidelines},
    Check{"dkim.verifies", "The message's signatures verify", advice, "Gmail 550 5.7.30", rfc6376},
    Check{"dkim.coverage", "The signature covers From, and the unsubscribe fields where they are", advice,
          "Gmail, Yahoo", rfc8058},
    Check{"dkim.tags", "The signature has no l= and does not expire soon", advice, "", rfc6376},
    Check{"dkim.hazards", "Nothing in the message makes a server on the way change it", advice,
          "all: the signature fails", rfc6376},
    Check{"dkim.key-age", "The signing key is changed from time to time", advice, "", key_rotation},
    Check{"dmarc.record", "The domain has one DMARC record, at its right name", advice,
          "Gmail 550 5.7.40, Outlook.com 550 5.7.515", rfc9989},
    Check{"dmarc.tags", "The DMARC record has no mistaken or retired tag", advice, "", rfc9989},
    Check{"dmarc.reports", "Aggregate reports are asked for, and may be sent where they are asked to", advice, "",
          rfc9990},
    Check{"dmarc.mailbox", "The domain of the report address takes mail", advice, "", rfc9990},
    Check{"dmarc.subdomains", "Subdomains are no less protected than the domain", advice, "", rfc9989},
    Check{"dmarc.policy", "The policy protects the domain from others", advice, "", rfc9989},
    Check{"transport.mx", "The domain's MX hosts have addresses and are no aliases", advice, "", rfc5321},
    Check{"transport.starttls", "The MX hosts answer and encrypt, in each family that they have", advice, "", rfc3207},
    Check{"transport.certificate", "The MX hosts' certificates are valid for their names", advice, "", rfc8461},
    Check{"transport.dane", "TLSA records of the MX hosts can be used and are signed", advice, "", rfc7672},
    Check{"transport.mta-sts", "An MTA-STS policy is published and allows every MX host", advice, "", rfc8461},
    Check{"transport.tls-reports", "Reports on TLS are asked for", advice, "", rfc8460},
    Check{"transport.dnssec", "The domain's zone is signed", advice, "", rfc4033},
    Check{"brand.indicator", "A BIMI record, where there is one, can be shown", advice, "Gmail, Yahoo, Apple", bimi},
    Check{"content.header", "The header is well formed, each field as often as it may be", advice, "Gmail 550 5.7.1",
          rfc5322},
    Check{"content.date", "There is one Date", advice, "Yahoo", rfc5322},
    Check{"content.author", "From names one author in one script", advice, "Gmail 550 5.7.1", gmail_guidelines},
    Check{"content.display-name", "The display name and subject are the sender's, and no trick", advice, "Gmail",
          gmail_guidelines},
    Check{"content.unsubscribe", "One-click unsubscription is offered over HTTPS and signed", advice, "Gmail, Yahoo",
          rfc8058},
    Check{"content.visible-link", "The text itself offers a way to unsubscribe", advice, "Gmail, Yahoo",
          gmail_guidelines},
    Check{"content.size", "Lines, header and message keep to what receivers take", advice, "Gmail 552 5.3.4, Yahoo",
          rfc5322},
    Check{"content.characters", "No forbidden octets: NUL, bare line ends, raw 8-bit header text", advice,
          "Yahoo, Gmail 550 5.6.0", rfc5322},
    Check{"content.feedback-id", "Feedback-ID is well formed, once, and signed", advice, "Gmail", gmail_guidelines},
    Check{"content.stream", "The message is judged as what it is: bulk or personal", advice, "Gmail, Yahoo",
          gmail_guidelines},
    Check{"reputation.address-lists", "No own address is on a block list", refuse,
          "Outlook.com 550 OU-001, Yahoo 553 5.7.1 [BL21], GMX 554, Apple 550", rfc5782},
    Check{"reputation.domain-lists", "The domain is on no block list", spam, "Gmail, Yahoo, GMX: spam", rfc5782},
    Check{"reputation.list-access", "The block lists answer this resolver", advice, "", rfc5782},
};

constexpr std::array<std::string_view, 3> address_lists{"zen.spamhaus.org", "bl.spamcop.net", "b.barracudacentral.org"};
constexpr std::array<std::string_view, 2> domain_lists{"dbl.spamhaus.org", "multi.surbl.org"};

/// TTL of records that are printed for publishing, as in the rulebook's fixes.
constexpr std::uint32_t publish_ttl = 3600;

}  // namespace

std::span<const Check> checks() {
  return all_checks;
}

const Check* find_check(std::string_view id) {
  const auto at = std::ranges::find(all_checks, id, &Check::id);
  return at == all_checks.end() ? nullptr : &*at;
}

std::span<const std::string_view> usual_address_lists() {
  return address_lists;
}
std::span<const std::string_view> usual_domain_lists() {
  return domain_lists;
}

CheckResult& Desk::say(std::string_view id, rulebook::State state, std::string why, std::vector<Question> evidence) {
  CheckResult out;
  out.check = find_check(id);
  assert(out.check != nullptr);
  out.effect = out.check->effect;
  for (const auto& question : evidence)
    if (const auto* answer = facts_.find(question)) out.evidence.push_back({question, *answer});
  out.verdict = {state, std::move(why), std::move(evidence)};
  return results_.emplace_back(std::move(out));
}

std::vector<OwnAddress> own_addresses(const Setup& setup) {
  std::vector<OwnAddress> out;
  for (const auto& source : setup.sources)
    for (const auto& address : {source.ipv4, source.ipv6})
      if (address) out.push_back({address->unmapped(), source.ehlo_name});
  return out;
}

rulebook::Fix::Publish to_publish(dns::DomainName owner, dns::RecordType type, dns::Data data,
                                  rulebook::Fix::Action action, std::string reason) {
  return {{std::move(owner), type, publish_ttl, std::move(data)}, action, std::move(reason)};
}

Known<std::vector<CheckResult>> run_checks(const Setup& setup, const Facts& facts) {
  if (setup.checks == Setup::Checks::none) return std::vector<CheckResult>();
  Desk desk(setup, facts);
  check_identity(desk);
  check_spf(desk);
  check_dkim(desk);
  check_dmarc(desk);
  check_transport(desk);
  check_content(desk);
  check_reputation(desk);
  if (desk.gather().lacks()) return desk.gather().need();
  auto results = std::move(desk).take();
  std::ranges::stable_sort(results, {}, &CheckResult::check);  // the table's order
  return results;
}

}  // namespace ptarmigan::doctor
