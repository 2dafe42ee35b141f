// rulebook/requirements_dns.cpp - what is judged from DNS: reverse names, SPF, DKIM, DMARC.
#include <optional>

#include "auth/dmarc/evaluate.hpp"
#include "auth/spf/record.hpp"
#include "base/text.hpp"
#include "rulebook/requirements.hpp"

namespace ptarmigan::rulebook::requirements {
namespace {

constexpr unsigned widest_ipv4_network = 8;
constexpr unsigned widest_ipv6_network = 16;

/// The verdict that needs nothing but one check.
Verdict verdict_of(const Check& check) {
  const auto state = check.passes() ? State::holds : check.decided() ? State::broken : State::unknown;
  return {state, check.text, check.evidence};
}

std::vector<Question> joined(std::vector<Question> a, const std::vector<Question>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// What a mechanism lets through that no sender owns; "" where it is narrow.
}  // namespace

std::string too_wide(const spf::Mechanism& mechanism) {
  if (mechanism.qualifier != spf::Qualifier::pass) return {};
  const std::string text(mechanism.text);
  using enum spf::MechanismType;
  switch (mechanism.type) {
    case all: return text + " lets every address pass";
    case ip4: return mechanism.prefix_v4 < widest_ipv4_network ? text + " is wider than /8" : std::string();
    case ip6: return mechanism.prefix_v6 < widest_ipv6_network ? text + " is wider than /16" : std::string();
    case a:
    case mx:
      return mechanism.prefix_v4 < widest_ipv4_network || mechanism.prefix_v6 < widest_ipv6_network
                 ? text + " is wider than a sender's network"
                 : std::string();
    case include:
    case ptr:
    case exists: return {};
  }
  return {};
}

Known<Verdict> reverse_name_is_confirmed(Case& c) {
  const auto& reverse = c.reverse_name();
  if (!reverse) return reverse.need();
  return verdict_of(*reverse);
}

Known<Verdict> spf_passes(Case& c) {
  const auto& spf = c.spf();
  if (!spf) return spf.need();
  return verdict_of(*spf);
}

Known<Verdict> spf_does_not_fail(Case& c) {
  const auto& spf = c.spf();
  if (!spf) return spf.need();
  const auto state = !spf->decided() ? State::unknown : spf->hard_fail ? State::broken : State::holds;
  return Verdict{state, spf->text, spf->evidence};
}

Known<Verdict> dkim_passes(Case& c) {
  const auto& dkim = c.dkim();
  if (!dkim) return dkim.need();
  return verdict_of(*dkim);
}

Known<Verdict> spf_or_dkim_passes(Case& c) {
  const auto& spf = c.spf();
  if (spf.known() && spf->passes()) return verdict_of(*spf);
  const auto& dkim = c.dkim();
  if (dkim.known() && dkim->passes()) return verdict_of(*dkim);
  Gather gather(c.facts());
  gather.take(spf);
  gather.take(dkim);
  if (gather.lacks()) return gather.need();
  const auto state = spf->decided() && dkim->decided() ? State::broken : State::unknown;
  return Verdict{state, spf->text + "; " + dkim->text, joined(spf->evidence, dkim->evidence)};
}

Known<Verdict> dmarc_record_is_published(Case& c) {
  const auto author = c.subject().author_domain();
  if (!author) return Verdict{State::unknown, "The domain of From is not known"};
  const auto& dmarc = c.dmarc();
  if (!dmarc) return dmarc.need();
  if (dmarc->record_at) return Verdict{State::holds, dmarc->record_text, dmarc->evidence};
  if (dmarc->record_hidden) return Verdict{State::unknown, dmarc->record_text, dmarc->evidence};
  return Verdict{State::broken, dmarc->record_text, dmarc->evidence};
}

Known<Verdict> from_is_aligned(Case& c) {
  const auto& dmarc = c.dmarc();
  if (!dmarc) return dmarc.need();
  const auto state = dmarc->aligned ? State::holds : dmarc->decided() ? State::broken : State::unknown;
  return Verdict{state, dmarc->text, dmarc->evidence};
}

Known<Verdict> dkim_is_aligned(Case& c) {
  const auto author = c.subject().author_domain();
  if (!author) return Verdict{State::unknown, "The domain of From is not known"};
  const auto& dkim = c.dkim();
  if (!dkim) return dkim.need();
  if (!dkim->passes()) return verdict_of(*dkim);
  const auto found = dmarc::discover_policy(author->text(), c.facts());
  if (!found) return found.need();
  Gather gather(c.facts());
  bool undecided = false;
  for (const auto& domain : dkim->passing) {
    const auto alignment = dmarc::align(domain, *found, dmarc::AlignmentMode::relaxed, c.facts());
    const auto* known = gather.take(alignment);
    if (known != nullptr && *known == dmarc::Alignment::aligned)
      return Verdict{State::holds, "From at " + author->text() + " is aligned with DKIM of " + domain.text(),
                     dkim->evidence};
    undecided = undecided || (known != nullptr && *known == dmarc::Alignment::unknown);
  }
  if (gather.lacks()) return gather.need();
  return Verdict{undecided ? State::unknown : State::broken,
                 "From at " + author->text() + " is aligned with no signature that passes: " + dkim->text,
                 dkim->evidence};
}

Known<Verdict> fully_authenticated(Case& c) {
  Gather gather(c.facts());
  std::optional<Verdict> open;
  for (auto* const part : {spf_passes, dkim_passes, dmarc_record_is_published, from_is_aligned}) {
    const auto judged = part(c);
    const auto* verdict = gather.take(judged);
    if (verdict == nullptr) continue;
    if (verdict->state == State::broken) return *verdict;
    if (verdict->state == State::unknown && !open) open = *verdict;
  }
  if (gather.lacks()) return gather.need();
  if (open) return *open;
  const auto& spf = c.spf();
  const auto& dkim = c.dkim();
  const auto& dmarc = c.dmarc();
  return Verdict{State::holds, spf->text + "; " + dkim->text + "; " + dmarc->text,
                 joined(joined(spf->evidence, dkim->evidence), dmarc->evidence)};
}

namespace {

Known<Verdict> policy_spares(Case& c, DmarcCheck::Policy policy) {
  const auto& dmarc = c.dmarc();
  if (!dmarc) return dmarc.need();
  if (!dmarc->decided()) return Verdict{State::unknown, dmarc->text, dmarc->evidence};
  const bool hit = !dmarc->aligned && dmarc->disposition == policy;
  return Verdict{hit ? State::broken : State::holds,
                 dmarc->text + (dmarc->record_text.empty() ? "" : "; " + dmarc->record_text), dmarc->evidence};
}

}  // namespace

Known<Verdict> dmarc_does_not_reject(Case& c) {
  return policy_spares(c, DmarcCheck::Policy::reject);
}
Known<Verdict> dmarc_does_not_quarantine(Case& c) {
  return policy_spares(c, DmarcCheck::Policy::quarantine);
}

Known<Verdict> spf_record_is_narrow(Case& c) {
  const auto domain = dns::DomainName::from_unicode(c.subject().spf_domain());
  if (!domain || domain->is_root()) return Verdict{State::unknown, "The MAIL FROM domain is not known"};
  const Question question{*domain, dns::RecordType::txt};
  const auto* answer = c.facts().find(question);
  if (answer == nullptr) return Need(question);
  if (answer->temporary())
    return Verdict{State::unknown, "The SPF record of " + domain->text() + " could not be read", {question}};
  for (const auto& txt : answer->all<dns::Txt>()) {
    const auto text = txt.joined();
    if (!spf::is_record(text)) continue;
    const auto record = spf::Record::parse(std::string_view(text));
    if (!record) continue;  // a record that cannot be read does not pass: that is the authentication rules' matter
    for (const auto& mechanism : record->mechanisms)
      if (const auto wide = too_wide(mechanism); !wide.empty())
        return Verdict{State::broken, "In the SPF record of " + domain->text() + ", " + wide, {question}};
  }
  return Verdict{State::holds, "The SPF record of " + domain->text() + " has no suspicious entry", {question}};
}

}  // namespace ptarmigan::rulebook::requirements
