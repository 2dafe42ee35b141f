// auth/dmarc/public_suffix.cpp - see public_suffix.hpp.
#include "auth/dmarc/public_suffix.hpp"

#include "base/text.hpp"

namespace ptarmigan::dmarc {

using dns::DomainName;

ptarmigan::Result<PublicSuffixList> PublicSuffixList::parse(std::string_view text) {
  PublicSuffixList list;
  std::size_t number = 0;
  for (std::string_view line : split(text, '\n')) {
    ++number;
    line = trim(line.substr(0, line.find_first_of(" \t\r")));
    if (line.empty() || line.starts_with("//")) continue;
    const bool exception = line.starts_with('!');
    if (exception) line.remove_prefix(1);
    const bool wildcard = line.starts_with("*.");
    if (wildcard) line.remove_prefix(2);
    const auto name = DomainName::from_unicode(line);
    if (!name) return failure("line " + std::to_string(number) + " of the public suffix list: " + name.error().message);
    auto& rule = list.rules_[*name];
    rule.exception |= exception;
    rule.wildcard |= wildcard;
    rule.suffix |= !exception && !wildcard;
  }
  return list;
}

PublicSuffixList::Rule PublicSuffixList::rule(const DomainName& name) const {
  const auto found = rules_.find(name);
  return found == rules_.end() ? Rule{} : found->second;
}

DomainName PublicSuffixList::public_suffix(const DomainName& name) const {
  // The longest rule wins, and an exception is longer than the wildcard that it is from.
  for (DomainName candidate = name; !candidate.is_root(); candidate = candidate.parent()) {
    const auto found = rule(candidate);
    if (found.exception) return candidate.parent();
    if (found.suffix || rule(candidate.parent()).wildcard) return candidate;
  }
  return name.last_labels(1);
}

std::optional<DomainName> PublicSuffixList::organizational_domain(const DomainName& name) const {
  const auto suffix = public_suffix(name);
  if (suffix == name) return std::nullopt;
  return name.last_labels(suffix.label_count() + 1);
}

DomainName registered_domain(const DomainName& name, const PublicSuffixList& list) {
  return list.organizational_domain(name).value_or(name);
}

}  // namespace ptarmigan::dmarc
