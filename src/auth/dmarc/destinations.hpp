// auth/dmarc/destinations.hpp - may DMARC reports about one domain be sent to addresses in another (RFC 9990#4)?
// A destination in the policy domain's own organization needs no permission; any other must publish a record that
// begins with v=DMARC1 at <policy domain>._report._dmarc.<destination host>, which may name another address at the same
// host. Pure: all destinations are asked for together. Errors: none. Threads: free functions on values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "auth/dmarc/record.hpp"
#include "facts/facts.hpp"

namespace ptarmigan::dmarc {

enum class Permission : std::uint8_t {
  own,         ///< same organization
  granted,     ///< the destination's owner publishes the permission
  refused,     ///< there is none
  temperror,   ///< it could not be looked up now
  not_mailto,  ///< no address: no report is sent
};
[[nodiscard]] std::string_view to_string(Permission permission);

struct Destination {
  ReportUri uri;  ///< as published
  Permission permission = Permission::refused;
  /// Where reports go: `uri`'s address, or what the destination's owner put in its place; empty unless own or granted.
  std::vector<std::string> addresses;
  /// The name to publish the permission at; the root where none is needed.
  dns::DomainName permission_name;
  friend bool operator==(const Destination&, const Destination&) = default;
};

/// For each of `uris`, in order. `policy_domain` is where the policy record was found.
[[nodiscard]] Known<std::vector<Destination>> check_destinations(const dns::DomainName& policy_domain,
                                                                 const std::vector<ReportUri>& uris,
                                                                 const Facts& facts);

/// A report goes to no more addresses than this, however many the record names: a published record must not become a
/// way to flood somebody (RFC 9990#4).
inline constexpr std::size_t max_report_addresses = 10;

/// Where a report is to be sent: the permitted addresses, each once, in order, at most max_report_addresses.
[[nodiscard]] std::vector<std::string> report_addresses(const std::vector<Destination>& destinations);

}  // namespace ptarmigan::dmarc
