// route/destination.cpp - see destination.hpp.
#include "route/destination.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace ptarmigan::route {
namespace {

using dns::RecordType;

Destination without(Destination::Status status, std::string why) {
  return {.status = status, .site = {}, .targets = {}, .why = std::move(why)};
}

/// Appends a host's addresses; notes what is missing. Returns true where an address question failed for now.
bool add_addresses(const dns::DomainName& host, Gather& gather, std::vector<Target>& targets) {
  const Answer* v6 = gather.ask({host, RecordType::aaaa});
  const Answer* v4 = gather.ask({host, RecordType::a});
  for (const auto* answer : {v6, v4}) {
    if (answer == nullptr) continue;
    for (const auto& address : answer->all<IpAddress>())
      targets.push_back({.host = host, .address = address.unmapped()});
  }
  return (v6 != nullptr && v6->temporary()) || (v4 != nullptr && v4->temporary());
}

/// MX hosts by preference, of equal preference by name: the caller may shuffle equals.
std::vector<dns::DomainName> hosts_of(const Answer& mx_answer) {
  auto records = mx_answer.all<dns::Mx>();
  std::ranges::sort(records);
  std::vector<dns::DomainName> hosts;
  for (const auto& mx : records)
    if (!mx.exchange.is_root() && std::ranges::find(hosts, mx.exchange) == hosts.end()) hosts.push_back(mx.exchange);
  if (hosts.size() > max_mx_hosts) hosts.resize(max_mx_hosts);
  return hosts;
}

}  // namespace

Site site_of(const std::vector<dns::DomainName>& hosts) {
  for (const auto& host : hosts)
    if (const auto* receiver = rulebook::receiver_of_mx(host)) return {std::string(receiver->id), receiver};
  std::vector<std::string> names;
  for (const auto& host : hosts) names.push_back(host.text());
  std::ranges::sort(names);
  return {join(names, ","), nullptr};
}

Known<Destination> find_destination(const dns::DomainName& domain, const Facts& facts) {
  using Status = Destination::Status;
  Gather gather(facts);
  const Answer* mx = gather.ask({domain, RecordType::mx});
  if (mx == nullptr) return gather.need();
  if (mx->temporary())
    return without(Status::try_later, "the MX records of " + domain.text() +
                                          " could not be looked up: " + std::string(to_string(mx->status)));
  if (mx->status == AnswerStatus::no_such_name)
    return without(Status::no_such_domain, "the domain " + domain.text() + " does not exist");

  std::vector<dns::DomainName> hosts = hosts_of(*mx);
  if (mx->found() && hosts.empty())
    return without(Status::null_mx, "the domain " + domain.text() + " takes no mail (null MX)");
  if (hosts.empty()) hosts.push_back(domain);  // the implicit MX

  Destination destination{.status = Status::found, .site = site_of(hosts), .targets = {}, .why = {}};
  bool failed_for_now = false;
  for (const auto& host : hosts) failed_for_now |= add_addresses(host, gather, destination.targets);
  if (gather.lacks()) return gather.need();
  if (!destination.targets.empty()) return destination;
  if (failed_for_now)
    return without(Status::try_later, "the addresses of " + domain.text() + "'s mail hosts could not be looked up");
  return without(Status::no_such_domain, mx->found()
                                             ? "no MX host of " + domain.text() + " has an address"
                                             : "the domain " + domain.text() + " has neither MX nor address records");
}

void drop_own(Destination& destination, const std::vector<IpAddress>& own) {
  const auto first = std::ranges::find_if(
      destination.targets, [&](const Target& target) { return std::ranges::find(own, target.address) != own.end(); });
  if (first == destination.targets.end()) return;
  const auto own_host = first->host;
  // Targets of one host stand together, IPv6 first: the whole host is this server.
  const auto begin = std::ranges::find(destination.targets, own_host, &Target::host);
  destination.targets.erase(begin, destination.targets.end());
  if (!destination.targets.empty()) return;
  destination.status = Destination::Status::no_such_domain;
  destination.why = "its mail host " + own_host.text() + " is this server itself, which keeps no mail";
}

Destination literal_destination(const IpAddress& address) {
  return {.status = Destination::Status::found,
          .site = {address.literal(), nullptr},
          .targets = {{.host = dns::DomainName(), .address = address}},
          .why = {}};
}

}  // namespace ptarmigan::route
