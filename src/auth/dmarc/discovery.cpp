// auth/dmarc/discovery.cpp - see discovery.hpp.
#include "auth/dmarc/discovery.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace ptarmigan::dmarc {
namespace {

using dns::DomainName;

/// A walk of a name with this many labels or more skips down to one less (RFC 9989#4.10).
constexpr std::size_t longest_walked_labels = 8;

/// The names of the whole walk; nothing for the root.
std::vector<DomainName> walked_names(const DomainName& start) {
  std::vector<DomainName> names;
  if (start.is_root()) return names;
  names.push_back(start);
  std::size_t labels = start.label_count();
  labels = labels >= longest_walked_labels ? longest_walked_labels - 1 : labels - 1;
  for (; labels > 0; --labels) names.push_back(start.last_labels(labels));
  return names;
}

WalkStep step_of(const DomainName& name, const Answer& answer) {
  WalkStep step;
  step.name = name;
  step.status = answer.status;
  step.aliased = !answer.aliases.empty();
  for (const auto& published : answer.records) {
    const auto* const txt = std::get_if<dns::Txt>(&published.data);
    if (txt == nullptr) continue;
    auto text = txt->joined();
    auto record = Record::parse(text);
    if (!record) continue;
    if (++step.records == 1) {
      step.text = std::move(text);
      step.record = *std::move(record);
    }
  }
  if (step.records > 1) {
    step.text.clear();
    step.record.reset();
  }
  return step;
}

bool ends_walk(const WalkStep& step) {
  return step.record && step.record->psd != Psd::undetermined;
}

bool temporary(AnswerStatus status) {
  return status == AnswerStatus::failed || status == AnswerStatus::timed_out;
}

/// The author domain as a name, long labels cut off from the left; nothing where there is none.
std::optional<DomainName> author_name(std::string_view text, bool& exact) {
  exact = true;
  if (text.starts_with('[')) return std::nullopt;
  while (!text.empty()) {
    const auto dot = text.find('.');
    const bool too_long = std::min(dot, text.size()) > dns::max_label_octets || text.size() > dns::max_name_text + 1;
    if (auto name = DomainName::from_unicode(text)) {
      if (name->is_root()) return std::nullopt;
      return *std::move(name);
    }
    if (!too_long || dot == std::string_view::npos) return std::nullopt;
    exact = false;
    text.remove_prefix(dot + 1);
  }
  return std::nullopt;
}

/// The records at `names`, asked for together, up to the first that ends a walk.
Known<Walk> look_up(const DomainName& start, const std::vector<DomainName>& names, const Facts& facts) {
  Walk walk{start, {}};
  Gather gather(facts);
  for (const auto& name : names) {
    const auto asked = name.prefixed("_dmarc");
    if (!asked) {  // the name alone fills 253 octets: nothing can be published there
      walk.steps.push_back({.name = name});
      continue;
    }
    const Answer* answer = gather.ask({*asked, dns::RecordType::txt});
    if (answer == nullptr || gather.lacks()) continue;
    walk.steps.push_back(step_of(name, *answer));
    if (ends_walk(walk.steps.back())) return walk;
  }
  if (gather.lacks()) return gather.need();
  return walk;
}

/// The author domain and, where it is another, its registered domain (RFC 7489#6.6.3).
std::vector<DomainName> listed_names(const DomainName& author, const DomainName& organization) {
  if (author == organization) return {author};
  return {author, organization};
}

enum class Existence : std::uint8_t { exists, absent, unknown };

/// Does the author domain exist (RFC 8020#2)? Nothing where an answer is missing, which is then noted in `gather`.
std::optional<Existence> author_exists(const Discovery& discovery, Gather& gather) {
  if (!discovery.author_is_exact) return Existence::absent;
  const auto& first = discovery.walk.steps.front();
  // What exists below a name makes the name exist.
  if (first.status == AnswerStatus::found || first.status == AnswerStatus::no_data || first.aliased)
    return Existence::exists;
  const Answer* answer = gather.ask({discovery.author, dns::RecordType::a});
  if (answer == nullptr) return std::nullopt;
  if (answer->temporary()) return Existence::unknown;
  return answer->status == AnswerStatus::no_such_name && answer->aliases.empty() ? Existence::absent
                                                                                 : Existence::exists;
}

Policy weakened(Policy policy) {
  return policy == Policy::reject ? Policy::quarantine : Policy::none;
}

/// Whose record applies (RFC 9989#4.10.1); nullptr where there is none.
const WalkStep* applied_step(const Discovery& discovery, PolicySource& source) {
  const auto& steps = discovery.walk.steps;
  source = PolicySource::author;
  if (discovery.author_is_exact && steps.front().records > 0) return &steps.front();
  const auto with_record = [&](const auto& wanted) {
    const auto found = std::ranges::find_if(steps, [&](const WalkStep& step) { return step.record && wanted(step); });
    return found == steps.end() ? nullptr : &*found;
  };
  source = PolicySource::organizational;
  if (const auto* step = with_record([&](const auto& s) { return s.name == discovery.organizational_domain; }))
    return step;
  source = PolicySource::public_suffix;
  return with_record([](const auto& s) { return s.record->psd == Psd::yes; });
}

/// Chooses among p, sp and np. False where an answer is missing.
bool choose_policy(Discovery& discovery, AppliedPolicy& applied, Gather& gather) {
  const auto& record = applied.record;
  if (record.usability == Usability::as_none) {
    applied.tag = PolicyTag::fallback;
    applied.published = Policy::none;
  } else if (applied.source == PolicySource::author) {
    applied.tag = PolicyTag::p;
    applied.published = *record.p;
  } else {
    const auto subdomain = record.sp.value_or(*record.p);
    applied.tag = record.sp ? PolicyTag::sp : PolicyTag::p;
    applied.published = subdomain;
    if (record.np) {
      const auto existence = author_exists(discovery, gather);
      if (!existence) return false;
      if (*existence == Existence::absent || (*existence == Existence::unknown && *record.np < subdomain)) {
        applied.tag = PolicyTag::np;
        applied.published = *record.np;
      }
      discovery.existence_unknown = *existence == Existence::unknown && *record.np != subdomain;
    }
  }
  applied.effective = record.test_mode == TestMode::on ? weakened(applied.published) : applied.published;
  return true;
}

std::string policy_reason(const Discovery& discovery, const AppliedPolicy& applied) {
  std::string reason = std::string(to_string(applied.published));
  if (applied.tag == PolicyTag::fallback) {
    reason += " since the record at " + applied.domain.text() + " has no valid policy but a report address";
  } else {
    reason += " by tag " + std::string(to_string(applied.tag)) + " of the " + std::string(to_string(applied.source)) +
              " domain's record at " + applied.domain.text();
  }
  if (applied.effective != applied.published)
    reason += ", in test mode handled as " + std::string(to_string(applied.effective));
  if (discovery.existence_unknown) reason += "; whether the author domain exists could not be looked up";
  return reason;
}

}  // namespace

const WalkStep* Walk::failed_step() const {
  const auto found = std::ranges::find_if(steps, [](const WalkStep& step) { return temporary(step.status); });
  return found == steps.end() ? nullptr : &*found;
}

std::optional<DomainName> Walk::organizational_domain() const {
  if (failed_step() != nullptr) return std::nullopt;
  const WalkStep* highest = nullptr;
  for (const auto& step : steps) {
    if (!step.record) continue;
    if (step.record->psd == Psd::no) return step.name;
    if (step.record->psd == Psd::yes && step.name != start) return start.last_labels(step.name.label_count() + 1);
    highest = &step;
  }
  return highest == nullptr ? start : highest->name;
}

Known<Walk> walk_tree(const DomainName& start, const Facts& facts) {
  return look_up(start, walked_names(start), facts);
}

std::string_view to_string(PolicySource source) {
  switch (source) {
    case PolicySource::author: return "author";
    case PolicySource::organizational: return "organizational";
    case PolicySource::public_suffix: return "public suffix";
  }
  return "";
}

std::string_view to_string(PolicyTag tag) {
  switch (tag) {
    case PolicyTag::p: return "p";
    case PolicyTag::sp: return "sp";
    case PolicyTag::np: return "np";
    case PolicyTag::fallback: return "none";
  }
  return "";
}

Known<Discovery> discover_policy(std::string_view author_domain, const Facts& facts, Method method) {
  Discovery discovery;
  auto author = author_name(author_domain, discovery.author_is_exact);
  if (!author) {
    discovery.reason = "'" + printable(author_domain, 80) + "' is not a domain name";
    return discovery;
  }
  discovery.author = *std::move(author);
  const auto listed = method.public_suffixes == nullptr
                          ? std::nullopt
                          : std::optional(registered_domain(discovery.author, *method.public_suffixes));
  auto walked = listed ? look_up(discovery.author, listed_names(discovery.author, *listed), facts)
                       : walk_tree(discovery.author, facts);
  if (!walked.known()) return walked.need();
  discovery.walk = std::move(walked).value();
  discovery.organizational_domain = listed ? listed : discovery.walk.organizational_domain();

  const auto& first = discovery.walk.steps.front();
  const auto* const failed = discovery.walk.failed_step();
  const bool decided_at_author = discovery.author_is_exact && first.records > 0;
  if (failed != nullptr && !decided_at_author) {
    discovery.outcome = Discovered::temperror;
    discovery.reason = "the query _dmarc." + failed->name.text() + " TXT " +
                       (failed->status == AnswerStatus::timed_out ? "was not answered in time" : "failed");
    return discovery;
  }
  AppliedPolicy applied;
  const auto* const step = applied_step(discovery, applied.source);
  if (step == nullptr) {
    discovery.reason = "there is no DMARC record for " + discovery.author.text();
    return discovery;
  }
  applied.domain = step->name;
  if (!step->record) {
    discovery.reason = "there are " + std::to_string(step->records) + " DMARC records at _dmarc." + step->name.text();
    return discovery;
  }
  applied.record = *step->record;
  applied.text = step->text;
  if (applied.record.usability == Usability::no_policy) {
    discovery.reason = "the record at _dmarc." + step->name.text() + " has neither a valid policy nor a report address";
    return discovery;
  }
  Gather gather(facts);
  if (!choose_policy(discovery, applied, gather)) return gather.need();
  discovery.outcome = Discovered::policy;
  discovery.reason = policy_reason(discovery, applied);
  discovery.policy = std::move(applied);
  return discovery;
}

}  // namespace ptarmigan::dmarc
