// doctor/checks/spf.cpp - the published SPF policy as a whole, and whether it passes for each own address (RFC 7208#3,
// RFC 7208#4.6.4, RFC 7208#2.3).
#include <algorithm>
#include <map>

#include "auth/dmarc/discovery.hpp"
#include "auth/spf/lint.hpp"
#include "base/text.hpp"
#include "doctor/checks/desk.hpp"
#include "rulebook/fixes.hpp"

namespace ptarmigan::doctor {
namespace {

using dns::RecordType;
using rulebook::Fix;
using rulebook::State;
using spf::Problem;

constexpr std::string_view check_for(Problem problem) {
  switch (problem) {
    case Problem::no_record:
    case Problem::several_records:
    case Problem::syntax_error:
    case Problem::dns_failure: return "spf.record";
    case Problem::too_many_terms:
    case Problem::too_many_mx:
    case Problem::include_without_record:
    case Problem::loop: return "spf.lookups";
    case Problem::too_many_voids:
    case Problem::void_lookup: return "spf.void-lookups";
    case Problem::permissive_all:
    case Problem::neutral_all:
    case Problem::no_all:
    case Problem::unreachable_term: return "spf.all";
    case Problem::ptr_mechanism: return "spf.obsolete";
    case Problem::wide_network:
    case Problem::private_network:
    case Problem::host_bits: return "spf.width";
    case Problem::repeated_term:
    case Problem::unknown_modifier: return "spf.tidy";
    case Problem::long_record:
    case Problem::long_answer: return "spf.size";
    case Problem::ipv4_only:
    case Problem::ipv6_only: return {};  // spf.own-addresses looks at the addresses themselves
  }
  return {};
}

struct Found {
  std::string why;
  std::string remedy;
  bool unknown = false;
};

void say_lint(Desk& desk, const spf::LintReport& report, const Question& question) {
  std::map<std::string_view, Found> by_check;
  for (const auto& finding : report.findings) {
    const auto id = check_for(finding.problem);
    if (id.empty()) continue;
    auto& found = by_check[id];
    found.why += (found.why.empty() ? "" : "; ") + finding.text;
    if (found.remedy.empty()) found.remedy = finding.remedy;
    found.unknown = found.unknown || finding.problem == Problem::dns_failure;
  }
  for (const auto id :
       {"spf.record", "spf.lookups", "spf.void-lookups", "spf.all", "spf.width", "spf.tidy", "spf.size"}) {
    const auto at = by_check.find(id);
    if (at == by_check.end()) {
      if (report.record.empty()) continue;
      std::string why = report.record;
      if (id == std::string_view("spf.lookups")) why = std::to_string(report.terms) + " of 10 look-ups";
      if (id == std::string_view("spf.void-lookups"))
        why = std::to_string(report.voids) + " of 2 look-ups find nothing";
      if (id == std::string_view("spf.size")) why = std::to_string(report.record.size()) + " octets";
      desk.holds(id, std::move(why), {question});
    } else if (at->second.unknown) {
      desk.unknown(id, at->second.why, {question});
    } else {
      desk.broken(id, at->second.why, {question},
                  at->second.remedy.empty() ? "Correct the SPF record" : at->second.remedy);
    }
  }
}

void check_obsolete(Desk& desk, const dns::DomainName& domain, const spf::LintReport& report) {
  std::vector<std::string> found;
  for (const auto& finding : report.findings)
    if (finding.problem == Problem::ptr_mechanism) found.push_back(finding.text);
  const auto* type99 = desk.ask(domain, RecordType::spf);
  const auto* txt = desk.ask(domain, RecordType::txt);
  if (type99 == nullptr || txt == nullptr) return;
  if (type99->found()) found.emplace_back("a record of type SPF (99) is published, which nobody asks for");
  for (const auto& text : txt->all<dns::Txt>())
    if (istarts_with(text.joined(), "spf2.0")) found.emplace_back("a Sender ID record (spf2.0) is published");
  const std::vector<Question> evidence{{domain, RecordType::spf}, {domain, RecordType::txt}};
  if (found.empty())
    desk.holds("spf.obsolete", "No ptr mechanism, no record of type SPF, no Sender ID", evidence);
  else
    desk.broken("spf.obsolete", join(found, "; "), evidence, "Remove it");
}

/// With DMARC the end of the record is no longer what protects: "-all" only stops forwarded mail early (RFC 9989#7.1).
void check_with_dmarc(Desk& desk, const spf::LintReport& report) {
  const auto& domain = desk.setup().domain;
  const auto judged = dmarc::discover_policy(domain.text(), desk.facts());
  const auto* found = desk.gather().take(judged);
  const auto owner = domain.prefixed("_dmarc");
  if (found == nullptr || report.record.empty() || !owner) return;
  const std::vector<Question> evidence{{domain, RecordType::txt}, {*owner, RecordType::txt}};
  const auto hard = report.record.ends_with("-all");
  const bool soft = report.record.ends_with("~all");
  const bool enforced = found->policy && found->policy->effective != dmarc::Policy::none;
  if (enforced && hard)
    desk.holds(
        "spf.with-dmarc",
        "DMARC protects already; -all lets some receivers refuse forwarded mail before they look at DKIM, which ~all "
        "does not",
        evidence);
  else if (hard || soft || enforced)
    desk.holds("spf.with-dmarc", enforced ? "DMARC protects, SPF tells" : "SPF tells, DMARC only reports", evidence);
  else
    desk.broken("spf.with-dmarc", "Neither SPF's end nor DMARC's policy tells foreign mail apart", evidence,
                "End the SPF record in ~all, and publish p=quarantine or p=reject once all own mail is aligned");
}

/// SPF of `identity` from one address. The fix is what the rulebook would publish.
void check_pass(Desk& desk, std::string_view id, const OwnAddress& own, const smtp::ReversePath& mail_from) {
  rulebook::Subject subject;
  subject.sending_address = own.address;
  subject.ehlo_name = own.ehlo_name;
  subject.mail_from = mail_from;
  rulebook::Case c(subject, desk.facts());
  const auto& judged = c.spf();
  const auto* spf = desk.gather().take(judged);
  if (spf == nullptr) return;
  auto& said = desk.say(id,
                        spf->passes()    ? State::holds
                        : spf->decided() ? State::broken
                                         : State::unknown,
                        spf->text, spf->evidence);
  said.address = own.address;
  if (said.verdict.state != State::broken) return;
  const auto fix = rulebook::fixes::spf(c);
  const auto* known = desk.gather().take(fix);
  if (known == nullptr) return;
  said.publish = known->publish;
  said.remedy = join(known->change, "; ");
}

}  // namespace

void check_spf(Desk& desk) {
  const auto& setup = desk.setup();
  auto domain = setup.domain;
  if (setup.mail_from && setup.mail_from->mailbox)
    if (const auto name = dns::DomainName::from_unicode(setup.mail_from->mailbox->domain)) domain = *name;
  const auto judged = spf::lint(domain, desk.facts());
  const auto* report = desk.gather().take(judged);
  if (report != nullptr) {
    say_lint(desk, *report, {domain, RecordType::txt});
    check_obsolete(desk, domain, *report);
    check_with_dmarc(desk, *report);
  }
  for (const auto& own : own_addresses(setup)) {
    check_pass(desk, "spf.own-addresses", own, smtp::ReversePath{smtp::Mailbox{"postmaster", domain.text()}});
    const auto ehlo = dns::DomainName::parse(own.ehlo_name);
    if (ehlo && ehlo->label_count() > 1) check_pass(desk, "spf.ehlo", own, smtp::ReversePath{});
  }
}

}  // namespace ptarmigan::doctor
