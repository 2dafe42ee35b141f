// doctor/checks/dmarc.cpp - the DMARC record, its reports and what it protects (RFC 9989#4.7, RFC 9989#4.10, RFC
// 9990#4).
#include <algorithm>

#include "auth/dmarc/destinations.hpp"
#include "auth/dmarc/discovery.hpp"
#include "base/text.hpp"
#include "doctor/checks/desk.hpp"
#include "rulebook/case.hpp"
#include "rulebook/fixes.hpp"

namespace ptarmigan::doctor {
namespace {

using dns::RecordType;
using rulebook::Fix;

void check_record(Desk& desk, const dmarc::Discovery& found, const dns::DomainName& owner) {
  const auto& domain = desk.setup().domain;
  const std::vector<Question> evidence{{owner, RecordType::txt}, {domain, RecordType::txt}};
  const auto* apex = desk.ask(domain, RecordType::txt);
  if (apex == nullptr) return;
  if (found.outcome == dmarc::Discovered::temperror) {
    desk.unknown("dmarc.record", found.reason, evidence);
    return;
  }
  std::string misplaced;
  for (const auto& txt : apex->all<dns::Txt>())
    if (istarts_with(txt.joined(), "v=DMARC1")) misplaced = "; one stands at " + domain.text() + ", where nobody looks";
  if (found.policy && found.policy->record.usability == dmarc::Usability::full && misplaced.empty()) {
    desk.holds("dmarc.record", "At " + found.policy->domain.text() + ": " + found.policy->text, evidence);
    return;
  }
  const bool there =
      std::ranges::any_of(found.walk.steps, [&](const auto& s) { return s.name == domain && s.records > 0; });
  const auto why = found.policy && found.policy->record.usability == dmarc::Usability::full
                       ? "There is a record at its right name"
                       : (found.reason.empty() ? "There is no usable DMARC record" : found.reason);
  auto& said = desk.broken("dmarc.record", why + misplaced, evidence,
                           misplaced.empty() ? "" : "Remove the record at " + domain.text());
  if (found.policy && found.policy->record.usability == dmarc::Usability::full) return;
  said.publish.push_back(to_publish(
      owner, RecordType::txt, dns::txt_of("v=DMARC1; p=none; rua=mailto:dmarc-reports@" + domain.text()),
      there ? Fix::Action::replace : Fix::Action::add, "a DMARC policy that asks for reports and changes nothing yet"));
}

void check_mailboxes(Desk& desk, const std::vector<dmarc::ReportUri>& uris) {
  for (const auto& uri : uris) {
    if (uri.address.empty()) continue;
    const auto* mx = desk.ask(uri.domain, RecordType::mx);
    const auto* a = desk.ask(uri.domain, RecordType::a);
    const auto* aaaa = desk.ask(uri.domain, RecordType::aaaa);
    if (mx == nullptr || a == nullptr || aaaa == nullptr) continue;
    const std::vector<Question> evidence{{uri.domain, RecordType::mx}};
    const auto hosts = mx->all<dns::Mx>();
    const bool null_mx = std::ranges::any_of(hosts, [](const auto& m) { return m.exchange.is_root(); });
    if (mx->temporary())
      desk.unknown("dmarc.mailbox", uri.domain.text() + " could not be looked up", evidence);
    else if (null_mx || (hosts.empty() && !a->found() && !aaaa->found()))
      desk.broken("dmarc.mailbox", uri.domain.text() + " takes no mail, so " + uri.address + " gets no report",
                  evidence, "Name an address that receives mail");
    else
      desk.holds("dmarc.mailbox", uri.domain.text() + " takes mail", evidence);
  }
}

void check_reports(Desk& desk, const dmarc::AppliedPolicy& policy, const Question& question) {
  const auto& record = policy.record;
  if (record.rua.empty()) {
    desk.broken("dmarc.reports", "No address for aggregate reports (rua) is named", {question},
                "Add rua=mailto:dmarc-reports@" + policy.domain.text() + " to the record, and read what comes");
    return;
  }
  const auto judged = dmarc::check_destinations(policy.domain, record.rua, desk.facts());
  const auto* destinations = desk.gather().take(judged);
  if (destinations == nullptr) return;
  std::vector<std::string> refused;
  std::vector<Question> evidence{question};
  for (const auto& destination : *destinations) {
    if (!destination.permission_name.is_root()) evidence.push_back({destination.permission_name, RecordType::txt});
    if (destination.permission == dmarc::Permission::refused)
      refused.push_back(destination.uri.uri + " needs a record \"v=DMARC1\" at " + destination.permission_name.text());
    if (destination.permission == dmarc::Permission::not_mailto)
      refused.push_back(destination.uri.uri + " is no mailto: URI");
  }
  if (refused.empty())
    desk.holds("dmarc.reports", std::to_string(destinations->size()) + " destination(s), each may get reports",
               evidence);
  else
    desk.broken("dmarc.reports", join(refused, "; "), evidence,
                "Let the destination's owner publish that record, or name an address of your own");
  check_mailboxes(desk, record.rua);
}

void check_policy(Desk& desk, const dmarc::AppliedPolicy& policy, const Question& question) {
  const auto& record = policy.record;
  if (policy.effective == dmarc::Policy::none)
    desk.broken("dmarc.policy", "The policy is none: mail that others send in this name is not stopped", {question},
                "Read the reports; when all own mail is aligned, publish p=quarantine, then p=reject");
  else
    desk.holds("dmarc.policy", "The policy is " + std::string(to_string(policy.effective)), {question});
  const auto weakest = std::min(record.sp.value_or(policy.effective), record.np.value_or(policy.effective));
  if (weakest < policy.effective)
    desk.broken("dmarc.subdomains", "For subdomains the policy is only " + std::string(to_string(weakest)), {question},
                "Leave sp= and np= out, or make them as strict as p=");
  else
    desk.holds("dmarc.subdomains", "Subdomains are as protected as the domain", {question});
}

}  // namespace

void check_dmarc(Desk& desk) {
  const auto& domain = desk.setup().domain;
  const auto owner = domain.prefixed("_dmarc");
  if (!owner) return;
  const auto judged = dmarc::discover_policy(domain.text(), desk.facts());
  const auto* found = desk.gather().take(judged);
  if (found == nullptr) return;
  check_record(desk, *found, *owner);
  if (!found->policy) return;
  const auto& policy = *found->policy;
  const auto at = policy.domain.prefixed("_dmarc");
  const Question question{at ? *at : *owner, RecordType::txt};
  if (policy.record.remarks.empty())
    desk.holds("dmarc.tags", policy.text, {question});
  else
    desk.broken("dmarc.tags", join(policy.record.remarks, "; "), {question}, "Remove or correct these tags");
  check_reports(desk, policy, question);
  if (policy.record.usability == dmarc::Usability::full) check_policy(desk, policy, question);
}

}  // namespace ptarmigan::doctor
