// rulebook/case.cpp - iprev, SPF, DKIM and DMARC of one subject, each reduced to a Check.
#include "rulebook/case.hpp"

#include "auth/dkim/key_record.hpp"
#include "auth/dmarc/evaluate.hpp"
#include "auth/iprev/iprev.hpp"
#include "auth/spf/check_host.hpp"
#include "base/encoding.hpp"
#include "base/text.hpp"

namespace ptarmigan::rulebook {
namespace {

using Result = Check::Result;

Known<ReverseCheck> check_reverse(const Subject& subject, const Facts& facts) {
  if (!subject.sending_address) return ReverseCheck{{Result::unstated, "The sending address is not known"}};
  const auto judged = iprev::check_iprev(*subject.sending_address, facts);
  if (!judged) return judged.need();

  ReverseCheck out;
  const auto type = judged->address.is_v4() ? dns::RecordType::a : dns::RecordType::aaaa;
  out.evidence.push_back({judged->reverse_name, dns::RecordType::ptr});
  for (const auto& candidate : judged->candidates) {
    out.names.push_back(candidate.name);
    out.evidence.push_back({candidate.name, type});
  }
  const auto address = judged->address.text();
  out.text = judged->outcome == iprev::Outcome::pass
                 ? "The PTR record of " + address + " is " + judged->name.text() + ", which has the address"
                 : judged->problem;
  switch (judged->outcome) {
    case iprev::Outcome::pass: out.result = Result::pass; break;
    case iprev::Outcome::fail: out.result = Result::fail; break;
    case iprev::Outcome::temperror: out.result = Result::temporary; break;
    case iprev::Outcome::permerror: out.result = Result::none; break;
  }
  return out;
}

Known<SpfCheck> check_spf(const Subject& subject, const Facts& facts) {
  if (!subject.sending_address) return SpfCheck{{Result::unstated, "The sending address is not known"}};
  const bool null_sender = subject.mail_from && subject.mail_from->is_null();
  if (!subject.mail_from || (null_sender && !subject.ehlo_name))
    return SpfCheck{{Result::unstated, "The MAIL FROM domain is not known"}};
  spf::Query query;
  query.client = *subject.sending_address;
  query.helo = subject.ehlo_name.value_or("");
  if (!null_sender) query.mail_from = subject.mail_from->mailbox->text();
  query.explanation = spf::Explanation::leave;
  const auto judged = spf::check_host(query, facts);
  if (!judged) return judged.need();

  SpfCheck out;
  out.hard_fail = judged->outcome == spf::Outcome::fail;
  if (!judged->domain.is_root()) out.evidence.push_back({judged->domain, dns::RecordType::txt});
  out.text = "SPF of " + subject.spf_domain() + (null_sender ? " (the EHLO name, as in a bounce)" : "") + " gives " +
             std::string(to_string(judged->outcome)) + " for " + subject.sending_address->text();
  if (!judged->mechanism.empty())
    out.text += " by " + judged->mechanism;
  else if (!judged->problem.empty())
    out.text += ": " + judged->problem;
  switch (judged->outcome) {
    case spf::Outcome::pass: out.result = Result::pass; break;
    case spf::Outcome::temperror: out.result = Result::temporary; break;
    case spf::Outcome::none: out.result = Result::none; break;
    case spf::Outcome::neutral:
    case spf::Outcome::fail:
    case spf::Outcome::softfail:
    case spf::Outcome::permerror: out.result = Result::fail; break;
  }
  return out;
}

/// What is wrong with a published key for this signature; "" where it is the right one.
std::string key_problem(const IntendedSignature& signature, const Answer& answer) {
  const auto texts = answer.all<dns::Txt>();
  if (texts.size() > 1) return "there are " + std::to_string(texts.size()) + " TXT records";
  const auto record = dkim::KeyRecord::parse(texts.front().joined());
  if (!record) return "the record cannot be used: " + record.error().message;
  if (!record->key) return "the key is revoked (empty p=)";
  if (record->key->too_small()) return "the key has only " + std::to_string(record->key->bits()) + " bits";
  if (!record->allows_sha256 || !record->allows_email) return "the record does not allow this use (h= or s=)";
  if (signature.public_key.empty()) return {};
  const auto type = signature.key_type == "ed25519" ? dkim::KeyType::ed25519 : dkim::KeyType::rsa;
  const auto octets = base64_decode(signature.public_key, Base64Blanks::ignore);
  if (!octets) return "our own public key is not base64";
  const auto ours = dkim::PublicKey::parse(type, *octets);
  if (!ours) return "our own public key cannot be used: " + ours.error().message;
  if (!(*record->key == *ours)) return "the published key is not the signing key's";
  return {};
}

/// Worst first, so that the whole is the best of its parts.
int rank(Result result) {
  switch (result) {
    case Result::none: return 0;
    case Result::fail: return 1;
    case Result::unstated: return 2;
    case Result::temporary: return 3;
    case Result::pass: return 4;
  }
  return 0;
}

Check check_intended(const IntendedSignature& signature, Gather& gather) {
  const std::string name = "DKIM selector " + signature.selector + " of " + signature.domain.text();
  const auto owner = dkim::key_name(signature.selector, signature.domain);
  if (!owner) return {Result::fail, name + ": " + owner.error().message};
  const Question question{*owner, dns::RecordType::txt};
  const auto* answer = gather.ask(question);
  if (answer == nullptr) return {};
  if (answer->temporary()) return {Result::temporary, name + ": the key could not be fetched", {question}};
  if (answer->absent()) return {Result::fail, name + ": no key is published at " + owner->text(), {question}};
  if (const auto problem = key_problem(signature, *answer); !problem.empty())
    return {Result::fail, name + ": " + problem, {question}};
  return {Result::pass,
          name + ": the published key " + (signature.public_key.empty() ? "is valid" : "is the signing key's"),
          {question}};
}

Check check_observed(const ObservedSignature& signature) {
  const std::string name = "DKIM signature of " + signature.domain.text() + " (selector " + signature.selector + ")";
  const auto detail = signature.detail.empty() ? std::string() : ": " + signature.detail;
  switch (signature.result) {
    case ObservedSignature::Result::pass: return {Result::pass, name + " passes"};
    case ObservedSignature::Result::fail: return {Result::fail, name + " does not pass" + detail};
    case ObservedSignature::Result::temporary_error:
      return {Result::temporary, name + " could not be verified" + detail};
  }
  return {};
}

Known<DkimCheck> check_dkim(const Subject& subject, const Facts& facts) {
  if (!subject.signatures) return DkimCheck{{Result::unstated, "Whether mail is signed with DKIM is not known"}};
  DkimCheck out{{Result::none, "The message is not signed with DKIM"}};
  Gather gather(facts);
  std::vector<std::string> sentences;
  for (const auto& signature : *subject.signatures) {
    const auto* intended = std::get_if<IntendedSignature>(&signature);
    const auto check = intended != nullptr ? check_intended(*intended, gather)
                                           : check_observed(std::get<ObservedSignature>(signature));
    if (rank(check.result) > rank(out.result) || sentences.empty()) out.result = check.result;
    sentences.push_back(check.text);
    out.evidence.insert(out.evidence.end(), check.evidence.begin(), check.evidence.end());
    const auto& domain = intended != nullptr ? intended->domain : std::get<ObservedSignature>(signature).domain;
    if (check.passes())
      out.passing.push_back(domain);
    else if (intended != nullptr && check.decided())
      out.failing.push_back(*intended);
  }
  if (gather.lacks()) return gather.need();
  if (!sentences.empty()) out.text = join(sentences, "; ");
  return out;
}

DmarcCheck::Policy disposition_of(dmarc::Policy policy) {
  switch (policy) {
    case dmarc::Policy::none: return DmarcCheck::Policy::none;
    case dmarc::Policy::quarantine: return DmarcCheck::Policy::quarantine;
    case dmarc::Policy::reject: return DmarcCheck::Policy::reject;
  }
  return DmarcCheck::Policy::none;
}

/// A domain that passed, and by what.
struct Identity {
  dns::DomainName domain;
  std::string by;
};

void describe_record(const dmarc::Discovery& found, const dns::DomainName& author, DmarcCheck& out) {
  for (const auto& step : found.walk.steps)
    if (const auto owner = step.name.prefixed("_dmarc")) out.evidence.push_back({*owner, dns::RecordType::txt});
  out.record_hidden = found.outcome == dmarc::Discovered::temperror;
  if (!found.policy) {
    out.record_text = found.reason.empty() ? "There is no DMARC record for " + author.text() : found.reason;
    return;
  }
  out.record_at = found.policy->domain;
  out.disposition = disposition_of(found.policy->effective);
  out.record_text = "The DMARC record of " + found.policy->domain.text() + " asks for " +
                    std::string(to_string(found.policy->effective)) + " (" + printable(found.policy->text) + ")";
}

Known<DmarcCheck> check_dmarc(Case& c) {
  DmarcCheck out;
  const auto author = c.subject().author_domain();
  if (!author) {
    out.text = "The domain of From is not known";
    return out;
  }
  Gather gather(c.facts());
  const auto judged = dmarc::discover_policy(author->text(), c.facts());
  const auto* found = gather.take(judged);
  const auto* spf = gather.take(c.spf());
  const auto* dkim = gather.take(c.dkim());
  if (gather.lacks()) return gather.need();
  describe_record(*found, *author, out);

  std::vector<Identity> identities;
  const auto mail_from = dns::DomainName::from_unicode(c.subject().spf_domain());
  if (spf->passes() && mail_from) identities.push_back({*mail_from, "SPF"});
  for (const auto& domain : dkim->passing) identities.push_back({domain, "DKIM"});

  const auto adkim = found->policy ? found->policy->record.adkim : dmarc::AlignmentMode::relaxed;
  const auto aspf = found->policy ? found->policy->record.aspf : dmarc::AlignmentMode::relaxed;
  bool undecided = false;
  for (const auto& identity : identities) {
    const auto aligned = dmarc::align(identity.domain, *found, identity.by == "SPF" ? aspf : adkim, c.facts());
    const auto* known = gather.take(aligned);
    undecided = undecided || (known != nullptr && *known == dmarc::Alignment::unknown);
    if (known == nullptr || *known != dmarc::Alignment::aligned) continue;
    out.aligned = true;
    out.result = Result::pass;
    out.text = "From at " + author->text() + " is aligned with " + identity.by + " of " + identity.domain.text();
    return out;
  }
  if (gather.lacks()) return gather.need();
  if (found->outcome == dmarc::Discovered::temperror) {
    out.result = Result::temporary;
    out.text = "DMARC of " + author->text() + " could not be looked up";
  } else if (undecided || spf->result == Result::temporary || dkim->result == Result::temporary) {
    out.result = Result::temporary;
    out.text =
        "Whether From at " + author->text() + " is aligned could not be decided: " + spf->text + "; " + dkim->text;
  } else if (spf->result == Result::unstated || dkim->result == Result::unstated) {
    out.result = Result::unstated;
    out.text = spf->result == Result::unstated ? spf->text : dkim->text;
  } else {
    out.result = found->policy ? Result::fail : Result::none;
    out.text = "From at " + author->text() + " is aligned with nothing that passes: " + spf->text + "; " + dkim->text;
  }
  return out;
}

}  // namespace

const Known<DmarcCheck>& Case::dmarc() {
  if (!dmarc_) dmarc_ = check_dmarc(*this);
  return *dmarc_;
}

const Known<ReverseCheck>& Case::reverse_name() {
  if (!reverse_name_) reverse_name_ = check_reverse(*subject_, *facts_);
  return *reverse_name_;
}

const Known<SpfCheck>& Case::spf() {
  if (!spf_) spf_ = check_spf(*subject_, *facts_);
  return *spf_;
}

const Known<DkimCheck>& Case::dkim() {
  if (!dkim_) dkim_ = check_dkim(*subject_, *facts_);
  return *dkim_;
}

}  // namespace ptarmigan::rulebook
