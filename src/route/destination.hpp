// route/destination.hpp - where mail for a domain goes: its MX hosts with their addresses (RFC 5321#5.1), and the site
// that they are. Limits: the first 20 MX hosts by preference. Threads: free functions on values.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "facts/facts.hpp"
#include "rulebook/registry.hpp"
#include "tls/hop_policy.hpp"

namespace ptarmigan::route {

/// Hosts beyond these are not tried; no domain needs more, and each costs two questions.
inline constexpr std::size_t max_mx_hosts = 20;

/// Those who decide together: all domains behind the same MX hosts, or behind one receiver's, are one site. Connections
/// are shared, standing is kept, and pace is measured for each site.
struct Site {
  std::string key;                               ///< "gmail", or the MX host names joined by ","
  const rulebook::Receiver* receiver = nullptr;  ///< whose rules are known; nullptr for any other site
  friend bool operator==(const Site& a, const Site& b) { return a.key == b.key; }
};

/// One address of one MX host.
struct Target {
  dns::DomainName host;
  IpAddress address;
  /// What TLS the host must have; none: as offered. Decided at the edge, for it may need a file fetched.
  std::shared_ptr<const tls::HopPolicy> hop = {};
  friend bool operator==(const Target&, const Target&) = default;
};

struct Destination {
  enum class Status {
    found,
    null_mx,         ///< takes no mail (RFC 7505#3): 556 5.1.10
    no_such_domain,  ///< neither MX nor address, or no such name: 550 5.1.2
    try_later,       ///< DNS failed or timed out: 451 4.4.3
  };
  Status status = Status::try_later;
  Site site;
  std::vector<Target> targets;  ///< by preference; of one host the IPv6 addresses first, as answered
  std::string why;              ///< one sentence where not found
};

/// The site of these MX hosts.
[[nodiscard]] Site site_of(const std::vector<dns::DomainName>& hosts);

[[nodiscard]] Known<Destination> find_destination(const dns::DomainName& domain, const Facts& facts);

/// Takes out what would come back to us: the first target at which this server itself listens, and all that are not
/// preferred to it (RFC 5321#5.1). Where nothing is left the destination is no_such_domain.
void drop_own(Destination& destination, const std::vector<IpAddress>& own);

/// The destination of an address literal (RFC 5321#4.1.3): that address alone.
[[nodiscard]] Destination literal_destination(const IpAddress& address);

}  // namespace ptarmigan::route
