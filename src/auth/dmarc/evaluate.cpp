// auth/dmarc/evaluate.cpp - see evaluate.hpp.
#include "auth/dmarc/evaluate.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace ptarmigan::dmarc {
namespace {

using dns::DomainName;

/// True where a tree walk of `identifier` could find the author's organizational domain: it must lie at or below it,
/// or, where that is not known, share the top-level domain.
bool may_align(const DomainName& identifier, const Discovery& discovery) {
  if (!discovery.organizational_domain) return identifier.is_at_or_below(discovery.author.last_labels(1));
  return identifier.is_at_or_below(*discovery.organizational_domain);
}

bool is_author(const DomainName& identifier, const Discovery& discovery) {
  return discovery.author_is_exact && identifier == discovery.author;
}

/// Judges every identifier that matters, within the budget of walks.
class Aligner {
 public:
  Aligner(const Discovery& discovery, Method method, const Facts& facts, Gather& gather)
      : discovery_(discovery), method_(method), facts_(facts), gather_(gather) {}

  Alignment align(const Identifier& identifier, AlignmentMode mode) {
    if (identifier.outcome == Authenticated::fail) return Alignment::not_aligned;
    if (needs_walk(identifier.domain, mode) && !within_budget(identifier.domain)) return Alignment::unknown;
    const auto judged = dmarc::align(identifier.domain, discovery_, mode, facts_, method_);
    const auto* const known = gather_.take(judged);
    return known == nullptr ? Alignment::unknown : *known;
  }

 private:
  [[nodiscard]] bool needs_walk(const DomainName& identifier, AlignmentMode mode) const {
    return method_.public_suffixes == nullptr && mode == AlignmentMode::relaxed && !is_author(identifier, discovery_) &&
           may_align(identifier, discovery_);
  }
  bool within_budget(const DomainName& identifier) {
    if (std::ranges::find(walked_, identifier) != walked_.end()) return true;
    if (walked_.size() == max_identifier_walks) return false;
    walked_.push_back(identifier);
    return true;
  }

  const Discovery& discovery_;
  Method method_;
  const Facts& facts_;
  Gather& gather_;
  std::vector<DomainName> walked_;
};

/// The one author domain; nothing with a reason where From has none or several.
std::optional<std::string> single_author(const std::vector<std::string>& domains, std::string& reason) {
  if (domains.empty()) {
    reason = "From holds no address";
    return std::nullopt;
  }
  const auto normal = [](const std::string& text) {
    const auto name = DomainName::from_unicode(text);
    return name ? name->text() : to_lower(text);
  };
  const auto first = normal(domains.front());
  for (const auto& domain : domains) {
    if (normal(domain) != first) {
      reason = "From holds several domains: " + printable(domains.front(), 80) + " and " + printable(domain, 80);
      return std::nullopt;
    }
  }
  return domains.front();
}

void conclude(Result& result, const Query& query) {
  const bool spf_pass = query.spf && query.spf->outcome == Authenticated::pass;
  result.spf_aligned = spf_pass && result.spf == Alignment::aligned;
  const Identifier* aligned_signature = nullptr;
  bool unsettled = query.spf && (result.spf == Alignment::unknown ||
                                 (result.spf == Alignment::aligned && query.spf->outcome == Authenticated::temperror));
  for (std::size_t i = 0; i < query.dkim.size(); ++i) {
    const auto& signature = query.dkim[i];
    if (signature.outcome == Authenticated::pass && result.dkim[i] == Alignment::aligned &&
        aligned_signature == nullptr)
      aligned_signature = &signature;
    unsettled |= result.dkim[i] == Alignment::unknown ||
                 (result.dkim[i] == Alignment::aligned && signature.outcome == Authenticated::temperror);
  }
  result.dkim_aligned = aligned_signature != nullptr;
  if (result.spf_aligned || result.dkim_aligned) {
    result.outcome = Outcome::pass;
    result.reason = "aligned: ";
    if (result.dkim_aligned) result.reason += "DKIM " + aligned_signature->domain.text();
    if (result.spf_aligned) result.reason += (result.dkim_aligned ? " and SPF " : "SPF ") + query.spf->domain.text();
  } else if (unsettled) {
    result.outcome = Outcome::temperror;
    result.reason = "an identifier that may be aligned could not be judged now";
  } else if (result.discovery.existence_unknown) {
    result.outcome = Outcome::temperror;
    result.reason = "nothing is aligned, and whether the author domain exists could not be looked up";
  } else {
    result.outcome = Outcome::fail;
    result.reason = "neither SPF nor DKIM passed for an aligned domain";
  }
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::none: return "none";
    case Outcome::pass: return "pass";
    case Outcome::fail: return "fail";
    case Outcome::temperror: return "temperror";
    case Outcome::permerror: return "permerror";
  }
  return "";
}

std::string_view to_string(Alignment alignment) {
  switch (alignment) {
    case Alignment::aligned: return "aligned";
    case Alignment::not_aligned: return "not aligned";
    case Alignment::unknown: return "unknown";
  }
  return "";
}

Policy Result::disposition() const {
  return outcome == Outcome::fail && discovery.policy ? discovery.policy->effective : Policy::none;
}

Known<Alignment> align(const DomainName& identifier, const Discovery& discovery, AlignmentMode mode, const Facts& facts,
                       Method method) {
  if (is_author(identifier, discovery)) return Alignment::aligned;
  if (mode == AlignmentMode::strict || !may_align(identifier, discovery)) return Alignment::not_aligned;
  if (!discovery.organizational_domain) return Alignment::unknown;
  if (method.public_suffixes != nullptr)
    return registered_domain(identifier, *method.public_suffixes) == discovery.organizational_domain
               ? Alignment::aligned
               : Alignment::not_aligned;
  auto walked = walk_tree(identifier, facts);
  if (!walked.known()) return walked.need();
  const auto organization = walked->organizational_domain();
  if (!organization) return Alignment::unknown;
  return organization == discovery.organizational_domain ? Alignment::aligned : Alignment::not_aligned;
}

Known<Result> evaluate(const Query& query, const Facts& facts) {
  Result result;
  result.dkim.resize(query.dkim.size(), Alignment::not_aligned);
  const auto author = single_author(query.author_domains, result.reason);
  if (!author) {
    result.outcome = Outcome::permerror;
    return result;
  }
  auto discovered = discover_policy(*author, facts, query.method);
  if (!discovered.known()) return discovered.need();
  result.discovery = std::move(discovered).value();
  result.reason = result.discovery.reason;
  switch (result.discovery.outcome) {
    case Discovered::none: return result;
    case Discovered::temperror: result.outcome = Outcome::temperror; return result;
    case Discovered::policy: break;
  }
  const auto& record = result.discovery.policy->record;
  Gather gather(facts);
  Aligner aligner(result.discovery, query.method, facts, gather);
  for (std::size_t i = 0; i < query.dkim.size(); ++i) result.dkim[i] = aligner.align(query.dkim[i], record.adkim);
  if (query.spf) result.spf = aligner.align(*query.spf, record.aspf);
  if (gather.lacks()) return gather.need();
  conclude(result, query);
  return result;
}

}  // namespace ptarmigan::dmarc
