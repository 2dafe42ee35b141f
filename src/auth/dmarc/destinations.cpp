// auth/dmarc/destinations.cpp - see destinations.hpp.
#include "auth/dmarc/destinations.hpp"

#include <algorithm>
#include <optional>

#include "auth/dmarc/discovery.hpp"
#include "base/text.hpp"

namespace ptarmigan::dmarc {
namespace {

using dns::DomainName;

/// Addresses of `uris` at `host`.
std::vector<std::string> addresses_at(const std::vector<ReportUri>& uris, const DomainName& host) {
  std::vector<std::string> out;
  for (const auto& uri : uris)
    if (!uri.address.empty() && uri.domain == host) out.push_back(uri.address);
  return out;
}

/// From the records at the permission's name.
void read_permission(Destination& destination, const Answer& answer) {
  for (const auto& txt : answer.all<dns::Txt>()) {
    const auto record = Record::parse(txt.joined());
    if (!record) continue;
    destination.permission = Permission::granted;
    if (destination.addresses.empty()) destination.addresses = addresses_at(record->rua, destination.uri.domain);
  }
  if (destination.permission == Permission::granted && destination.addresses.empty())
    destination.addresses = {destination.uri.address};
}

class Checker {
 public:
  Checker(const DomainName& policy_domain, const Facts& facts)
      : policy_domain_(policy_domain), facts_(facts), gather_(facts) {}

  Known<std::vector<Destination>> check(const std::vector<ReportUri>& uris) {
    std::vector<Destination> out;
    for (const auto& uri : uris) out.push_back(check_one(uri));
    if (gather_.lacks()) return gather_.need();
    return out;
  }

 private:
  Destination check_one(const ReportUri& uri) {
    Destination destination{.uri = uri, .addresses = {}, .permission_name = {}};
    if (uri.address.empty()) {
      destination.permission = Permission::not_mailto;
      return destination;
    }
    const auto own = is_own(uri.domain);
    if (own == true) {
      destination.permission = Permission::own;
      destination.addresses = {uri.address};
      return destination;
    }
    const auto name = DomainName::parse(policy_domain_.text() + "._report._dmarc." + uri.domain.text());
    if (!name) return destination;
    destination.permission_name = *name;
    const Answer* answer = gather_.ask({*name, dns::RecordType::txt});
    if (answer == nullptr) return destination;
    read_permission(destination, *answer);
    if (destination.permission == Permission::refused && (answer->temporary() || !own))
      destination.permission = Permission::temperror;
    return destination;
  }

  /// Nothing where an organization could not be looked up, or is not known yet.
  std::optional<bool> is_own(const DomainName& host) {
    if (host == policy_domain_) return true;
    const auto ours = organization(policy_domain_);
    const auto theirs = organization(host);
    if (!ours || !theirs) return std::nullopt;
    return *ours == *theirs;
  }
  std::optional<DomainName> organization(const DomainName& domain) {
    const auto judged = walk_tree(domain, facts_);
    const auto* const walk = gather_.take(judged);
    if (walk == nullptr) return std::nullopt;
    return walk->organizational_domain();
  }

  const DomainName& policy_domain_;
  const Facts& facts_;
  Gather gather_;
};

}  // namespace

std::string_view to_string(Permission permission) {
  switch (permission) {
    case Permission::own: return "own";
    case Permission::granted: return "granted";
    case Permission::refused: return "refused";
    case Permission::temperror: return "temperror";
    case Permission::not_mailto: return "not mailto";
  }
  return "";
}

Known<std::vector<Destination>> check_destinations(const DomainName& policy_domain, const std::vector<ReportUri>& uris,
                                                   const Facts& facts) {
  return Checker(policy_domain, facts).check(uris);
}

std::vector<std::string> report_addresses(const std::vector<Destination>& destinations) {
  std::vector<std::string> out;
  for (const auto& destination : destinations)
    for (const auto& address : destination.addresses) {
      const bool known = std::ranges::any_of(out, [&](const auto& one) { return iequals(one, address); });
      if (!known && out.size() < max_report_addresses) out.push_back(address);
    }
  return out;
}

}  // namespace ptarmigan::dmarc
