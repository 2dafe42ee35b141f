// doctor/checks/transport.cpp - how the domain itself receives: MX hosts, TLS, DANE, MTA-STS, reports, DNSSEC; and its
// brand indicator (RFC 5321#5.1, RFC 7672#2.2, RFC 8461#3, RFC 8460#3, RFC 7505#3).
#include <algorithm>

#include "auth/dmarc/evaluate.hpp"
#include "auth/policies/policies.hpp"
#include "base/text.hpp"
#include "doctor/checks/desk.hpp"
#include "tls/dane.hpp"
#include "tls/mta_sts.hpp"

namespace ptarmigan::doctor {
namespace {

using dns::RecordType;
using rulebook::Fix;
constexpr std::uint16_t smtp_port = 25;

/// Hosts by preference; the domain itself where it has no MX record; nothing where it takes no mail or is not known.
std::vector<dns::DomainName> mail_hosts(Desk& desk) {
  const auto& domain = desk.setup().domain;
  const auto* mx = desk.ask(domain, RecordType::mx);
  if (mx == nullptr) return {};
  const Question question{domain, RecordType::mx};
  auto records = mx->all<dns::Mx>();
  std::ranges::sort(records);
  std::vector<dns::DomainName> out;
  if (mx->temporary()) {
    desk.unknown("transport.mx", domain.text() + " could not be looked up", {question});
    return out;
  }
  if (records.size() == 1 && records.front().exchange.is_root()) {
    desk.broken("transport.mx",
                domain.text() + " takes no mail (null MX); many receivers refuse mail from such a domain", {question},
                "Publish an MX record that leads to a mail server, for replies and bounces");
    return out;
  }
  if (records.empty()) out.push_back(domain);
  for (const auto& record : records) out.push_back(record.exchange);
  std::vector<std::string> wrong;
  std::vector<Question> evidence{question};
  for (const auto& host : out) {
    const auto* a = desk.ask(host, RecordType::a);
    const auto* aaaa = desk.ask(host, RecordType::aaaa);
    if (a == nullptr || aaaa == nullptr) continue;
    evidence.push_back({host, RecordType::a});
    evidence.push_back({host, RecordType::aaaa});
    if (a->absent() && aaaa->absent()) wrong.push_back(host.text() + " has no address");
    if (!a->aliases.empty() || !aaaa->aliases.empty()) wrong.push_back(host.text() + " is an alias (CNAME)");
  }
  if (desk.gather().lacks()) return out;
  if (!wrong.empty())
    desk.broken("transport.mx", join(wrong, "; "), evidence, "Name hosts with A and AAAA records of their own in MX");
  else
    desk.holds("transport.mx",
               records.empty() ? domain.text() + " itself takes its mail, without MX"
                               : std::to_string(out.size()) + " MX host(s)",
               evidence);
  return out;
}

void check_visits(Desk& desk) {
  const auto& hosts = desk.setup().seen.hosts;
  if (!hosts) return;
  for (const auto& seen : *hosts) {
    const auto where = seen.host.text() + " at " + seen.address.text();
    using enum SeenHost::Tls;
    if (seen.tls == no_connection) {
      desk.broken("transport.starttls", where + " does not answer: " + seen.detail, {},
                  "Let the server listen there, or remove that address from DNS");
      continue;
    }
    if (seen.tls == none) {
      desk.broken("transport.starttls",
                  where + " offers no working STARTTLS" + (seen.detail.empty() ? "" : ": " + seen.detail), {},
                  "Set up a certificate and STARTTLS");
      continue;
    }
    desk.holds("transport.starttls", where + " encrypts");
    if (seen.tls == trusted)
      desk.holds("transport.certificate", where + " has a valid certificate for its name");
    else
      desk.broken("transport.certificate", where + ": " + seen.detail, {},
                  "Use a certificate of a public authority that names " + seen.host.text());
  }
}

void check_dane(Desk& desk, const std::vector<dns::DomainName>& hosts) {
  for (const auto& host : hosts) {
    const auto judged = tls::find_dane(desk.setup().domain, host, smtp_port, desk.facts());
    const auto* dane = desk.gather().take(judged);
    if (dane == nullptr) continue;
    std::vector<Question> evidence;
    if (const auto name = tls::tlsa_name(host, smtp_port)) evidence.push_back({*name, RecordType::tlsa});
    using enum tls::DaneStatus;
    switch (dane->status) {
      case required:
        desk.holds("transport.dane",
                   host.text() + ": " + std::to_string(dane->associations.size()) + " usable record(s)", evidence);
        break;
      case encrypt:
        desk.broken("transport.dane", host.text() + ": TLSA records are there, and none can be used", evidence,
                    "Publish \"3 1 1\" with the SHA-256 of the certificate's public key");
        break;
      case failed:
        desk.broken("transport.dane", host.text() + ": " + dane->reason, evidence,
                    "Repair DNSSEC: senders that check it send nothing now");
        break;
      case none: desk.holds("transport.dane", host.text() + ": no TLSA records (optional)", evidence); break;
    }
  }
}

void check_sts(Desk& desk, const std::vector<dns::DomainName>& hosts) {
  const auto judged = policies::find_mta_sts(desk.setup().domain, desk.facts());
  const auto* found = desk.gather().take(judged);
  if (found == nullptr) return;
  const std::vector<Question> evidence{{found->name, RecordType::txt}};
  using enum policies::Presence;
  switch (found->presence) {
    case absent: desk.holds("transport.mta-sts", "No policy is announced (optional)", evidence); return;
    case temperror: desk.unknown("transport.mta-sts", found->reason, evidence); return;
    case invalid:
      desk.broken("transport.mta-sts", found->reason, evidence, "Publish one record \"v=STSv1; id=...\"");
      return;
    case present: break;
  }
  const auto& file = desk.setup().seen.sts_policy;
  if (!file) {
    desk.unknown("transport.mta-sts", "A policy is announced; its file was not fetched", evidence);
    return;
  }
  if (!*file) {
    desk.broken(
        "transport.mta-sts", "The policy file cannot be fetched: " + file->error().message, evidence,
        "Serve https://mta-sts." + desk.setup().domain.text() + "/.well-known/mta-sts.txt with a valid certificate");
    return;
  }
  const auto policy = tls::StsPolicy::parse(**file);
  if (!policy) {
    desk.broken("transport.mta-sts", "The policy file has a mistake: " + policy.error().message, evidence,
                "Correct the file");
    return;
  }
  std::vector<std::string> outside;
  for (const auto& host : hosts)
    if (policy->mode != tls::StsMode::none && !policy->allows(host)) outside.push_back(host.text());
  if (!outside.empty())
    desk.broken("transport.mta-sts", "The policy does not allow " + join(outside, ", "), evidence,
                "Add the host to the policy file, then change id= in the record");
  else
    desk.holds("transport.mta-sts", "The policy is in mode " + std::string(to_string(policy->mode)), evidence);
}

void check_reports(Desk& desk) {
  const auto& domain = desk.setup().domain;
  const auto judged = policies::find_tls_report(domain, desk.facts());
  const auto* found = desk.gather().take(judged);
  if (found == nullptr) return;
  const std::vector<Question> evidence{{found->name, RecordType::txt}};
  using enum policies::Presence;
  switch (found->presence) {
    case present: desk.holds("transport.tls-reports", found->text, evidence); return;
    case temperror: desk.unknown("transport.tls-reports", found->reason, evidence); return;
    case absent: {
      desk.holds("transport.tls-reports", "No reports are asked for (optional)", evidence);
      return;
    }
    case invalid: {
      auto& said = desk.broken("transport.tls-reports", found->reason, evidence, {});
      said.publish.push_back(to_publish(found->name, RecordType::txt,
                                        dns::txt_of("v=TLSRPTv1; rua=mailto:tls-reports@" + domain.text()),
                                        Fix::Action::replace, "reports on TLS"));
    }
  }
}

void check_dnssec(Desk& desk) {
  const auto& domain = desk.setup().domain;
  const auto* soa = desk.ask(domain, RecordType::soa);
  if (soa == nullptr) return;
  const std::vector<Question> evidence{{domain, RecordType::soa}};
  if (soa->dnssec == Dnssec::bogus)
    desk.broken("transport.dnssec",
                "The signatures of " + domain.text() + " are wrong: validating receivers see nothing", evidence,
                "Repair or remove the DS record at once");
  else if (soa->dnssec == Dnssec::secure)
    desk.holds("transport.dnssec", "Answers are signed and validated", evidence);
  else if (soa->temporary())
    desk.unknown("transport.dnssec", domain.text() + " could not be looked up", evidence);
  else
    desk.holds("transport.dnssec", "Answers are not proved by DNSSEC (optional)", evidence);
}

void check_indicator(Desk& desk) {
  const auto& domain = desk.setup().domain;
  const auto walked = dmarc::discover_policy(domain.text(), desk.facts());
  const auto* discovery = desk.gather().take(walked);
  if (discovery == nullptr) return;
  const auto organization = discovery->organizational_domain.value_or(domain);
  const auto judged = policies::find_bimi(domain, organization, desk.facts());
  const auto* found = desk.gather().take(judged);
  if (found == nullptr) return;
  const std::vector<Question> evidence{{found->name, RecordType::txt}};
  if (found->presence == policies::Presence::invalid)
    desk.broken("brand.indicator", found->reason, evidence, "Correct the BIMI record");
  if (found->presence != policies::Presence::present) return;
  const bool enforced = discovery->policy && discovery->policy->effective != dmarc::Policy::none;
  if (!found->record->declines() && !enforced)
    desk.broken("brand.indicator", "The DMARC policy is not quarantine or reject, so no indicator is shown", evidence,
                "Publish p=quarantine or p=reject once all own mail is aligned");
  else
    desk.holds("brand.indicator", found->text, evidence);
}

}  // namespace

void check_transport(Desk& desk) {
  const auto hosts = mail_hosts(desk);
  check_visits(desk);
  check_dane(desk, hosts);
  check_sts(desk, hosts);
  check_reports(desk);
  check_dnssec(desk);
  check_indicator(desk);
}

}  // namespace ptarmigan::doctor
